"""Packages of the system (Debian, Ubuntu): installed where that is allowed. Standard library alone."""

import os
import shutil
import subprocess

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def installed(packages):
    """Whether apt-get installed the packages; False at once for anyone but root, or without apt-get."""
    if os.name != "posix" or os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    install = ["install", "-y", "--no-install-recommends", *packages]
    return apt_get(*install) or (apt_get("update") and apt_get(*install))


def apt_get(*arguments):
    """Whether an apt-get command went well; it asks nothing and says nothing but errors."""
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "-qq", *arguments]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    return subprocess.run(command, env=environ, check=False, **quiet).returncode == 0


def browser():
    """The path of the system's Chromium (or Chrome), None when there is none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)

"""Settings: what is missing, weak or contradictory stops the start with a sentence."""

import re
from pathlib import Path

import pytest

from admin_app.config import Settings, settings_table
from tests.test_shape import LEANS_ON, sources

GOOD = "0123456789abcdef0123456789abcdef"
READ = re.compile(r"""environ(?:\.get\(|\[)\"([A-Z_]+)\"""")
# What one program of ours tells the next, and WSGI's own.
UNSET = {"KHET_NOW_SINCE", "KHET_BENCH_DATA", "PYTHONPATH", "REQUEST_METHOD", "HTTP_HOST"}


@pytest.fixture
def environ(tmp_path):
    """An environment that is good enough to start with."""
    (tmp_path / "audit.key").write_text(GOOD)
    return {
        "MONGODB_URI": "mongodb://127.0.0.1/khet",
        "SECRET_KEY": GOOD,
        "KHET_AUDIT_KEY_FILE": str(tmp_path / "audit.key"),
    }


def test_a_good_environment_makes_settings_for_production(environ):
    settings = Settings.from_environment(environ)
    assert (settings.env, settings.debug, settings.trusted_proxies) == ("production", False, 0)
    assert settings.data == Path("var").resolve()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MONGODB_URI", ""),
        ("SECRET_KEY", ""),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "a" * 64),
        ("SECRET_KEY", "changeme-0123456789abcdef0123456789"),
        ("KHET_AUDIT_KEY_FILE", "/nowhere/audit.key"),
        ("KHET_PUBLIC_URL", "khet.go.th"),
        ("KHET_PUBLIC_URL", ","),
        ("KHET_TRUSTED_PROXIES", "-1"),
        ("KHET_ENV", "staging"),
        ("FLASK_DEBUG", "1"),
    ],
)
def test_a_bad_setting_is_refused_by_its_name(environ, name, value):
    with pytest.raises(RuntimeError, match=r"SECRET_KEY|MONGODB_URI|audit.key|KHET_|FLASK_DEBUG"):
        Settings.from_environment({**environ, name: value})


def test_debug_is_for_development(environ):
    assert Settings.from_environment({**environ, "FLASK_DEBUG": "1", "KHET_ENV": "development"}).debug


def test_the_public_addresses_decide_hosts_and_secure_cookies(environ):
    public = {"KHET_PUBLIC_URL": "https://khet.example.go.th/, https://10.0.0.5:8443"}
    settings = Settings.from_environment({**environ, **public})
    assert settings.hosts == {"khet.example.go.th", "10.0.0.5"}
    assert settings.secure
    assert settings.public_url == "https://khet.example.go.th"


def test_one_loopback_name_stands_for_all(environ):
    assert Settings.from_environment(environ).hosts == {"localhost", "127.0.0.1", "::1"}


def test_secrets_do_not_show_when_settings_are_printed(environ):
    assert GOOD not in repr(Settings.from_environment(environ))


def test_the_table_tells_of_every_variable_that_is_read():
    read = {name for _, text in sources(*LEANS_ON, "scripts") for name in READ.findall(text)}
    assert "KHET_BACKUP_PASSPHRASE" in read
    assert {name for name in read - UNSET if name not in settings_table()} == set()


@pytest.mark.parametrize("value", ["0", "-1", "inf", "nan", "สอง"])
def test_how_long_a_request_may_take_is_a_number_of_seconds(environ, value):
    assert Settings.from_environment({**environ, "KHET_SLOW_SECONDS": "0.5"}).slow_seconds == 0.5
    with pytest.raises(RuntimeError, match="KHET_SLOW_SECONDS"):
        Settings.from_environment({**environ, "KHET_SLOW_SECONDS": value})

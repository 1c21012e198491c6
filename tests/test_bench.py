"""scripts/bench: every operation of the contract beside its peers, on a small district of its own."""

import json
import os
import subprocess
import sys

import pytest

from scripts.environment import ROOT

NAMES = {
    "page_first", "page_filtered", "page_deep", "search_round", "save", "bulk_save_1000", "lock_round", "import_50k",
    "export_50k", "carry_over", "likely_same", "scan_duplicates",
    "growth_page_first", "growth_page_filtered", "growth_page_deep", "growth_search_round",
}  # fmt: skip
COLUMNS = ["name", "rows", "seconds", "peer", "peer_seconds", "ratio", "peak_mb"]


def bench(*arguments):
    """Run the program with this environment's Python."""
    command = [sys.executable, "-P", "-m", "scripts.benching.program", *arguments]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, env=environ, check=False)


def test_every_operation_is_measured_beside_its_peers(tmp_path):
    target = tmp_path / "bench.json"
    done = bench("--students", "300", "--pairs", "1", "--json", str(target))
    assert done.returncode == 0, done.stderr
    told = json.loads(target.read_text("utf-8"))
    assert list(told) == ["machine", "date", "version", "students", "operations"]
    assert told["students"] == 300
    rows = told["operations"]
    assert {row["name"] for row in rows} == NAMES
    assert len([row for row in rows if row["name"] in ("save", "bulk_save_1000", "export_50k")]) == 7
    for row in rows:
        assert list(row) == COLUMNS
        assert row["rows"] > 0
        assert row["seconds"] > 0
        assert row["peak_mb"] > 50
        assert row["ratio"] == pytest.approx(row["seconds"] / row["peer_seconds"], rel=0.01, abs=0.01)
        assert f"{row['ratio']:.3f}" in done.stdout
    assert {row["peer"] for row in rows if row["name"].startswith("growth_")} == {"Khet, 300 pupils"}


def test_memory_of_long_work_is_measured_up_to_an_area_ten_times_as_large(tmp_path):
    target = tmp_path / "memory.json"
    done = bench("--students", "300", "--memory", "--json", str(target))
    assert done.returncode == 0, done.stderr
    told = json.loads(target.read_text("utf-8"))
    assert told["operations"] == []
    rows = {(row["name"], row["rows"]) for row in told["memory"]}
    assert {("export", 300), ("export", 3000), ("import", 300)} < rows
    for row in told["memory"]:
        assert row["seconds"] > 0
        assert row["peak_mb"] >= row["idle_mb"] > 50
        assert f"{row['peak_mb'] - row['idle_mb']:.0f}" in done.stdout


def test_help_tells_the_options_in_both_languages():
    told = bench("--help").stdout
    assert "--students" in told
    assert "--json" in told
    assert "วัดความเร็ว" in told
    assert "beside plain Flask-Admin" in told

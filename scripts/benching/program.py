"""What scripts/bench becomes: load the records, measure side by side, print the table, write the JSON."""

import json
import os
import platform
import statistics
from contextlib import ExitStack
from pathlib import Path

import click

from documents import clock
from documents.version import VERSION
from scripts.benching import records
from scripts.benching.ground import ALL, LARGE, TENTH, Side, folder_of, load, started
from scripts.benching.operations import HELD, OPERATIONS
from scripts.environment import say
from scripts.folder import CannotStart

DATABASES = {"khet": ALL, "plain": ALL, "tenth": TENTH}  # of each side


@click.command(context_settings={"help_option_names": ["-h", "--help"], "terminal_width": 110})
@click.option(
    "--students",
    type=click.IntRange(min=200),
    default=1_000_000,
    show_default=True,
    metavar="N",
    help="จำนวนนักเรียนสมมติ เขตละ 50,000 คน (made-up pupils, 50,000 an area)",
)
@click.option(
    "--json",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="เขียนผลเป็น JSON ลงแฟ้มนี้ (write the results to this file)",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="โฟลเดอร์ข้อมูลที่เก็บไว้ใช้ครั้งต่อไป ถ้าไม่ระบุใช้โฟลเดอร์ชั่วคราว (keep the loaded records here)",
)
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(sorted({one.name for one in (*OPERATIONS, *HELD)})),
    metavar="NAME",
    help="วัดเฉพาะรายการนี้ ใส่ซ้ำได้ (measure only this operation; may be repeated)",
)
@click.option("--pairs", type=click.IntRange(min=1), metavar="N",
              help="จำนวนรอบที่วัดสลับกัน (rounds measured in turn, instead of each operation's own)")  # fmt: skip
@click.option("--memory", is_flag=True,
              help="วัดหน่วยความจำของงานใหญ่แทน (measure what long work holds in memory instead, up to ten times an area)")  # fmt: skip
def bench(students, target, data, only, pairs, memory):
    """วัดความเร็วของ Khet เทียบกับ Flask-Admin เปล่าและไลบรารีเปล่าบนข้อมูลชุดเดียวกัน

    Measures Khet beside plain Flask-Admin and plain libraries on the same records, in turn, and prints medians.
    """
    chosen, holding = ([one for one in each if not only or one.name in only] for each in (OPERATIONS, HELD))
    result = about(students)
    try:
        with ExitStack() as stack:
            folder = folder_of(data, stack)
            server = started(folder, stack)
            if memory:
                wanted = {LARGE if one.large else ALL for one in holding} | {ALL}
                uris = load(server, folder, students, sorted(wanted))
                result |= {"operations": [], "memory": list(held(holding, uris, folder, stack))}
            else:
                sides = sides_of(chosen, server, folder, students, stack)
                result["operations"] = [
                    row for one in chosen for row in measured(one, sides, pairs, students)
                ]
    except CannotStart as reason:
        raise click.ClickException(str(reason)) from reason
    if target:
        target.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    say(memory_table(result) if memory else table(result))


def sides_of(chosen, server, folder, students, stack):
    """{name: Side} of those that the chosen operations measure, their databases loaded."""
    names = ["khet", *sorted({peer.side for one in chosen for peer in one.peers})]
    uris = load(server, folder, students, list(dict.fromkeys(DATABASES[name] for name in names)))
    sides = {
        name: Side("plain" if name == "plain" else "khet", uris[DATABASES[name]], folder, stack)
        for name in names
    }
    if any(one.name == "import_50k" for one in chosen):
        sides["khet"].do("make_roster", 0)
    return sides


# ---- measuring ----


def measured(operation, sides, pairs, students):
    """The rows of one operation, one a peer: every round runs all of them in turn, the order turned each time."""
    deeds = [("khet", operation.ours), *((peer.side, peer.deed) for peer in operation.peers)]
    runs = {deed: [] for deed in deeds}
    warm = min(operation.warm, (pairs or operation.runs) - 1)
    for run in range(warm + (pairs or operation.runs)):
        for side, deed in deeds if run % 2 else deeds[::-1]:
            runs[side, deed].append(sides[side].do(deed, run))
    say(f"วัดแล้ว {operation.name}")
    kept = {deed: told[warm:] for deed, told in runs.items()}
    ours = kept[deeds[0]]
    seconds = median(ours, "seconds")
    for peer, deed in zip(operation.peers, deeds[1:], strict=True):
        theirs = median(kept[deed], "seconds")
        yield {
            "name": operation.name,
            "rows": ours[-1]["rows"],
            "seconds": round(seconds, 6),
            "peer": peer.words.format(tenth=records.tenth_of(students)),
            "peer_seconds": round(theirs, 6),
            "ratio": round(seconds / theirs, 3),
            "peak_mb": max(one["peak_mb"] for one in ours),
        }


def held(holding, uris, folder, stack):
    """A row for each work whose memory is measured, in a process of its own: {"name", "rows", "seconds", "idle_mb", "peak_mb"}."""
    first = Side("khet", uris[ALL], folder, stack)
    first.do("make_roster", 0)
    first.end()
    for one in holding:
        side = Side("khet", uris[LARGE if one.large else ALL], folder, stack)
        yield {"name": one.name, **side.do(one.deed, 0)}
        side.end()
        say(f"วัดแล้ว {one.name}")


def median(runs, name):
    """The median of a figure over the runs."""
    return statistics.median(one[name] for one in runs)


def about(students):
    """Machine, day, version and how many pupils."""
    return {
        "machine": machine(),
        "date": clock.real_now().date().isoformat(),
        "version": VERSION,
        "students": students,
    }


def machine():
    """Processor, cores, memory, system and Python in one line."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    model = next(
        (line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine()
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.release()}"
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GB, {system}, Python {platform.python_version()}"


def table(result):
    """The results as lines of text."""
    lines = [head(result)]
    lines.append(f"{'operation':<21}{'rows':>9}{'Khet':>12}{'peer':>12}{'ratio':>8}{'peak MB':>9}  peer is")
    for row in result["operations"]:
        lines.append(
            f"{row['name']:<21}{row['rows']:>9,}{shown(row['seconds']):>12}{shown(row['peer_seconds']):>12}"
            f"{row['ratio']:>8.3f}{row['peak_mb']:>9.0f}  {row['peer']}"
        )
    return "\n".join(lines)


def memory_table(result):
    """What was held in memory, as lines of text."""
    lines = [
        head(result),
        f"{'work':<10}{'rows':>9}{'time':>12}{'idle MB':>9}{'peak MB':>9}{'above idle':>12}",
    ]
    for row in result["memory"]:
        lines.append(
            f"{row['name']:<10}{row['rows']:>9,}{shown(row['seconds']):>12}{row['idle_mb']:>9.0f}"
            f"{row['peak_mb']:>9.0f}{row['peak_mb'] - row['idle_mb']:>12.0f}"
        )
    return "\n".join(lines)


def head(result):
    """The line above a table: version, pupils, day and machine."""
    return (
        f"Khet {result['version']} · {result['students']:,} pupils · {result['date']} · {result['machine']}"
    )


def shown(seconds):
    """A time as people read it."""
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"


if __name__ == "__main__":
    bench(prog_name="scripts/bench")

"""How a run is spread over its workers, so that none is left alone with a long test at the end.

The tests of the longest files go out one by one, a test of each file in turn, since some wait for processes and others
for a browser; every other file goes out whole, so that what its tests share is made once. xdist does so by
`--dist loadscope --no-loadscope-reorder`; with any other `--dist` it spreads as it says.
"""

from collections import Counter

from xdist.scheduler import LoadScopeScheduling

LONGEST = (
    *("test_accessibility.py", "test_start.py", "test_routes.py", "test_abuse_forms.py", "test_bench.py"),
    *("test_neighbour.py", "test_story.py", "test_environment.py", "test_abuse_input.py", "test_kills.py"),
    *("test_schools_browser.py", "test_tables.py", "test_low_code_browser.py", "test_races.py"),
)
LONG = ("test_demo.py", "test_start_demo.py", "test_backup.py", "test_wording.py", "test_faults.py")  # whole


def in_order(items):
    """The tests as they are to go out: those of the longest files, then the long files, then the others."""
    seen = Counter()

    def place(item):
        name = item.path.name
        seen[name] += 1
        if name in LONGEST:
            return 0, seen[name], LONGEST.index(name)
        return 1, LONG.index(name) if name in LONG else len(LONG), 0

    return sorted(items, key=place)


class Spread(LoadScopeScheduling):
    """Hands out what belongs together, in the order of the run."""

    def _split_scope(self, nodeid):
        path = nodeid.partition("::")[0]
        return nodeid if path.rpartition("/")[2] in LONGEST else path

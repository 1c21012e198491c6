"""Which way the database goes for each question: every command of a block, explained.

    with explains() as asked:
        browser.get("/admin/students/")
    asked.check()

A whole collection read (COLLSCAN) is a problem, and so is sorting in memory where an index could give the order. What
may be read whole is named here, each with its reason.
"""

import json
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from documents.database import db

READS = ("find", "aggregate", "count", "distinct")
NAMING = {
    *READS,
    "update",
    "delete",
    "findAndModify",
    "coll",
    "from",
}  # under these stands a collection's name
WRITES = {"update": "updates", "delete": "deletes"}
# Read whole, since they are short and belong to no area.
SHORT = {
    "areas": "a few hundred in the whole country",
    "code_lists": "some forty lists, read once in a while",
    "roles": "six",
    "installation": "one document",
    "migrations": "one document a migration",
}
# Sorted in memory, by what no index is worth: (collection, first field).
FEW = {
    ("submissions", "last_write_at"): "the last six of a round's few hundred; every write would move an index"
}
OF_THE_CALL = {
    "lsid",
    "$clusterTime",
    "txnNumber",
    "autocommit",
    "startTransaction",
    "$db",
    "$readPreference",
}
OF_THE_CALL |= {
    "readConcern",
    "writeConcern",
    "maxTimeMS",
    "ordered",
    "batchSize",
    "comment",
    "noCursorTimeout",
}


@pytest.fixture
def explains(connected):
    """`with explains() as asked:` collects every question of the block; `asked.check()` fails where one goes astray."""
    return _explaining


@contextmanager
def _explaining():
    from tests.listening import LISTENER

    asked = Asked()
    LISTENER.commands = asked.commands
    try:
        yield asked
    finally:
        LISTENER.commands = None


@dataclass
class Asked:
    """The commands that were sent, to be explained when they are asked about."""

    commands: list = field(default_factory=list)

    def check(self, sorts=()):
        """Fail with a line for each problem."""
        found = self.problems(sorts)
        assert not found, "\n" + "\n".join(line[:600] for line in found)

    def problems(self, sorts=()):
        """A line for each question that reads a whole collection or sorts in memory; each shape of question once.

        `sorts` names the collections whose rows may be sorted in memory here.
        """
        found = {}
        for statement in self.statements():
            shape = json.dumps(shape_of(statement), default=str, sort_keys=True)
            if shape not in found:
                found[shape] = list(problems_of(statement, sorts))
        return [problem for problems in found.values() for problem in problems]

    def statements(self):
        """The commands as `explain` takes them, one statement each."""
        for command in self.commands:
            name = next(iter(command))
            plain = {key: value for key, value in command.items() if key not in OF_THE_CALL}
            if name in READS:
                yield plain
            elif name in WRITES:
                for one in command[WRITES[name]]:
                    yield {name: command[name], WRITES[name]: [one]}
            elif name == "findAndModify":
                yield plain


def problems_of(statement, sorts):
    """What is wrong with the way the database goes for one statement."""
    collection = next(iter(statement.values()))
    stages = set(stages_of(db().command("explain", statement, verbosity="queryPlanner")))
    if "COLLSCAN" in stages and collection not in SHORT:
        yield f"{collection}: reads the whole collection: {shown(statement)}"
    if collection in {*sorts, *SHORT} or '"$in": []' in shown(statement):  # who sees nothing sorts nothing
        return
    if stages & {"SORT", "$sort"} and (collection, first_sorted(statement)) not in FEW:
        yield f"{collection}: sorts in memory: {shown(statement)}"


def first_sorted(statement):
    """The first field a find sorts by."""
    return next(iter(statement.get("sort") or ()), None)


def stages_of(plan):
    """The names of every stage of a winning plan, however deep."""
    if isinstance(plan, dict):
        if isinstance(plan.get("stage"), str):
            yield plan["stage"]
        for key, value in plan.items():
            if key == "$sort" and not isinstance(value, str):
                yield key
            if key not in ("rejectedPlans", "command", "parsedQuery", "slotBasedPlan"):
                yield from stages_of(value)
    elif isinstance(plan, list):
        for each in plan:
            yield from stages_of(each)


def shape_of(value):
    """A statement without its values, the names of collections aside: two of one shape go the same way."""
    if isinstance(value, dict):
        named = {key for key in NAMING & value.keys() if isinstance(value[key], str)}
        return {key: each if key in named else shape_of(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        shapes = [shape_of(each) for each in value]
        return shapes if any(isinstance(each, dict | list) for each in shapes) else [type(shapes).__name__]
    return value if isinstance(value, str) and value.startswith("$") else type(value).__name__


def shown(statement):
    """A statement in one line."""
    return json.dumps(statement, default=str, ensure_ascii=False)

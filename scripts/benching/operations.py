"""What is measured, against whom, and how often."""

from typing import NamedTuple


class Peer(NamedTuple):
    """A peer's way of the same thing: a method of its side's `Operations`, and its words in the table."""

    deed: str
    words: str
    side: str = "plain"


class Operation(NamedTuple):
    """One operation of the contract: a method of `khet.Operations`, its peers, runs before the clock and by it."""

    name: str
    ours: str
    peers: list
    warm: int = 4
    runs: int = 30


STOCK = "Flask-Admin"
TENTH = "tenth"  # Khet itself on a tenth of the pupils, in a database of its own beside


def grown(deed, **more):
    """A page of Khet beside the same page where there is a tenth of the areas, each as large."""
    return Operation(f"growth_{deed}", deed, [Peer(deed, "Khet, {tenth:,} pupils", TENTH)], warm=8, **more)


OPERATIONS = [
    Operation("page_first", "page_first", [Peer("page_first", STOCK)]),
    Operation("page_filtered", "page_filtered", [Peer("page_filtered", STOCK)], warm=2, runs=12),
    Operation("page_deep", "page_deep", [Peer("page_deep", f"{STOCK}, by page number")], warm=2, runs=12),
    Operation("search_round", "search_round", [Peer("search_round", STOCK)], warm=2, runs=12),
    grown("page_first", runs=60),
    grown("page_filtered", runs=60),
    grown("page_deep", runs=60),
    grown("search_round", runs=40),
    Operation(
        "likely_same", "likely_same", [Peer("look_up_number", "PyMongo, one number by its index")], runs=60
    ),
    Operation(
        "scan_duplicates", "scan_duplicates", [Peer("read_all", "PyMongo, all read once")], warm=1, runs=3
    ),
    Operation("save", "save_form", [Peer("save_form", f"{STOCK}, the whole form")], runs=40),
    Operation("save", "save_door", [Peer("save_document", "MongoEngine, read and save")], warm=8, runs=80),
    Operation(
        "bulk_save_1000",
        "bulk_save_1000",
        [
            Peer("save_1000", "MongoEngine, a thousand times read and save"),
            Peer("bulk_write_1000", "PyMongo, find and bulk_write"),
        ],
        warm=1,
        runs=5,
    ),
    Operation(
        "lock_round", "lock_round", [Peer("lock_round", "MongoEngine, digest and save")], warm=0, runs=3
    ),
    Operation(
        "carry_over",
        "carry_over",
        [Peer("insert_copies", "PyMongo, insert_many of the same")],
        warm=0,
        runs=3,
    ),
    Operation(
        "import_50k",
        "import_50k",
        [Peer("import_calamine", "python-calamine, insert_many of the same")],
        warm=0,
        runs=3,
    ),
    Operation(
        "export_50k",
        "export_50k",
        [
            Peer("export_xlsxwriter", "XlsxWriter, row by row"),
            Peer("export_rust", "rustpy-xlsxwriter"),
            Peer("export_flask_admin", f"{STOCK}, its own export"),
        ],
        warm=0,
        runs=3,
    ),
]


class Holding(NamedTuple):
    """What is measured for its memory in a fresh process: a method of `khet.Operations`, and on which database."""

    name: str
    deed: str
    large: bool = False


HELD = [
    Holding("export", "export_50k"),
    Holding("export", "export_50k", large=True),
    Holding("import", "import_20k"),
    Holding("import", "import_50k"),
    Holding("package", "package_50k"),
]

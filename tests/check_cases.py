"""The cases of every check: one in which it fires and one, as near as may be, in which it does not.

`CASES` is {key of a check: (fires, does not)}. The rules of one pupil with a bound have theirs in `test_checks.BOUNDS`.
"""

import datetime as dt
from dataclasses import dataclass, field

from documents import subsystem
from documents.checking import checks
from documents.checking.checks import Context
from documents.clock import BANGKOK
from documents.emis.emis_checks import SERVING_ELSEWHERE
from documents.emis.staff import Staff
from documents.emis.technology import Technology
from documents.gcode import gcode_checks
from documents.records.codelists import code_list
from documents.records.declarations import variant
from documents.records.field_definitions import FieldDefinition
from tests.people import AREA, ROUND, YEAR
from tests.test_buildings import BLOCK, TOILET
from tests.test_emis import HIRED, LINE, PERMANENT, accepted

AS_OF = dt.datetime(2025, 6, 10)  # noqa: DTZ001
END = "3"  # the round of the year's end


@dataclass(frozen=True)
class Case:
    """What a check looks at: one record, or a school's, [(slug, values)]; and what stands beside, as `Context` takes it."""

    records: tuple
    whole: bool = False
    beside: dict = field(default_factory=dict)
    unreviewed: tuple | None = None  # (records, those nobody looked over)
    kept: tuple = ()  # [(round, lineage)] of pupils who are stored: for what reads the year's rounds itself
    added: tuple = ()  # definitions of fields that an admin added
    subsystem: str = "DMC"  # where there is no record to say so

    def found(self, of=None):
        """Keys of all that is found; `of` is the Round where the year's rounds are read."""
        of_it = kind(self.records[0][0]).subsystem if self.records else self.subsystem
        said = {
            "limits": checks.default_limits(of_it),
            "taught": ("02", "09"),
            "school": "34010001",
            "of": of,
        }
        said |= {"required": {}, "as_of": AS_OF, "round": ROUND, **self.beside}
        said["limits"] = checks.default_limits(of_it) | self.beside.get("limits", {})
        context = Context(YEAR, **said)
        if self.unreviewed:
            return {one.check.key for one in checks.of_unreviewed(*self.unreviewed, context)}
        if not self.whole:
            ((slug, values),) = self.records
            document = variant(kind(slug), list(self.added), YEAR) if self.added else kind(slug)
            plain = {"academic_year": YEAR, "round": context.round, **values}
            return {one.check.key for one in checks.of_record(document, plain, context)}
        sums = checks.rules_of(of_it).sums()
        for slug, values in self.records:
            sums.take(kind(slug), values)
        return {one.check.key for one in checks.of_school(of_it, sums, context)}


def kind(slug):
    """The document class of a slug."""
    return subsystem(slug)


def one(slug, values, **beside):
    """The case of one record."""
    return Case(((slug, values),), beside=beside)


def school(*records, **beside):
    """The case of a whole school."""
    return Case(records, whole=True, beside=beside)


def was(*rows):
    """What a record was in the rounds before, the newest first."""
    return lambda lineage: rows


def clash(key, there=True):
    """A pupil of whom a case of duplicates stands open, or another one does."""
    clashes = {"one" if there else "another": {key: "ซ้ำ"}}
    return one("students", {"_id": "one", "status": "enrolled"}, beside={"clashes": clashes})


def pupils(many, **values):
    """So many pupils who count."""
    return [("students", {"status": "enrolled", "grade": "07", **values})] * many


def line(item, **numbers):
    """A line of the sheet of equipment."""
    return "equipment", {"item_code": item, "qty_usable": 0, "qty_repair": 0, "qty_dispose": 0} | numbers


def g_code(request):
    """A pupil under a G-code of which a request says so."""
    values = {"person_id": "G683400000001", "id_type": "G", "first_name": "ซอ", "status": "enrolled"}
    return one("students", values, beside={gcode_checks.CODES: {"G683400000001": request}})


def at_the_end(**values):
    """A pupil in the round of the year's end."""
    return one("students", {"status": "enrolled", "grade": "09", **values}, round=END)


def staff(values, **more):
    return "staff", accepted(Staff, values | more)


def profile(**more):
    return "technology", accepted(Technology, LINE | more)


def computers(purpose, broken):
    sums = {
        f"pc_{purpose}_{name}": number
        for name, number in (("obec", 3), ("own", 1), ("ok", 3), ("broken", broken))
    }
    return one("technology", sums)


def equipment(before=None, **now):
    counts = {"equipment": 1} | {"u22001": 0} | (before or {})
    return one(*line("22001", **now), earlier=(counts, counts))


TAUGHT = {"DMC": {"pupils": 4, "classrooms": 3}}
HOUSE = ("buildings", BLOCK)
TABLETS = FieldDefinition(
    area_code=AREA, document="students", key="tablets", label="แท็บเล็ต", kind="number", high=5, first_year=YEAR,
)  # fmt: skip
A_DAY = dt.datetime(2025, 5, 1, tzinfo=BANGKOK).date()

CASES = {
    **{key: (clash(key), clash(key, there=False)) for key in ("DMC-01.open", "DMC-01.waits", "DMC-02.open", "DMC-02.waits", "DMC-04", "DMC-05")},
    "DMC-06": (g_code(None), g_code({"state": "certified", "first_name": "ซอ"})),
    "DMC-12.waits": (at_the_end(), at_the_end(year_result="passed")),
    "DMC-12.cause": (at_the_end(year_result="repeat"), at_the_end(year_result="repeat", fail_reasons=["1"])),
    "DMC-12.destination": (at_the_end(year_result="graduated"), at_the_end(year_result="graduated", destination="102")),
    "DMC-13": (school(*pupils(5, grade="08"), round=END), school(*pupils(5, grade="08"), *pupils(1, grade="09"), round=END)),
    "DMC-14": (Case((), True, {"round": END}, kept=(("1", "a"), ("1", "b"), (END, "a"))),
               Case((), True, {"round": END}, kept=(("1", "a"), ("1", "b"), (END, "a"), (END, "b")))),
    "DMC-15": (school(*pupils(120), earlier=({"pupils": 100},)), school(*pupils(119), earlier=({"pupils": 100},))),
    "DMC-17.pupils": (school(*pupils(1), beside={"rooms": {"07": 0}}), school(*pupils(1), beside={"rooms": {"07": 1}})),
    "DMC-17.rooms": (school(*pupils(1), beside={"rooms": {"07": 1, "08": 1}}), school(*pupils(1), beside={"rooms": {"07": 1, "08": 0}})),
    "DMC-18": (one("students", {"suspended_flag": True}, before=was({"status": "suspended"})),
               one("students", {"suspended_flag": True}, before=was({"status": "enrolled"}))),
    "GC-04": (school(beside={gcode_checks.ABSENT: [("2568-0001", A_DAY)]}), school(beside={gcode_checks.ABSENT: []})),
    "EM-01.teach": (computers("teach", 2), computers("teach", 1)),
    "EM-01.admin": (computers("admin", 0), computers("admin", 1)),
    "EM-02": (one(*staff(PERMANENT), beside={SERVING_ELSEWHERE: {PERMANENT["person_id"]: ["บ้านสอง"]}}),
              one(*staff(PERMANENT, work_status="2"), beside={SERVING_ELSEWHERE: {PERMANENT["person_id"]: ["บ้านสอง"]}})),
    "EM-03": (school(staff(PERMANENT), profile(), linked={"DMC": {"pupils": 4, "m04": 4}}),
              school(staff(PERMANENT), profile(), linked={"DMC": {"pupils": 0}})),
    "EM-04": (school(profile(), linked={"M-OBEC": {"equipment": 76, "u22033": 11, "u21007": 1}}),
              school(profile(), linked={"M-OBEC": {"equipment": 76, "u22033": 12, "u21007": 1}})),
    "EM-05": (school(staff(PERMANENT), linked={"DMC": {"pupils": 41, "m04": 41}}), school(staff(PERMANENT), linked={"DMC": {"pupils": 40, "m04": 40}})),
    "EM-06": (school(profile(), linked={"DMC": {"pupils": 41, "m04": 40}}), school(profile(), linked={"DMC": {"pupils": 41, "m04": 41}})),
    "EM-07": (school(staff(PERMANENT)), school(staff(PERMANENT), profile())),
    "EM-08": (school(staff(PERMANENT, position_no="77"), staff(HIRED, position_no="77")),
              school(staff(PERMANENT, position_no="77"), staff(HIRED, position_no="78"))),
    "MO-01": (one(*line("22001", qty_repair=-3)), one(*line("22001", qty_repair=3))),
    "MO-02.zero": (school(line("22001")), school(line("22001", qty_usable=1))),
    "MO-02.blank": (school(line("22001", qty_usable=1)), school(*(line(item, qty_usable=1) for item in code_list("EQUIPMENT").codes))),
    "MO-03": (school(line("22033", qty_usable=20), linked={"EMIS": {"technology": 1, "pc_teach_ok": 21, "pc_admin_ok": 0}}),
              school(line("22033", qty_usable=21), linked={"EMIS": {"technology": 1, "pc_teach_ok": 21, "pc_admin_ok": 0}})),
    "MO-04": (school(line("22001", qty_usable=1), linked={"DMC": {"m07": 2}}), school(line("22001", qty_usable=2), linked={"DMC": {"m07": 2}})),
    "MO-05": (equipment({"u22001": 20}, qty_usable=31), equipment({"u22001": 20}, qty_usable=30)),
    "MO-06": (equipment({"d22001": 4}, qty_dispose=4), equipment({"d22001": 4}, qty_dispose=5)),
    "BO-01": (school(HOUSE, HOUSE), school(HOUSE, ("buildings", BLOCK | {"seq_no": 2}))),
    "BO-02": (one("buildings", BLOCK | {"built_year": 2569}), one("buildings", BLOCK | {"built_year": 2568})),
    "BO-03": (one("buildings", BLOCK | {"rooms_actual": 9}), one("buildings", BLOCK | {"rooms_actual": 9, "ext_classrooms": 1})),
    "BO-04": (one("buildings", BLOCK | {"condition": "good", "built_year": 2517}), one("buildings", BLOCK | {"condition": "good", "built_year": 2518})),
    "BO-05": (one("buildings", BLOCK), one("buildings", BLOCK | {"photo_front": "0" * 24})),
    "BO-06": (school(("buildings", BLOCK | {"rooms_actual": 2}), linked=TAUGHT), school(("buildings", BLOCK | {"rooms_actual": 3}), linked=TAUGHT)),
    "BO-07": (school(HOUSE, linked=TAUGHT), school(HOUSE, ("buildings", TOILET), linked=TAUGHT)),
    "BO-08": (one("buildings", BLOCK | {"condition": "good"}, before=was({"condition": "fair"})),
              one("buildings", BLOCK | {"condition": "good", "repair_note": "ทาสี"}, before=was({"condition": "fair"}))),
    "BO-09": (school(HOUSE, beside={"plan": True, "tenure": False}), school(HOUSE, beside={"plan": True, "tenure": True})),
    "REQ": (one("buildings", {}, required={"buildings": frozenset(["condition"])}), one("buildings", BLOCK, required={"buildings": frozenset(["condition"])})),
    "LIST": (one("students", {"religion": "001"}, gone={"students": {"religion": frozenset(["001"])}}),
             one("students", {"religion": "002"}, gone={"students": {"religion": frozenset(["001"])}})),
    "OUT": (Case((("students", {"x_tablets": 6}),), added=(TABLETS,)), Case((("students", {"x_tablets": 5}),), added=(TABLETS,))),
    "REV.error": (Case((), unreviewed=(10, 1)), Case((), unreviewed=(10, 0))),
    "REV.warning": (Case((), unreviewed=(10, 5), beside={"limits": {"unreviewed": 50}}), Case((), unreviewed=(10, 6), beside={"limits": {"unreviewed": 50}})),
}  # fmt: skip

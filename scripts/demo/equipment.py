"""M-OBEC of the demo: what every school and the area office counted last, and count in June 2568, by their size.

Desks follow the pupils that the school has in DMC, computers those it told EMIS; a few schools lack some, or told
another number.
"""

from documents.mobec.equipment import NUMBERS, Equipment
from documents.mobec.equipment_checks import DESKS, pupils_at
from documents.records import linked
from documents.records.change import Change
from documents.records.codelists import code_list
from documents.records.record import Place
from scripts.demo import moments, reporting
from scripts.demo.chance import chance
from scripts.demo.emis import computers, computers_then
from scripts.demo.entering import put
from scripts.demo.plan import AREA
from scripts.demo.pupils import LAST_YEAR, THIS_YEAR

SUBSYSTEM = "M-OBEC"
AT_ONCE = 20  # schools written in one transaction
# Items by how common they are: pupils from which a school has some, the share of schools that do, how many of them
# there are and how many more for each hundred pupils.
USUAL = {
    "21001": (60, .92, 1, .25), "21002": (180, .5, 1, .15), "21003": (0, .55, 1, 0), "21004": (120, .3, 1, 0),
    "21005": (0, .35, 1, .2), "21006": (0, .8, 1, 0), "21008": (0, 1, 2, .8), "21009": (0, .6, 1, .1),
    "21010": (0, .4, 1, 0), "21011": (0, .3, 1, .3), "21012": (0, .7, 1, .5), "21013": (0, .5, 1, .1),
    "22003": (0, .7, 2, .8), "22004": (150, .5, 1, .4), "22006": (0, .6, 1, .2), "22007": (0, .3, 1, .2),
    "22008": (0, .5, 2, .3), "22009": (0, .35, 2, .4), "22010": (200, .2, 1, 0), "22011": (0, .3, 2, .3),
    "22014": (250, .12, 1, 0), "22015": (100, .3, 1, .2), "22016": (0, .4, 2, .4), "22017": (0, .25, 1, 0),
    "22018": (0, .6, 2, .4), "22020": (120, .5, 3, 2), "22021": (0, .4, 1, 0), "22023": (0, .8, 2, .8),
    "22024": (0, .7, 1, .4), "22025": (0, .75, 2, .5), "22026": (0, .85, 3, 1.2), "22027": (0, .7, 2, .6),
    "22028": (0, .6, 2, .6), "22029": (0, .9, 2, .4), "22030": (0, .5, 1, 0), "22032": (80, .75, 1, .8),
    "22034": (0, .8, 1, .8), "22035": (0, .35, 1, 0), "22036": (0, .35, 1, .2), "22037": (0, .3, 1, .2),
    "22038": (0, .2, 1, 0), "22039": (0, .4, 1, .2), "22041": (0, .35, 5, 8), "22042": (0, .6, 2, 1.4),
    "22043": (0, .95, 3, 2), "23001": (0, .12, 1, 0), "23002": (0, .5, 1, .2), "23003": (0, .95, 1, .5),
    "23004": (0, .06, 1, 0), "23005": (60, .8, 1, 1.6), "24001": (0, .9, 1, .4), "24002": (0, .9, 1, .5),
    "24003": (0, .35, 2, .3), "24004": (0, .95, 1, .3), "24005": (0, .75, 6, 6), "24006": (0, .9, 1, .5),
    "24007": (0, .3, 2, .2), "24008": (0, .2, 1, .2), "24009": (0, .25, 1, .2), "24010": (0, .3, 1, .3),
    "25001": (300, .12, 1, 0), "25002": (400, .1, 1, 0),
}  # fmt: skip
OLD = {"21003", "21004", "21005", "22027", "22028", "22026"}  # what mostly waits to be disposed of
COUNTED_TWICE = {"22033": "teach", "21007": "admin"}  # computers, which EMIS asks for too
LITTLE_ONES = ("11002", "11003")
OF_THE_OFFICE = {
    "21001": (6, 1, 2), "21002": (2, 0, 0), "21003": (3, 0, 2), "21005": (0, 0, 9), "21006": (4, 0, 0),
    "21007": (96, 7, 22), "21008": (41, 4, 9), "21009": (3, 0, 0), "21010": (4, 1, 2), "21011": (18, 0, 3),
    "21012": (37, 2, 5), "21013": (6, 0, 1), "22032": (8, 1, 2), "22043": (12, 0, 0), "23002": (2, 0, 0),
    "23003": (5, 1, 1), "23004": (1, 0, 0), "23005": (64, 3, 6), "24001": (3, 0, 0), "24002": (6, 1, 0),
    "24004": (2, 0, 1), "24005": (30, 0, 4), "24006": (5, 0, 1), "25001": (2, 0, 1), "25002": (4, 1, 0),
}  # fmt: skip


def enter_then(plans, people):
    """Store what the schools of a cluster counted last year, and hand it in."""
    pupils = linked.counts(AREA, LAST_YEAR, "DMC", [school.code for school in plans])
    for first in range(0, len(plans), AT_ONCE):
        several = plans[first : first + AT_ONCE]
        moments.set_clock(reporting.some_time(several[0], SUBSYSTEM, reporting.WRITTEN_THEN))
        lines = [
            Change(Equipment, reporting.place_then(SUBSYSTEM, school.code), line)
            for school in several
            for line in lines_of(counts_then(school, pupils.get(school.code, {})))
        ]
        put(lines)
    reporting.report_then(plans, people, SUBSYSTEM)


def enter_office_then(people):
    """Store and hand in what the area office itself counted last year."""
    moments.set_clock(moments.at(2025, 3, 4, 14, 10))
    counts = drifted(chance("office", SUBSYSTEM, LAST_YEAR), OF_THE_OFFICE)
    there = reporting.place_then(SUBSYSTEM, AREA)
    put([Change(Equipment, there, line) for line in lines_of(counts)])
    reporting.report_office_then(people, SUBSYSTEM)


def enter(plans, people):
    """Bring the counts of one cluster's schools up to date, and make their moves."""
    busy = [school for school in plans if school.story != "untouched"]
    pupils = linked.counts(AREA, THIS_YEAR, "DMC", [school.code for school in busy])
    for first in range(0, len(busy), AT_ONCE):
        several = busy[first : first + AT_ONCE]
        moments.set_clock(reporting.some_time(several[0], SUBSYSTEM))
        begun = reporting.Begun(Equipment, [school.code for school in several], ("item_code",))
        put(
            [
                change
                for school in several
                for change in changes_of(school, pupils.get(school.code, {}), begun)
            ]
        )
    reporting.report(plans, people, SUBSYSTEM)


def enter_office(people):
    """Bring the area office's own counts up to date; an officer is to confirm them."""
    moments.set_clock(moments.at(2025, 6, 4, 14, 10))
    begun = reporting.Begun(Equipment, [AREA], ("item_code",))
    put([begun.change(Place(AREA, THIS_YEAR, "1", AREA), line) for line in lines_of(OF_THE_OFFICE)])


def changes_of(school, pupils, begun):
    """The Changes of one school's sheet, as far as it has come with it."""
    rng = chance(school.code, SUBSYSTEM)
    lines = lines_of(counts_of(rng, school, pupils, computers(school)))
    entered = rng.randint(18, 70) if school.story == "entering" else None
    return [begun.change(reporting.place(school), line) for line in lines[:entered]]


def lines_of(counts):
    """The values of each line of a sheet, in the list's order; zeros where `counts` has none."""
    return [
        {"item_code": item} | dict(zip(NUMBERS, counts.get(item, (0, 0, 0)), strict=True))
        for item in code_list("EQUIPMENT").codes
    ]


def counts_then(school, pupils):
    """What a school counted last year: about the same, with that year's desks and computers."""
    counts = counts_of(chance(school.code, SUBSYSTEM), school, pupils, computers_then(school))
    return drifted(chance(school.code, SUBSYSTEM, LAST_YEAR), counts)


def drifted(rng, counts):
    """Counts as they were a year before: a few of many items were bought since, and some of what waited is gone."""
    return {
        item: (usable - rng.randint(0, usable // 5), repair, gone + rng.randint(0, 2 + gone // 3))
        if item not in COUNTED_TWICE and rng.random() < 0.3
        else (usable, repair, gone)
        for item, (usable, repair, gone) in counts.items()
    }


def counts_of(rng, school, pupils, counted):
    """{item: (usable, awaiting repair, awaiting disposal)} of a school with computers so `counted` in EMIS."""
    whole = school.pupils
    counts = {}
    for item, (least, share, base, more) in USUAL.items():
        if whole >= least and rng.random() < share:
            many = max(1, round((base + more * whole / 100) * rng.uniform(0.6, 1.25)))
            counts[item] = worn(rng, item, many)
    for item, _, grades in DESKS:
        if many := pupils_at(grades, pupils):
            short = rng.random() < 0.09
            counts[item] = worn(
                rng, item, round(many * (rng.uniform(0.85, 0.97) if short else rng.uniform(1.1, 1.3)))
            )
    if "01" in school.grades or "02" in school.grades:
        counts |= {item: worn(rng, item, rng.randint(1, 3) + whole // 150) for item in LITTLE_ONES}
    for item, purpose in COUNTED_TWICE.items():
        busy = (
            school.story in ("entering", "ready") and rng.random() < 0.2
        )  # and has not looked at the other system
        working = counted[purpose][2] + (rng.choice((-1, 2, 4)) if busy else 0)
        counts[item] = (
            max(working, 0),
            round(working * rng.uniform(0, 0.06)),
            round(working * rng.uniform(0, 0.25)),
        )
    return counts


def worn(rng, item, many):
    """So many of an item, parted into usable, awaiting repair and awaiting disposal."""
    if item in OLD:
        gone = round(many * rng.uniform(0.3, 1))
        return many - gone, 0, gone
    repair = round(many * rng.uniform(0, 0.05)) if many > 8 else int(rng.random() < 0.06)
    gone = round(many * rng.uniform(0, 0.06)) if many > 8 else int(rng.random() < 0.05)
    return max(many - repair - gone, 0), min(repair, many), min(gone, max(many - repair, 0))

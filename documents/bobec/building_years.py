"""Buildings over the years (สภาพแต่ละปี): one building through the rounds, by `lineage`, as far as a person may see."""

from documents.bobec.buildings import Building
from documents.collecting.rounds import Round
from documents.database import collection
from documents.people import access
from documents.records.change import Change
from documents.records.record import Place

MOST = 60  # rows of one building
SHOWN = ("academic_year", "round", "school_code", "condition", "use_status", "repair_note", "photo_front")


def years_of(area_code, lineage, user):
    """The stored rows of one building in all rounds this person may see, the newest first; one query."""
    where = {"area_code": area_code, "lineage": lineage}
    rows = collection(Building).find({"$and": [where, access.visible(user)]}, dict.fromkeys(SHOWN, 1))
    return list(rows.sort([("academic_year", -1), ("round", -1)]).limit(MOST))


def as_before(rows):
    """The Changes that give buildings the condition they had the last time: of those that say none yet and had one.

    `rows` are stored dicts of one round. Two queries for each area, however many rows.
    """
    asked = [row for row in rows if not row.get("condition")]
    before = _conditions_before(asked)
    return [
        Change(
            Building, Place.of(row), {"condition": before[row["lineage"]]}, id=row["_id"], revision=row["revision"], read=row
        )
        for row in asked
        if row["lineage"] in before
    ]  # fmt: skip


def _conditions_before(rows):
    """{lineage: the condition last said of it} in the rounds before that of the rows."""
    if not rows:
        return {}
    area, at = rows[0]["area_code"], (rows[0]["academic_year"], rows[0]["round"])
    where = {
        "area_code": area,
        "lineage": {"$in": [row["lineage"] for row in rows]},
        "condition": {"$exists": True},
    }
    found = collection(Building).find(where, {"lineage": 1, "academic_year": 1, "round": 1, "condition": 1})
    last = {}
    for row in sorted(found, key=lambda row: (row["academic_year"], row["round"])):
        if (row["academic_year"], row["round"]) < at:
            last[row["lineage"]] = row["condition"]
    return last


def round_labels(area_code, rows):
    """{(year, code): the round's own words} of the rounds that rows stand in."""
    years = sorted({row["academic_year"] for row in rows})
    found = Round.objects(area_code=area_code, academic_year__in=years, subsystem=Building.subsystem)
    return {
        (each.academic_year, each.code): each.title for each in found.only("academic_year", "code", "title")
    }

"""Templates of rounds (ปฏิทินการจัดเก็บข้อมูล): what an area makes a year's rounds from.

Their dates are data: they differ from year to year.
"""

import datetime as dt
import json
from pathlib import Path

from mongoengine import Document
from mongoengine.fields import (
    DictField,
    IntField,
    ListField,
    StringField,
)

from documents import clock, subsystems
from documents.clock import naive
from documents.collecting.rounds import CLOSING_TIME, Round, Window, find_round, refuse_others
from documents.database import collection

TEMPLATES = Path(__file__).parent.parent / "seeds" / "round_templates.json"


class RoundTemplate(Document):
    """The standing calendar of a round, from which each year's round is made. Source: domain.md 2.1, data not law.

    Days are [month, day, years after the academic year]; windows are {step: [first day, last day]}.
    """

    area_code = StringField(required=True, max_length=8)
    subsystem = StringField(required=True, max_length=32)
    code = StringField(required=True, max_length=2)
    title = StringField(required=True, max_length=120)
    title_en = StringField(max_length=120)
    as_of = ListField(IntField())
    windows = DictField()

    meta = {
        "collection": "round_templates",
        "auto_create_index": False,
        "strict": False,
        "indexes": [{"fields": ["area_code", "subsystem", "code"], "unique": True}],
    }


def templates_of(area_code, subsystem=None):
    """The area's RoundTemplates, by subsystem and code; the standing calendar stands in for those not stored.

    Those of subsystems that have no document are left out: a round of nothing cannot be reported.
    """
    known = {document.subsystem for document in subsystems()}
    found = {(each.subsystem, each.code): each for each in RoundTemplate.objects(area_code=area_code)}
    for row in _standing_calendar():
        found.setdefault((row["subsystem"], row["code"]), RoundTemplate(area_code=area_code, **row))
    return [found[key] for key in sorted(found) if key[0] in known and subsystem in (None, key[0])]


def _standing_calendar():
    return json.loads(TEMPLATES.read_text("utf-8"))["templates"]


def seed_templates(area_code):
    """Store the standing calendar an area does not have yet; what an officer changed stays. Gives back how many."""
    made = 0
    for row in _standing_calendar():
        key = {"area_code": area_code, "subsystem": row["subsystem"], "code": row["code"]}
        done = collection(RoundTemplate).update_one(key, {"$setOnInsert": row | key}, upsert=True)
        made += done.upserted_id is not None
    return made


def make_rounds(area_code, subsystem, academic_year, actor):
    """Make the year's rounds from the area's templates, as drafts; those already there are left alone.

    Gives back the new rounds. Raises NotAllowed for anyone but a district officer.
    """
    refuse_others("district", area_code, actor, "เฉพาะเจ้าหน้าที่เขตเท่านั้นที่สร้างรอบได้")
    made = []
    for template in templates_of(area_code, subsystem):
        if not find_round(area_code, subsystem, academic_year, template.code):
            made.append(from_template(template, academic_year).save(force_insert=True))
    return made


def from_template(template, academic_year):
    """An unsaved draft Round of the year, its windows ending at 16.30 of their last day."""
    windows = [
        Window(
            step=step, opens_at=_instant(first, academic_year), closes_at=_instant(last, academic_year, True)
        )
        for step, (first, last) in template.windows.items()
    ]
    month, day, later = template.as_of
    return Round(
        area_code=template.area_code,
        subsystem=template.subsystem,
        academic_year=academic_year,
        code=template.code,
        title=template.title,
        as_of=dt.datetime(academic_year - 543 + later, month, day),  # noqa: DTZ001  a day has no zone
        windows=windows,
    )


def _instant(day, academic_year, closing=False):
    month, day_of_month, later = day
    return instant_of(dt.date(academic_year - 543 + later, month, day_of_month), closing)


def instant_of(day, closing=False):
    """When a day begins in Bangkok (closing: 16.30 of it), as MongoDB keeps it."""
    return naive(dt.datetime.combine(day, CLOSING_TIME if closing else dt.time(0), clock.BANGKOK))

"""Lists of findings: of a school or an area, narrowed and in order, their sums, and the look at a whole round."""

from collections import Counter
from dataclasses import dataclass
from itertools import islice

from bson import ObjectId

from documents import subsystem, subsystems
from documents.background.jobs import counted_so_far, job_kind
from documents.checking.check_rules import all_checks_in
from documents.checking.checks import GONE
from documents.checking.finding_answers import visible_to
from documents.checking.findings import AT_ONCE, OPEN, Checkup, Finding, refresh_all, stale_among
from documents.collecting.rounds import find_round
from documents.collecting.submissions import submissions_of
from documents.collecting.submissions import visible_to as visible_submissions
from documents.database import collection
from documents.people.users import System
from documents.records.declarations import ever_declared
from documents.records.fields import SENSITIVE
from documents.records.kinds import documents_of, is_survey

ORDER = [("level", 1), ("code", 1), ("school_code", 1), ("_id", 1)]
COUNTED_TO = 10_000
ALL = "all"


@dataclass(frozen=True)
class Wanted:
    """What a list is narrowed to; `schools` are the codes of the cluster, None for all."""

    state: str = OPEN
    level: str = ""
    code: str = ""
    school: str = ""
    schools: tuple | None = None
    cluster: str = ""
    record: ObjectId | None = None


def query_of(wanted, round_, user):
    """The filter of the findings of a round that are asked for and open to this person."""
    place = {
        "area_code": round_.area_code, "academic_year": round_.academic_year, "subsystem": round_.subsystem,
        "round": round_.code,
    }  # fmt: skip
    asked = {name: getattr(wanted, name) for name in ("state", "level", "code", "record")}
    asked = {name: value for name, value in asked.items() if value and value != ALL}
    if wanted.school:
        asked["school_code"] = wanted.school
    elif wanted.schools is not None:
        asked["school_code"] = {"$in": list(wanted.schools)}
    return place | {"$and": [visible_to(user, round_.area_code), asked]}


def rows_of(query, skip=0, limit=0):
    """A cursor over the stored findings of a query, errors first, by code and school."""
    return collection(Finding).find(query).sort(ORDER).skip(skip).limit(limit)


def count_of(query):
    """(how many match, whether there are more than were counted)."""
    found = collection(Finding).count_documents(query, limit=COUNTED_TO + 1)
    return min(found, COUNTED_TO), found > COUNTED_TO


def in_batches(query, size=500):
    """Yield (finding, name of its record) of a query, in order; a few hundred are held at once."""
    rows = rows_of(query)
    while batch := list(islice(rows, size)):
        names = headlines_of(batch)
        for row in batch:
            yield row, names.get(row.get("record"))


def hidden_count(wanted, round_):
    """How many of what is asked for tell of sensitive fields, for a person without the mark to know of."""
    asked = query_of(wanted, round_, System("counting"))
    return collection(Finding).count_documents(asked | {"sensitive": True}, limit=COUNTED_TO)


def headlines_of(rows):
    """{record id: what it is called} of findings; one query a kind of record."""
    kinds = {document.slug: document for document in subsystems()}
    kinds |= {
        slug: subsystem(slug) for slug in {row.get("document") or "" for row in rows} if is_survey(slug)
    }
    names = {}
    for slug in {row["document"] for row in rows if row.get("document") in kinds}:
        ids = [row["record"] for row in rows if row.get("document") == slug]
        areas = list({row["area_code"] for row in rows})
        for plain in collection(kinds[slug]).find({"area_code": {"$in": areas}, "_id": {"$in": ids}}):
            names[plain["_id"]] = kinds[slug].headline(plain)
    return names


def sums_of(checkups):
    """{'counts', 'codes'} added up over several Checkups."""
    counts, codes = Counter(), Counter()
    for each in checkups:
        counts.update(each.get("counts") or {})
        codes.update(each.get("codes") or {})
    return {"counts": counts, "codes": codes}


def kept_apart(codes, round_):
    """({code: number} that may be told one by one, how many findings the others are together) of {code: number}.

    How often a check of a sensitive field finds something in a school tells of the few it is about (domain.md 6, rule 4):
    who may not see that class is told those codes as one number.
    """
    sensitive = {name for document in documents_of(round_.subsystem) for name in _sensitive(document, round_)}
    private = {GONE.code} | {
        check.code
        for check in all_checks_in(round_.area_code)
        if check.subsystem == round_.subsystem and sensitive & set(check.fields)
    }
    told = {code: number for code, number in codes.items() if code not in private}
    return told, sum(codes.values()) - sum(told.values())


def _sensitive(document, round_):
    """Names of the sensitive fields that records of a document have, or had, in the round's area."""
    known = ever_declared(document, round_.area_code)
    return {name for name, field in known.items() if field.personal == SENSITIVE}


def checkups_in(round_, user=None):
    """{school code: Checkup dict} of a round, as stored; of the schools this person may see the submissions of."""
    place = {
        "area_code": round_.area_code, "academic_year": round_.academic_year, "subsystem": round_.subsystem,
        "round": round_.code,
    }  # fmt: skip
    query = place if user is None else {"$and": [place, visible_submissions(user)]}
    return {row["school_code"]: row for row in collection(Checkup).find(query)}


# ---- a whole round ----


@job_kind("check_round", "ตรวจสอบข้อมูลทั้งเขต", "Check the whole area", so_far=counted_so_far)
def check_round(job, progress):
    """Work out anew what is stale of a round, a few schools at a time."""
    round_ = find_round(job.area_code, job.subsystem, job.academic_year, job.round)
    stale = stale_among(list(submissions_of(round_).exclude("moves", "versions")))
    progress.begin(len(stale), "โรงเรียน")
    for first in range(0, len(stale), AT_ONCE):
        batch = stale[first : first + AT_ONCE]
        refresh_all(batch)
        progress.at(first + len(batch))
    sums = sums_of(checkups_in(round_).values())["counts"]
    said = f"ตรวจแล้ว {len(stale):,} โรงเรียน พบข้อผิดพลาด {sums['errors']:,} ข้อ และคำเตือนที่ยังไม่ชี้แจง {sums['warnings']:,} ข้อ"
    return {"summary": [said]}

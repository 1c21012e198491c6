"""Carry-over (ยกข้อมูลจากรอบก่อน): a round begins with what the same schools had in the last one of its subsystem.

Every record that goes on keeps its lineage and is marked as not reviewed (ยังไม่ได้ทบทวน) until somebody looks it over or
changes it. What becomes of a record is its document's to say (`Record.carried`, `outcome`, `not_carried`): pupils are
promoted at a new year, those who left are left out. A school is carried over once: its submission says so in the
transaction that stores its records, so that a second run, or one after a kill in the middle, passes it by.
"""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from documents import clock
from documents.background.jobs import job_kind
from documents.checking.contexts import taught_in
from documents.clock import naive
from documents.collecting.rounds import DRAFTS, get_round, round_before
from documents.collecting.submissions import SEALED, WRITABLE, Submission, submissions_of, units_of
from documents.database import collection
from documents.district.schools import School
from documents.errors import DuplicateKey, NotAllowed, WrongState
from documents.people.users import System
from documents.records.change import Copy
from documents.records.codelists import of_area
from documents.records.digests import BOOKKEEPING, by_school
from documents.records.kinds import documents_in
from documents.records.record import Place, keys, keys_of
from documents.records.writing import carrying

BATCH = 2000  # records of one transaction, about; whole schools
ATTEMPTS = 3  # of a batch that somebody typed one of the same records into meanwhile
OUTCOMES = {
    "carried": ("ยกมาตามเดิม", "Carried over as they stand", "work"),
    "left": ("ไม่ยกมา", "Left out", "idle"),
    "there": ("มีอยู่ในรอบนี้แล้ว", "In this round already", "idle"),
}
WRITER = System("ยกข้อมูลจากรอบก่อน")


@dataclass
class Outlook:
    """What a carry-over will do: {slug: {outcome: records}} from one round to another, and which schools it passes by."""

    from_round: object
    to_round: object
    schools: int = 0
    empty: int = 0  # of the round, with nothing in the one before: they begin with an empty list
    already: int = 0  # carried over before
    shut: int = 0  # confirmed or later: nothing is written there any more
    not_sealed: int = 0  # still open in the round before: what is changed there from now on does not follow
    gone: int = 0  # of the round before, with records, but not in this one
    records: dict = field(default_factory=dict)
    total: int = 0  # records that will be written, where none of them is there already
    there: int = 0  # records that the schools of it have in the round already; the same ones are passed by


def outcomes_of(document):
    """{name: (Thai, English, tone)} of what a carry-over makes of a document's records, in order."""
    return document.outcomes | OUTCOMES


def outlook(round_):
    """The Outlook of a round's carry-over, None where there is no round before it: reads no more than it must.

    Of a round that is not open yet it tells of the units that it will have.
    """
    before = round_before(round_)
    if before is None:
        return None
    with of_area(round_.area_code):
        return _outlook(round_, before)


def _outlook(round_, before):
    ours, theirs = _units_in(round_), {each.school_code: each for each in _slim(before)}
    left = {each.school_code for each in ours if _is_left(each)}
    found = Outlook(before, round_, already=sum(bool(each.carried) for each in ours))
    found.shut = sum(not each.carried and each.state not in WRITABLE for each in ours)
    sources = {code: each for code, each in theirs.items() if any(each.counts.values())}
    found.gone = len(sources.keys() - {each.school_code for each in ours})
    found.schools = len(left & sources.keys())
    found.empty = len(left - sources.keys())
    found.not_sealed = sum(sources[code].state not in SEALED for code in left & sources.keys())
    taught, documents = taught_in(round_.area_code, sorted(left)), documents_in(round_)
    filled = [each for each in ours if each.school_code in left & sources.keys()]
    found.there = sum(each.counts.get(document.slug, 0) for each in filled for document in documents)
    for document in documents:
        counts = Counter()
        for code, values, number in _alike(document, before, left):
            name, kept = document.outcome(values, before, round_, taught.get(code))
            counts[name] += number
            found.total += number if kept is not None else 0
        found.records[document.slug] = dict(counts)
    return found


def _units_in(round_):
    """The round's submissions; those it will have where it is not open yet."""
    if round_.state not in DRAFTS:
        return list(_slim(round_))
    units = School.objects(area_code=round_.area_code, status="open", kind__in=units_of(round_.subsystem))
    return [Submission(school_code=school.code, state="draft") for school in units.only("code")]


def _slim(round_):
    return submissions_of(round_).only("school_code", "state", "counts", "carried", "area_code")


def _is_left(submission):
    """Whether a submission is still to be carried over."""
    return submission.state in WRITABLE and not submission.carried


def _alike(document, before, codes):
    """Yield (school code, values, how many records have them) of the records of some schools.

    What becomes of a record is asked once for all that are alike in what it is read from.
    """
    place = {"area_code": before.area_code, "academic_year": before.academic_year, "round": before.code}
    if document.carried_by is None:
        for row in collection(document).find(place):
            if row["school_code"] in codes:
                yield row["school_code"], row, 1
        return
    asked = {name: f"${name}" for name in ("school_code", *document.carried_by)}
    pipeline = [{"$match": place}, {"$group": {"_id": asked, "number": {"$sum": 1}}}]
    for row in collection(document).aggregate(pipeline, hint="area_order"):
        if row["_id"].get("school_code") in codes:
            yield row["_id"]["school_code"], row["_id"], row["number"]


def is_left(round_):
    """Whether there is a round before, and a school that nothing was carried over to from it: two small questions."""
    place = {"area_code": round_.area_code, "academic_year": round_.academic_year}
    place |= {"subsystem": round_.subsystem, "round": round_.code, "state": {"$in": list(WRITABLE)}}
    one = collection(Submission).find_one(place | {"carried": {"$exists": False}}, {"_id": 1})
    return one is not None and round_before(round_) is not None


# ---- doing it ----


def refuse_unable(round_, actor):
    """Raise what stands against a carry-over: who asks for it, a round that does not run, none before it."""
    if not actor.is_system and not any(
        actor.holds(role, round_.area_code) for role in ("approver", "district")
    ):
        raise NotAllowed("เฉพาะเจ้าหน้าที่เขตหรือผู้รับรองระดับเขตเท่านั้นที่ยกข้อมูลจากรอบก่อนได้")
    if not round_.running:
        raise WrongState(f"รอบ {round_} ไม่ได้เปิดรับข้อมูลอยู่ จึงยกข้อมูลจากรอบก่อนไม่ได้")
    if round_before(round_) is None:
        raise WrongState(f"ไม่มีรอบก่อนรอบ {round_} จึงไม่มีข้อมูลให้ยกมา")


def carried_so_far(job):
    """Sentences of how many schools a carry-over that was stopped has filled, and how many not."""
    round_ = get_round([job.area_code], job.arguments["round_id"])
    units = list(_slim(round_))
    done, left = sum(bool(each.carried) for each in units), sum(_is_left(each) for each in units)
    return [f"ยกข้อมูลมาครบแล้ว {done:,} โรงเรียน ยังไม่ได้ยก {left:,} โรงเรียน สั่งยกข้อมูลอีกครั้งเพื่อทำต่อได้"]


@job_kind("carry_over", "ยกข้อมูลจากรอบก่อน", "Carry over from the round before", so_far=carried_so_far)
def carry_over_job(job, progress, round_id):
    """The job of `carry_over`, as whoever asked for it still may."""
    round_ = get_round([job.area_code], round_id)
    refuse_unable(round_, job.actor)
    before = round_before(round_)
    sources = {each.school_code for each in _slim(before) if any(each.counts.values())}
    earlier = sum(bool(each.carried) and each.school_code in sources for each in _slim(round_))
    done, schools = carry_over(round_, job.actor, progress)
    if not schools:
        return {"summary": [f"ยกข้อมูลจากรอบ {before.label} ครบทุกโรงเรียนแล้ว ครั้งนี้ไม่ได้ยกมาเพิ่ม"]}
    said = [f"ยกข้อมูลจากรอบ {before.label} ของ {schools:,} โรงเรียน"]
    if earlier:
        said.append(f"ก่อนหน้านี้ยกไปแล้ว {earlier:,} โรงเรียน จำนวนต่อไปนี้เป็นของครั้งนี้เท่านั้น")
    for document in documents_in(round_):
        words = outcomes_of(document)
        told = [
            f"{words[name][0]} {done[document.slug, name]:,}" for name in words if done[document.slug, name]
        ]
        if told:
            said.append(f"{document.label}: " + " · ".join(told))
    return {"summary": said}


def carry_over(round_, asked_by, progress=None):
    """Fill a round from the one before, some schools at a time; gives ({(slug, outcome): records}, schools written).

    While the database stores some schools, the next ones are read and made ready.
    """
    before = round_before(round_)
    with of_area(round_.area_code), ThreadPoolExecutor(1) as behind:
        left = {each.school_code: each for each in _slim(round_) if _is_left(each)}
        slugs = [document.slug for document in documents_in(round_)]
        sizes = {each.school_code: sum(each.counts.get(slug, 0) for slug in slugs)
                 for each in _slim(before) if each.school_code in left}  # fmt: skip
        if progress:
            progress.begin(sum(sizes.values()), "รายการ")
        this = _Carrying(before, round_, taught_in(round_.area_code, sorted(sizes)), asked_by)
        done, schools, read, under_way = Counter(), 0, 0, None
        for codes in [*_batches(sizes), None]:
            ready = codes and this.ready(codes)
            if under_way:
                those, told, stored = under_way
                done.update(_finished(this, those, told, stored))
                schools += sum(sizes[code] > 0 for code in those)
                read += sum(sizes[code] for code in those)
                if progress:
                    progress.at(read)
            under_way = codes and (codes, ready[1], behind.submit(ready[0]).result)
    return done, schools


def _finished(this, codes, told, stored):
    """{(slug, outcome): records} of some schools once they are stored.

    Where somebody typed one of their records at that very moment, or a school was confirmed, or carried over by another
    run, what is there is read again.
    """
    for _ in range(ATTEMPTS):
        try:
            stored()
        except (DuplicateKey, WrongState) as error:
            codes = [
                each.school_code for each in _slim(this.round) if each.school_code in codes and _is_left(each)
            ]
            if not codes:
                return Counter()
            refused = error
            stored, told = this.ready(codes)
        else:
            return told
    raise refused


def _batches(sizes):
    """Lists of school codes that together have about BATCH records."""
    some, number = [], 0
    for code in sorted(sizes):
        if some and number + sizes[code] > BATCH:
            yield some
            some, number = [], 0
        some.append(code)
        number += sizes[code]
    if some:
        yield some


class _Carrying:
    """What one carry-over knows: from where to where, by whom, and what becomes of records that are alike."""

    def __init__(self, before, round_, taught, asked_by):
        self.before, self.round, self.taught = before, round_, taught
        self.said = {"from": before.label, "at": naive(clock.now()), "by_name": asked_by.name}
        self.reason = f"ยกมาจากรอบ {before.label} ตามคำสั่งของ{asked_by.name}"
        self.documents = documents_in(round_)
        self.known = {}

    def ready(self, codes):
        """(what stores the copies of some schools, {(slug, outcome): records})."""
        copies, told = [], Counter()
        for document in self.documents:
            self._copy(document, codes, copies, told)
        said = {_place(self.round, code): self.said for code in codes}
        return carrying(copies, self.round, WRITER, self.reason, said), told

    def _copy(self, document, codes, copies, told):
        source = Place(self.before.area_code, self.before.academic_year, self.before.code, "")
        there = _There(document, self.round, codes)
        for code, rows in by_school(document, source, codes):
            rows = list(rows)
            there.look(rows)
            here = _place(self.round, code)
            for row in rows:
                name, dropped, given, renamed = self._becomes(document, row, code)
                if dropped is not None and there.has(code, row):
                    name, dropped = "there", None
                told[document.slug, name] += 1
                if dropped is not None:
                    values = {key: value for key, value in row.items() if key not in dropped} | given
                    if renamed:
                        values |= keys_of(document, values)
                    copies.append(Copy(document, here, values, row["lineage"]))

    def _becomes(self, document, row, code):
        """(outcome, names of what is not copied, values that are others, whether its order is another) of a record.

        The names are None where it is left out. Worked out once for all that are alike in what their document reads (`carried_by`).
        """
        if document.carried_by is None:
            return self._worked_out(document, row, code)
        key = (document.slug, self.taught.get(code), *(_plain(row.get(name)) for name in document.carried_by))
        if key not in self.known:
            self.known[key] = self._worked_out(document, row, code)
        return self.known[key]

    def _worked_out(self, document, row, code):
        bookkeeping = BOOKKEEPING - {"sort_key", "search_key", "likeness"} | {
            *document.not_carried,
            *document.former,
        }
        values = {name: value for name, value in row.items() if name not in bookkeeping}
        name, kept = document.outcome(dict(values), self.before, self.round, self.taught.get(code))
        if kept is None:
            return name, None, {}, False
        given = {one: value for one, value in kept.items() if values.get(one) != value}
        dropped = frozenset(bookkeeping | (values.keys() - kept.keys()))
        renamed = not {*document.order, *document.search}.isdisjoint(dropped | given.keys())
        return name, dropped, given, renamed


def _plain(value):
    """A stored value that can stand in a key."""
    return tuple(value) if isinstance(value, list) else value


def _place(round_, code):
    return Place(round_.area_code, round_.academic_year, round_.code, code)


class _There:
    """What of a document is in the round already: by lineage in any school, and by key in the schools at hand."""

    def __init__(self, document, round_, codes):
        self.document, self.keys = document, keys(document)
        self.place = {
            "area_code": round_.area_code,
            "academic_year": round_.academic_year,
            "round": round_.code,
        }
        wanted = dict.fromkeys(["school_code", *(name for key in self.keys for name in key)], 1)
        self.taken = set()
        for row in collection(document).find(self.place | {"school_code": {"$in": codes}}, wanted):
            self.taken.update(self._held(row["school_code"], row))
        self.lineages = set()

    def look(self, rows):
        """Look for the lineages of some records in the whole area: a pupil may have moved within the round."""
        asked = {"area_code": self.place["area_code"], "lineage": {"$in": [row["lineage"] for row in rows]}}
        asked |= {name: self.place[name] for name in ("academic_year", "round")}
        found = collection(self.document).find(asked, {"lineage": 1, "_id": 0}).hint("lineage")
        self.lineages = {row["lineage"] for row in found}

    def has(self, code, row):
        """Whether a record, or another with one of its keys, is there; if not, its keys are taken from now on."""
        if row["lineage"] in self.lineages:
            return True
        held = self._held(code, row)
        if not held.isdisjoint(self.taken):
            return True
        self.taken |= held
        return False

    def _held(self, code, row):
        found = ((code, key, tuple(row.get(name) for name in key)) for key in self.keys)
        return {one for one in found if None not in one[2]}

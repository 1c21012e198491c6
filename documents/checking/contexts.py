"""Contexts (สิ่งที่ใช้เทียบ): what the checks look at beside a school's records, asked a few schools at a time.

That is the round, the levels the school teaches, the bounds of the year, the required fields, what the subsystem's own
module asks for, the figures of other subsystems, and what the same school had in the rounds before.
"""

from dataclasses import replace

from documents.checking import checks
from documents.checking.check_rules import checks_made_in
from documents.checking.checks import Context
from documents.checking.limits import limits_by, limits_question
from documents.collecting.rounds import rounds_before
from documents.collecting.submissions import Submission
from documents.database import asked_together, collection
from documents.district.schools import School
from documents.records import linked
from documents.records.codelists import code_list, of_area
from documents.records.completeness import required_of
from documents.records.declarations import declaration, definitions_of
from documents.records.kinds import documents_of
from documents.records.record import declared
from documents.trail.history import fingerprint


def contexts_of(round_, codes, taught=None, rows=None, ask=asked_together):
    """{school code: Context} of schools in a round; one query a kind of thing, however many schools.

    `taught` is what a caller has read already. With `rows`, stored dicts of a page, only what single records are judged
    by is asked, of those; the rounds before and the required fields are left out, which a page asks for itself; `ask` may ask something else in the same command.
    """
    area, year, subsystem = round_.area_code, round_.academic_year, round_.subsystem
    rules = checks.rules_of(subsystem)
    whole = rows is None
    kinds = documents_of(subsystem) if whole else ()
    required = {document.slug: required_of(document, area, year) for document in kinds}
    asked = rules.questions(round_, codes, rows) if rules.questions else {}
    found = ask({"limits": limits_question(area, subsystem, year), **asked})
    limits = limits_by(found["limits"], subsystem, year)
    beside = rules.beside(found, rows) if rules.beside else {}
    taught = taught_in(area, codes) if taught is None else taught
    elsewhere = _linked(area, year, rules.linked, codes)
    earlier = _earlier(rounds_before(round_, rules.back), codes) if whole else {}
    gone = _gone(area, year, subsystem)
    added = tuple((each.name, each.revision) for document in kinds for each in definitions_of(document, area))
    local = checks_made_in(area, subsystem, year)
    return {
        code: Context(
            year, round_.code, round_.as_of, taught.get(code), limits, required, beside.get(code, {}),
            elsewhere.get(code, {}), *earlier.get(code, ((), ())), of=round_, school=code, gone=gone, added=added,
            local=local,
        )
        for code in codes
    }  # fmt: skip


def _gone(area_code, academic_year, subsystem):
    """{slug: {field: codes that cannot be chosen in the year}} of the kinds of record that hold such a choice."""
    found = {}
    with of_area(area_code):
        for document in documents_of(subsystem):
            for name, one in declared(declaration(document, area_code, academic_year)).items():
                codes = code_list(one.codelist) if one.codelist else None
                past = codes and frozenset(
                    code for code in codes.bounded if codes.refusal(code, academic_year)
                )
                if past:
                    found.setdefault(document.slug, {})[name] = past
    return found


def taught_in(area_code, codes):
    """{school code: (first, last) grade} of the schools that say both."""
    found = collection(School).find(
        {"area_code": area_code, "code": {"$in": codes}}, {"code": 1, "grade_from": 1, "grade_to": 1}
    )
    grades = ((row["code"], (row.get("grade_from"), row.get("grade_to"))) for row in found)
    return {code: pair for code, pair in grades if all(pair)}


def _linked(area_code, academic_year, wanted, codes):
    """{school code: {subsystem: counters}} of other subsystems, those counters alone that the checks name."""
    schools = {}
    for subsystem, names in wanted.items():
        for code, counters in linked.counts(area_code, academic_year, subsystem, codes).items():
            kept = counters if names is None else {name: counters.get(name, 0) for name in names}
            schools.setdefault(code, {})[subsystem] = kept
    return schools


def _earlier(rounds, codes):
    """{school code: (its counters in each of the rounds, its write counters there)}."""
    schools = {code: ([{} for _ in rounds], [None] * len(rounds)) for code in codes}
    for number, round_ in enumerate(rounds):
        place = {"area_code": round_.area_code, "academic_year": round_.academic_year}
        place |= {"subsystem": round_.subsystem, "round": round_.code, "school_code": {"$in": codes}}
        for row in collection(Submission).find(place, {"school_code": 1, "counts": 1, "writes": 1}):
            counts, writes = schools[row["school_code"]]
            counts[number], writes[number] = row.get("counts") or {}, row.get("writes")
    return {code: tuple(map(tuple, pair)) for code, pair in schools.items()}


class Before:
    """Records of one kind as they stood in the rounds before; read when the first is asked for, all of them at once.

    `narrowed` is the part of the filter that says which: a school, or the lineages of a page.
    """

    def __init__(self, document, round_, names, narrowed):
        self.document, self.round, self.names, self.narrowed = document, round_, names, narrowed
        self.found = None

    def __call__(self, lineage):
        """A tuple of plain dicts, the newest round first."""
        if self.found is None:
            self.rounds = rounds_before(self.round, checks.rules_of(self.round.subsystem).back)
            self.found = self._read()
        return self.found.get(lineage) or tuple({} for _ in self.rounds)

    def _read(self):
        found, wanted = {}, dict.fromkeys(("lineage", *self.names), 1)
        for number, round_ in enumerate(self.rounds):
            place = {
                "area_code": round_.area_code,
                "academic_year": round_.academic_year,
                "round": round_.code,
            }
            for row in collection(self.document).find(place | self.narrowed, wanted):
                found.setdefault(row["lineage"], [{} for _ in self.rounds])[number] = row
        return {lineage: tuple(rows) for lineage, rows in found.items()}


def looking_back(document, context, round_, school_code):
    """The Context of a school with which its records of a kind are compared with those of the rounds before."""
    names = checks.fields_before(document)
    if not names:
        return context
    return replace(context, before=Before(document, round_, names, {"school_code": school_code}))


def looking_back_all(document, contexts, round_, rows):
    """The Contexts {school code: Context} for the stored records of a page."""
    names = checks.fields_before(document)
    if not names:
        return contexts
    before = Before(document, round_, names, {"lineage": {"$in": [row.get("lineage") for row in rows]}})
    return {code: replace(context, before=before) for code, context in contexts.items()}


def stamp_of(context):
    """A short value that is another when the same records would be judged in another way."""
    beside = [
        checks.VERSION, context.as_of, context.taught, sorted(context.limits.items()), context.earlier,
        context.earlier_writes, context.linked, context.beside, context.added,
        {slug: sorted(names) for slug, names in context.required.items()},
        {slug: {name: sorted(codes) for name, codes in each.items()} for slug, each in context.gone.items()},
        [(check.key, check.version) for rows in context.local.values() for check in rows],
    ]  # fmt: skip
    return fingerprint(beside)

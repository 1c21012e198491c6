"""Totals (ยอด): what a file holds, counted from the rows that go into it, against what the control room shows."""

from collections import Counter
from dataclasses import dataclass

from documents.errors import TotalsDiffer
from documents.records.codelists import code_list
from documents.records.kinds import documents_of
from exports.dmc.reports import GRADES, SEXES

PUPILS = "students"
WORDS = {"pupils": "นักเรียนที่นับเป็นยอด", "male": "ชาย", "female": "หญิง", "classrooms": "ห้องเรียน"}
BY_GRADE = tuple(f"{sex.lower()}{grade}" for grade in GRADES for sex in SEXES)
OF_PUPILS = (*WORDS, *BY_GRADE)
NAMED = 3  # schools named in a refusal


@dataclass(frozen=True)
class Difference:
    """One total of one school: how much the file holds and how much the control room says."""

    school_code: str
    name: str
    written: int
    kept: int


class Tallies:
    """Counts records by school as they pass; of many alike only one is asked for its tally."""

    def __init__(self):
        self.alike = {}

    def passing(self, document, rows):
        """Yield the rows (stored dicts) as they come, each counted."""
        names = document.tallied
        alike = self.alike.setdefault(document, Counter())
        for row in rows:
            alike[row["school_code"], *(row.get(name) for name in names)] += 1
            yield row

    def by_school(self):
        """{school code: Counter} of what passed."""
        found = {}
        for document, alike in self.alike.items():
            for (code, *values), number in alike.items():
                tally = document.tally(dict(zip(document.tallied, values, strict=True)))
                counts = found.setdefault(code, Counter())
                for name, value in tally.items():
                    counts[name] += value * number
        return found


def refuse_differing(facts, found, names=None):
    """Raise TotalsDiffer, naming schools and by how much, where `found` {school code: Counter} is not what the
    control room shows of the schools of `facts`; `names` are the counters asked for, all that a file holds without.
    """
    if wrong := differences(facts, found, names):
        codes = list(dict.fromkeys(one.school_code for one in wrong))
        told = "; ".join(_told(facts, wrong, code) for code in codes[:NAMED])
        more = f" และอีก {len(codes) - NAMED:,} โรงเรียน" if len(codes) > NAMED else ""
        raise TotalsDiffer(
            f"ยอดที่นับจากรายการไม่ตรงกับหน้าติดตามการรายงาน จึงไม่ส่งออก: {told}{more} "
            "กรุณาแจ้งผู้ดูแลระบบให้ตรวจประวัติของโรงเรียนนี้ แล้วส่งออกใหม่"
        )


def differences(facts, found, names=None):
    """[Difference] of the schools whose counters are not what was found, the plainest counter first."""
    names = names or names_in(facts, found)
    return [
        Difference(school["code"], name, found.get(school["code"], {}).get(name, 0), kept)
        for school in facts.schools
        for name in names
        if (kept := (school.get("counts") or {}).get(name, 0)) != found.get(school["code"], {}).get(name, 0)
    ]


def names_in(facts, found):
    """The counters that a file of every record stands for: of each document its records, of pupils all sums too."""
    listed = [one for one in facts.documents if one.listed]
    of_pupils = OF_PUPILS if any(one.slug == PUPILS for one in listed) else ()
    others = {name for counts in found.values() for name in counts} - set(of_pupils)
    return [*dict.fromkeys([*(one.slug for one in listed), *of_pupils, *sorted(others)])]


def _told(facts, wrong, code):
    """The first total that differs in one school, in words."""
    one = next(each for each in wrong if each.school_code == code)
    return (
        f"{facts.names[code]} {words_of(facts, one.name)} ในรายการ {one.written:,} หน้าติดตามการรายงาน {one.kept:,} "
        f"(ต่างกัน {one.written - one.kept:+,})"
    )


def words_of(facts, name):
    """What a counter counts, in words."""
    if name in BY_GRADE:
        return f"{'ชาย' if name[0] == 'm' else 'หญิง'} {code_list('GRADE').short(name[1:]) or name[1:]}"
    labels = {one.slug: one.label for one in documents_of(facts.round.subsystem)}
    return WORDS.get(name) or labels.get(name, "รายการ")

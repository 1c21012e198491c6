"""What the EMIS reports are made of: staff, technology and place in the area's list of each school, and its pupils of DMC."""

from collections import Counter
from dataclasses import dataclass

from documents.database import collection
from documents.district import places
from documents.district.schools import School, size_band
from documents.emis import emis_numbers
from documents.emis.technology import Technology
from documents.people import access
from documents.records import linked
from documents.records.codelists import code_list
from exports.collecting.round_workbook import Facts, facts_of
from exports.workbooks.totals import refuse_differing

OF_STAFF = ("people", "male", "female", "technology", "pc_teach", "pc_admin", "pc_teach_ok", "pc_admin_ok")


@dataclass
class SchoolFigures:
    """All that the reports say of one school; `profile` is its technology, `school` its place in the area's list."""

    code: str
    name: str
    cluster: str
    school: dict
    pupils: dict
    rooms: int
    staff: Counter
    teachers: int
    profile: dict
    leader: str | None = None

    def people(self, position=None, standing=None, sex=None):
        """Persons in service, narrowed by codes."""
        wanted = (position, standing, sex)
        return sum(
            many
            for key, many in self.staff.items()
            if all(asked is None or asked == said for asked, said in zip(wanted, key, strict=True))
        )

    @property
    def size(self):
        """The words of its size band by the pupils of the year."""
        band = size_band(self.pupils.get("pupils", 0), self.school.get("area_code", ""))
        return code_list("SCHOOL_SIZE").label(band)

    @property
    def district(self):
        """The name of its district."""
        return places.name(self.school.get("district") or "") or "ไม่ระบุอำเภอ"


@dataclass
class Report:
    """What the workbook is made of: the round's Facts, the SchoolFigures in code order, and the round that pupils are of."""

    facts: Facts
    schools: list
    pupils_round: object = None
    with_names: bool = False


def read(round_, user):
    """The Report of a round for a person."""
    facts = facts_of(round_)
    if not user.holds("executive", round_.area_code):
        own = access.open_schools(user, round_.area_code)
        if own is not None:
            facts.schools = [school for school in facts.schools if school["code"] in own]
    codes = sorted(facts.names)
    dmc = linked.round_of(round_.area_code, round_.academic_year, "DMC")
    pupils = linked.counts_in(dmc, codes) if dmc else {}
    with_names = any(access.sees(user, round_.area_code, code) for code in codes[:1])
    staff, profiles = emis_numbers.staff_counted(round_, codes), emis_numbers.profiles_of(round_, codes)
    refuse_differing(facts, recounted(codes, staff, profiles), OF_STAFF)
    leaders = emis_numbers.leaders_of(round_, codes) if with_names else {}
    teachers = emis_numbers.teachers_counted(round_, codes)
    known = listed(round_.area_code, codes)
    schools = [
        SchoolFigures(
            code=school["code"],
            name=school["name"],
            cluster=school.get("cluster") or "ไม่ระบุกลุ่ม",
            school=known.get(school["code"], {}),
            pupils=pupils.get(school["code"], {}),
            rooms=pupils.get(school["code"], {}).get("classrooms", 0),
            staff=staff.get(school["code"], Counter()),
            teachers=teachers[school["code"]],
            profile=profiles.get(school["code"], {}),
            leader=leaders.get(school["code"]),
        )
        for school in sorted(facts.schools, key=lambda each: each["code"])
    ]
    return Report(facts, schools, dmc, with_names)


def listed(area_code, codes):
    """{school code: what the area's list says of it}."""
    names = ("code", "area_code", "name", "moe_code", "obec_code", "cluster", "grade_from", "grade_to", "subdistrict",
             "district", "phone", "email", "website", "local_gov")  # fmt: skip
    found = collection(School).find({"area_code": area_code, "code": {"$in": codes}}, dict.fromkeys(names, 1))
    return {row["code"]: row for row in found}


def recounted(codes, staff, profiles):
    """{school code: Counter} of the control room's counters, counted from the records themselves."""
    found = {}
    for code in codes:
        people = staff.get(code, Counter())
        found[code] = Counter(
            people=sum(people.values()),
            male=sum(many for key, many in people.items() if key[2] == "M"),
            female=sum(many for key, many in people.items() if key[2] == "F"),
        )
        if code in profiles:
            found[code].update(Technology.tally(profiles[code]))
    return found

"""The office and its schools, as stored."""

from documents.database import collection
from documents.district import places
from documents.district.schools import Area, School, size_band
from documents.people.users import System
from documents.records.pictures import put_many
from documents.trail import history
from scripts.demo.chance import chance
from scripts.demo.plan import AREA, AREA_NAME, AREA_SHORT, PROVINCE
from scripts.demo.profiles import profile
from scripts.demo.sketches import VARIANTS, site_plan

WRITER = System("ระบบตัวอย่าง")


def store(plans, directors):
    """Store the area, the office as a unit of its own, and the schools, each with its first event."""
    clusters = list(dict.fromkeys(plan.cluster for plan in plans))
    Area(code=AREA, name=AREA_NAME, short_name=AREA_SHORT, province=PROVINCE, clusters=clusters).save(
        force_insert=True
    )
    rows = [office(), *(school(plan, directors[plan.code]) for plan in plans)]
    with_plans(rows[1:])
    schools = [{**row.to_mongo().to_dict(), "_id": row.id} for row in rows]
    collection(School).insert_many(schools)
    collection(history.AuditEvent).insert_many([first_event(plain) for plain in schools])


def with_plans(schools):
    """Give every school the plan of its ground, without which none confirms its buildings."""
    drawings = [(row.code, site_plan(chance(row.code, "site plan").randrange(VARIANTS))) for row in schools]
    for row, id_ in zip(schools, put_many(drawings, AREA), strict=True):
        row.site_plan = id_


def first_event(plain):
    """The event that a school came into the list."""
    told = {
        name: [None, plain[name]] for name in ("code", "name", "cluster", "subdistrict") if plain.get(name)
    }
    return history.event(
        plain["_id"], {"area_code": AREA, "school_code": plain["code"]}, WRITER, "create", told, None,
        document="schools", headline=plain["name"], number=1,
    )  # fmt: skip


def office():
    """The area office itself, which the subsystems of buildings and equipment cover too."""
    return new(
        code=AREA,
        name=AREA_NAME,
        kind="office",
        subdistrict="340108",
        latitude=15.2496,
        longitude=104.8391,
        phone="045-000-000",
    )


def school(plan, director):
    """One school of the plan; its other codes are as made up as its own."""
    return new(
        code=plan.code,
        obec_code="34" + plan.code[-4:],
        moe_code="103434" + plan.code[-4:],
        name=plan.name,
        kind="school",
        cluster=plan.cluster,
        subdistrict=plan.subdistrict,
        latitude=plan.latitude,
        longitude=plan.longitude,
        grade_from=plan.grades[0],
        grade_to=plan.grades[-1],
        size_band=size_band(plan.pupils),
        director_name=director,
        phone=f"045-000-{int(plan.code[-3:]):03d}",
        **profile(plan),
    )


def new(subdistrict, **values):
    """A School in a sub-district, with an id."""
    from bson import ObjectId

    return School(
        id=ObjectId(),
        area_code=AREA,
        subdistrict=subdistrict,
        district=subdistrict[:4],
        province=subdistrict[:2],
        postcode=places.postcode(subdistrict),
        **values,
    )

"""Areas (สำนักงานเขตพื้นที่การศึกษา): how one comes into the system, before it has any school or officer."""

import re

from bson import ObjectId

from documents.database import collection, in_transaction
from documents.district import places
from documents.district.schools import Area, School
from documents.errors import Invalid, NotAllowed
from documents.formats import thai
from documents.subsidies import rates
from documents.trail import history


def create_area(actor, code, name, short_name="", province=""):
    """Make an area and its office as a unit of its own, each with its first event; gives back the Area.

    `code` has eight digits for a primary area (86010000) and six for a secondary one; a primary area's province follows
    from it, a secondary one's must be given as two digits. Raises NotAllowed for anyone but the operator, Invalid by
    field for what is wrong or already there.
    """
    if not actor.is_system and "*" not in actor.areas("admin"):
        raise NotAllowed("เฉพาะผู้ดูแลระบบทุกเขตเท่านั้นที่เพิ่มเขตได้")
    values = {"code": code.strip(), "name": thai.clean(name), "short_name": thai.clean(short_name)}
    values["province"] = province.strip() or values["code"][:2]
    if wrong := _wrong_with(values):
        raise Invalid({0: wrong})
    area = {"_id": ObjectId(), **{key: value for key, value in values.items() if value}, "clusters": []}
    office = School(
        id=ObjectId(), area_code=area["code"], code=area["code"], name=area["name"], kind="office",
        province=area["province"],
    ).to_mongo().to_dict()  # fmt: skip
    events = [_first_event(actor, "areas", area), _first_event(actor, "schools", office)]

    def work():
        collection(Area).insert_one(dict(area))
        collection(School).insert_one(dict(office))
        collection(history.AuditEvent).insert_many([dict(event) for event in events])

    in_transaction(work)
    rates.seed(area["code"], actor)
    return Area.objects.get(code=area["code"])


def _wrong_with(values):
    """{field: sentence} of what an area cannot be made of."""
    wrong = {}
    if not re.fullmatch(r"\d{4}0000|\d{6}", values["code"]):
        wrong["code"] = "รหัสเขตต้องมี 8 หลักลงท้ายด้วย 0000 (สพป.) หรือ 6 หลัก (สพม.)"
    elif Area.objects(code=values["code"]).first():
        wrong["code"] = f"มีเขตรหัส {values['code']} อยู่แล้ว"
    if not values["name"]:
        wrong["name"] = "โปรดระบุชื่อเขต"
    if not places.name(values["province"]):
        wrong.setdefault("province", "ไม่พบรหัสจังหวัดนี้ กรุณาระบุรหัสจังหวัด 2 หลัก")
    return wrong


def _first_event(actor, document, plain):
    told = {name: [None, plain[name]] for name in ("code", "name", "province") if plain.get(name)}
    return history.event(
        plain["_id"], {"area_code": plain["code"]}, actor, "create", told, None,
        document=document, headline=plain["name"], number=1,
    )  # fmt: skip

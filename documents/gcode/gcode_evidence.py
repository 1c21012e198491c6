"""Evidence of a G-code request (หลักฐานประกอบคำขอ): which pieces an area requires, attaching, taking out, reading.

The files lie where all evidence does (`evidence.py`); a request lists what it has: id, kind (of G_EVIDENCE), media type,
size, digest, who and when. A piece is read by its request alone, which is noted.
"""

from bson import ObjectId

from documents.database import collection, in_transaction
from documents.district.schools import Area
from documents.errors import Invalid, NotAllowed, OutOfScope, WrongState
from documents.gcode.gcode import access_entry
from documents.gcode.gcode_writing import mend, reason_by, role_now
from documents.records import evidence
from documents.records.codelists import code_list
from documents.trail.history import naive_now, note_event

DEFAULT = (
    "form",
    "passport",
    "employer_house",
)  # what one area office demands. Source: domain.md 3.3.2 (S19)
MOST = 12  # pieces of one request


# ---- what is required ----


def required_kinds(area_code):
    """Codes of the pieces that a request of the area must have, in the order of the list."""
    found = Area.objects(code=area_code).only("gcode_evidence").first()
    chosen = DEFAULT if found is None or found.gcode_evidence is None else found.gcode_evidence
    return [code for code in code_list("G_EVIDENCE").codes if code in chosen]


def set_required(area_code, kinds, actor, reason=None):
    """Say which pieces requests of the area must have, from now on. Raises NotAllowed or Invalid."""
    if not any(actor.holds(role, area_code) for role in ("district", "admin")):
        raise NotAllowed("เฉพาะเจ้าหน้าที่เขตหรือผู้ดูแลระบบเท่านั้นที่กำหนดหลักฐานที่ต้องมีได้")
    listed = code_list("G_EVIDENCE")
    if not set(kinds) <= set(listed.codes):
        raise Invalid({0: {"kinds": "กรุณาเลือกหลักฐานจากรายการ"}})
    chosen = [code for code in listed.codes if code in kinds]
    before = required_kinds(area_code)
    if chosen == before:
        return

    def work():
        area = Area.objects(code=area_code).get()
        collection(Area).update_one({"_id": area.id}, {"$set": {"gcode_evidence": chosen}})
        note_event(
            area_code, actor, "settings", "gcode", area.id, {"gcode_evidence": [before, chosen]}, reason
        )

    in_transaction(work)


def pieces_in_words(evidence, required):
    """('2/3' of the required pieces that a list of evidence holds, whether none lacks); how many there are where none is."""
    if not required:
        return f"{len(evidence):,}", True
    there = len(required & {one["kind"] for one in evidence})
    return f"{there}/{len(required)}", there == len(required)


def lacking(request):
    """Codes of the required pieces that a request does not have, or whose stored file is gone or another one."""
    stored = evidence.still_there(row["id"] for row in request.evidence)
    there = {row["kind"] for row in request.evidence if stored.get(row["id"]) == row["digest"]}
    return [code for code in required_kinds(request.area_code) if code not in there]


def says_lacking(kinds):
    """The sentence that names lacking pieces."""
    listed = code_list("G_EVIDENCE")
    return f"ยังขาดหลักฐานที่เขตกำหนด: {', '.join(listed.short(kind) for kind in kinds)} กรุณาแนบให้ครบ"


# ---- attaching and taking out ----


def attach(request, kind, content, actor, reason=None):
    """Attach a piece of evidence, the bytes of an uploaded file; gives the fresh request. What is there is not attached again.

    Raises OutOfScope or WrongState where this person does not change it now, Invalid under `kind` or `evidence`.
    """
    role = role_now(request, actor)
    if kind not in code_list("G_EVIDENCE").codes:
        raise Invalid({0: {"kind": "กรุณาเลือกว่าเป็นหลักฐานใด"}})
    if len(request.evidence) >= MOST:
        raise Invalid({0: {"evidence": f"แนบได้ไม่เกิน {MOST} ไฟล์ กรุณานำไฟล์ที่ไม่ใช้ออกก่อน"}})
    said = reason_by(role, reason)
    kept = evidence.keep(content, request.area_code, request.school_code)
    same = [one["id"] for one in request.evidence if (one["kind"], one["digest"]) == (kind, kept.digest)]
    if kept.digest in evidence.still_there(same).values():
        evidence.drop(kept.id)
        return request
    row = {
        "id": kept.id, "kind": kind, "media": kept.kind, "size": kept.size, "digest": kept.digest,
        "at": naive_now(), "by": actor.id, "by_name": actor.name,
    }  # fmt: skip
    try:
        return mend(
            request, {"evidence": [None, kind]}, actor, role, said, action="attach", lists={"$push": {"evidence": row}}
        )  # fmt: skip
    except BaseException:
        evidence.drop(kept.id)
        raise


def detach(request, id_, actor, reason=None):
    """Take a piece out, which deletes its file; gives the fresh request. Raises as `attach` does."""
    role = role_now(request, actor)
    row = piece(request, id_)
    said = reason_by(role, reason)
    done = mend(
        request, {"evidence": [row["kind"], None]}, actor, role, said, action="detach",
        lists={"$pull": {"evidence": {"id": row["id"]}}},
    )  # fmt: skip
    evidence.drop(row["id"])
    return done


def piece(request, id_):
    """The listed piece of an id; raises OutOfScope for any other."""
    wanted = ObjectId(id_) if ObjectId.is_valid(str(id_ or "")) else None
    found = next((row for row in request.evidence if row["id"] == wanted), None)
    if found is None:
        raise OutOfScope("ไม่พบหลักฐานนี้ในคำขอ อาจถูกนำออกไปแล้ว กรุณาเปิดหน้านี้ใหม่")
    return found


# ---- reading ----


def read(request, id_, actor):
    """(bytes, media type) of a piece of a request this person may see; noted. Raises OutOfScope or WrongState."""
    row = piece(request, id_)
    if evidence.still_there([row["id"]]).get(row["id"]) != row["digest"]:
        raise WrongState("ไฟล์ของหลักฐานนี้ไม่อยู่แล้วหรือถูกเปลี่ยน กรุณาส่งกลับให้โรงเรียนแนบใหม่")
    content = evidence.read(row["id"])
    told = {
        "case": [None, request.request_no],
        "piece": [None, row["kind"]],
        "record": [None, str(request.id)],
    }
    note_event(request.area_code, actor, "evidence", "access", actor.id, told, seen=access_entry(request))
    return content, row["media"]

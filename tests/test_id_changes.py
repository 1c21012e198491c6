"""A change of a pupil's number: free in a first draft, afterwards a request with evidence that the district decides."""

import io

import gridfs
import pytest
from PIL import Image

from documents.collecting.moves import move
from documents.collecting.submissions import find_submission
from documents.database import collection
from documents.dmc import id_changes
from documents.dmc.id_changes import IdChange, answer, ask
from documents.dmc.students import Student
from documents.errors import DuplicateKey, Invalid, NotAllowed, OutOfScope, WrongState
from documents.formats.citizen_id import mask_id
from documents.records import evidence
from documents.records.removed import bring_back
from documents.records.writing import Change, remove, write
from documents.trail import history, verifying
from tests.districts import bring
from tests.people import AREA, OTHER, person, place
from tests.pupils import number, pupil

WRONG = "1103702071811"
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


def picture(kind="JPEG", size=(40, 30), **more):
    out = io.BytesIO()
    Image.new("RGB", size, "white").save(out, kind, **more)
    return out.getvalue()


def row(id_):
    return collection(Student).find_one({"_id": id_})


@pytest.fixture
def child(open_round, teacher):
    """A pupil with another's number whose school handed in once and is mending again."""
    values = pupil(person_id=WRONG)
    (written,) = write([Change(Student, place(), values)], teacher)
    bring(find_submission("DMC", place()), "confirm")
    move(find_submission("DMC", place()), "unconfirm", teacher)
    return row(written.id)


@pytest.fixture
def asked(child, teacher):
    new = number()
    return ask(child, new, f"{new[0]}-{new[1:]}", "I", picture(), teacher, "ได้เลข 13 หลักแล้ว")


def test_removed_and_brought_back_he_has_his_old_number_still(asked, child, officer, teacher, sign_in):
    answer(asked, "approve", officer)
    before = row(child["_id"])
    remove(
        [Change(Student, place(), id=before["_id"], revision=before["revision"], remove=True)], teacher, None
    )
    for path in (f"/admin/audit/?subject={before['_id']}", "/admin/audit/?action=remove"):
        page = sign_in(officer).get(path).text
        assert "ลบ" in page
        assert WRONG not in page
    bring_back(Student, place(), [before["_id"]], teacher, None)
    again = row(child["_id"])
    assert [one["id"] for one in again["former_ids"]] == [WRONG]
    assert again["likeness"] == before["likeness"]
    assert list(verifying.verify()) == []


def files(database):
    return database["evidence.files"].count_documents({})


def test_a_number_is_mended_freely_until_it_was_handed_in(open_round, teacher, officer):
    (written,) = write([Change(Student, place(), pupil())], teacher)
    write([Change(Student, place(), {"person_id": number()}, id=written.id, revision=1)], teacher)
    with pytest.raises(WrongState, match="แก้ได้เอง"):
        ask(row(written.id), number(), number(), "I", PDF, teacher, "พิมพ์ผิด")
    bring(find_submission("DMC", place()), "confirm")
    move(find_submission("DMC", place()), "unconfirm", teacher)
    for actor, value in ((teacher, number()), (officer, number()), (teacher, None)):
        with pytest.raises(Invalid, match="ขอแก้เลข"):
            write([Change(Student, place(), {"person_id": value}, id=written.id, revision=2)], actor, "พิมพ์ผิด")
    write([Change(Student, place(), {"room": 2}, id=written.id, revision=2)], teacher)


def test_approved_the_old_number_stays_with_him(asked, child, officer, teacher):
    new = asked.new_number
    with pytest.raises(OutOfScope):
        answer(asked, "approve", teacher)
    done = answer(asked, "approve", officer)
    now = row(child["_id"])
    assert (now["person_id"], now["id_type"], now["revision"]) == (new, "I", 2)
    (former,) = now["former_ids"]
    assert (former["id"], former["type"], former["from"]) == (WRONG, "I", child["admission_date"])
    assert (done.state, done.new_number, done.shown_number) == ("approved", None, mask_id(new))
    event = history.events_of(AREA, child["_id"])[0]
    assert event.changes["person_id"] == [WRONG, new]
    assert (event.actor, event.acting_as, event.via) == (officer.id, "district", "id_change")
    assert id_changes.evidence_of(done, officer)[1] == "image/jpeg"
    assert list(verifying.verify()) == []


def test_refused_or_withdrawn_its_evidence_is_gone(asked, child, officer, teacher, database):
    assert files(database) == 1
    with pytest.raises(Invalid, match="เหตุผล"):
        answer(asked, "refuse", officer)
    done = answer(asked, "refuse", officer, "สำเนาไม่ชัด")
    assert files(database) == 0
    with pytest.raises(OutOfScope, match="ลบแล้ว"):
        id_changes.evidence_of(done, officer)
    again = ask(child, *[number()] * 2, "I", PDF, teacher, "ชัดแล้ว")
    answer(again, "withdraw", teacher)
    assert (files(database), row(child["_id"])["person_id"]) == (0, WRONG)
    assert list(verifying.verify()) == []


def test_what_is_typed_wrong_is_said_beside_its_field(child, teacher, neighbour, database):
    new = number()
    other = pupil(first_name="ชื่ออื่น")
    write([Change(Student, place(), other)], teacher)
    for field, given in {
        "number": ("1000000000001", "1000000000001", "I", PDF), "again": (new, number(), "I", PDF),
        "kind": (new, new, "X", PDF), "evidence": (new, new, "I", b""),
    }.items():  # fmt: skip
        with pytest.raises(Invalid) as refused:
            ask(child, *given, teacher, "ได้เลขแล้ว")
        assert set(refused.value.errors[0]) == {field}
    for taken, words in ((child["person_id"], "เหมือนเลขเดิม"), (other["person_id"], "ชื่ออื่น")):
        with pytest.raises(Invalid, match=words):
            ask(child, taken, taken, "G" if taken.startswith("G") else "I", PDF, teacher, "ได้เลขแล้ว")
    with pytest.raises(Invalid, match="เหตุผล"):
        ask(child, new, new, "I", PDF, teacher, " ")
    with pytest.raises(OutOfScope):
        ask(child, new, new, "I", PDF, neighbour, "ลองดู")
    assert files(database) == IdChange.objects.count() == 0


def test_one_request_waits_at_a_time_and_who_asked_does_not_decide(asked, child, teacher, database):
    with pytest.raises(WrongState, match="รอเขตพิจารณาอยู่แล้ว"):
        ask(child, *[number()] * 2, "I", PDF, teacher, "อีกครั้ง")
    assert files(database) == 1
    database.id_changes.update_one({}, {"$set": {"asked_by": (both := person("both", "district")).id}})
    with pytest.raises(NotAllowed, match="ผู้ขอ"):
        answer(IdChange.objects.get(id=asked.id), "approve", both)


def test_a_new_number_that_stands_elsewhere_is_told_to_the_district_alone(
    asked, child, teacher, neighbour, officer
):
    write([Change(Student, place(OTHER), pupil(person_id=asked.new_number))], neighbour)
    assert id_changes.elsewhere(asked) == ["บ้านสอง"]
    write([Change(Student, place(), pupil(person_id=asked.new_number))], teacher)
    with pytest.raises(DuplicateKey, match="ในโรงเรียนนี้"):
        answer(asked, "approve", officer)


def test_what_is_handed_in_again_is_returned_first(asked, officer):
    bring(find_submission("DMC", place()), "confirm")
    with pytest.raises(WrongState, match="ส่งกลับแก้ไขก่อน"):
        answer(asked, "approve", officer)


def test_evidence_is_known_by_its_content_and_keeps_nothing_but_pixels():
    exif = Image.Exif()
    exif[0x010E], exif[0x0112] = "<script>alert(1)</script>", 6
    kind, kept = evidence.accepted(picture(exif=exif))
    assert kind == "image/jpeg"
    assert b"script" not in kept
    assert Image.open(io.BytesIO(kept)).size == (30, 40), "turned as it was held"
    assert evidence.accepted(picture("PNG"))[0] == "image/png"
    odd = b"Exif\0\0II*\0\x08\0\0\0\x02\0\x1a\x01\x02\0\x02\0\0\0x\0\0\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    with Image.open(io.BytesIO(evidence.accepted(picture(exif=odd))[1])) as turned:
        assert turned.width < turned.height  # a resolution that is text stood in the way of nothing
    assert evidence.accepted(PDF) == ("application/pdf", PDF)
    html = b"<html><script>alert(1)</script></html>"
    for wrong in (html, b"%PDF-1.4 cut off", picture()[:200], picture("GIF"), b"GIF89a" + html, html + PDF):
        with pytest.raises(Invalid):
            evidence.accepted(wrong)
    with pytest.raises(Invalid, match="ใหญ่"):
        evidence.accepted(b"%PDF-" + b"0" * evidence.LARGEST + b"%%EOF")
    bomb = picture("PNG", (5001, 5001))
    with pytest.raises(Invalid, match="ล้านจุด"):
        evidence.accepted(bomb)


def test_a_dropped_file_stays_gone(database):
    kept = evidence.keep(PDF, AREA)
    assert evidence.read(kept.id) == PDF
    evidence.drop(kept.id)
    evidence.drop(kept.id)
    with pytest.raises(gridfs.NoFile):
        evidence.read(kept.id)

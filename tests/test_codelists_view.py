"""The pages of code lists: every list with its source, one list with its entries; for everyone signed in."""

import pytest

from documents.database import collection
from documents.records import codelists
from documents.records.codelists import CodeList

ROLES = ["teacher", "director", "officer", "approver", "executive", "administrator"]


@pytest.fixture
def reader(sign_in, teacher):
    """A browser in which a teacher is signed in."""
    return sign_in(teacher)


@pytest.fixture(autouse=True)
def fresh():
    """No list remembered from another test's database."""
    codelists.forget()
    yield
    codelists.forget()


@pytest.mark.parametrize("role", ROLES)
def test_everyone_reads_every_list(role, sign_in, request):
    html = sign_in(request.getfixturevalue(role)).get("/admin/codelists/").text
    for name in codelists.names():
        assert f"details/?id={name}" in html
    assert "กรมการปกครอง" in html
    assert "7,436" in html


def test_a_stranger_is_sent_to_sign_in(client):
    assert client.get("/admin/codelists/").status_code == 302
    assert client.get("/admin/codelists/details/?id=GRADE").status_code == 302


def test_the_grid_is_searched_by_title_and_name(reader):
    html = reader.get("/admin/codelists/?search=อาชีพ").text
    assert "id=OCCUPATION" in html
    assert "id=GRADE" not in html
    assert "ไม่พบรายการ" in reader.get("/admin/codelists/?search=ไม่มีแน่นอน").text


def test_a_list_shows_code_label_short_and_where_it_is_used(reader):
    html = reader.get("/admin/codelists/details/?id=GRADE").text
    assert "ประถมศึกษาปีที่ 4" in html
    assert "ป.4" in html
    assert ">07<" in html
    assert "นักเรียน" in html


def test_entries_are_searched_by_any_of_their_words(reader):
    html = reader.get("/admin/codelists/details/?id=GRADE&search=ป.4").text
    assert "ประถมศึกษาปีที่ 4" in html
    assert "ประถมศึกษาปีที่ 5" not in html
    assert "ไม่พบรหัส" in reader.get("/admin/codelists/details/?id=GRADE&search=xyz").text


def test_places_are_shown_a_page_at_a_time_with_what_they_lie_in(reader):
    first = reader.get("/admin/codelists/details/?id=SUBDISTRICT").text
    assert "7,436" in first
    assert "page=1" in first
    narrowed = reader.get("/admin/codelists/details/?id=SUBDISTRICT&parent=3401").text
    assert "เมืองอุบลราชธานี" in narrowed
    assert "page=1" not in narrowed
    second = reader.get("/admin/codelists/details/?id=SUBDISTRICT&page=1").text
    assert second.split("<tbody>")[1] != first.split("<tbody>")[1]


def test_a_list_edited_in_the_database_is_shown_as_edited(reader):
    codelists.seed()
    entries = [{"code": "1", "label": "แก้แล้ว"}]
    collection(CodeList).update_one(
        {"_id": "SEX"}, {"$set": {"entries": entries, "edited": True}, "$inc": {"version": 1}}
    )
    codelists.forget()
    html = reader.get("/admin/codelists/details/?id=SEX").text
    assert "แก้ไขแล้ว" in html
    assert "แก้แล้ว" in html


def test_a_list_that_only_the_database_has_is_there_too(reader):
    own = {"_id": "OWN", "title": "รายการของเขต", "source": "เขต", "version": 1, "entries": []}
    collection(CodeList).insert_one(own)
    assert "รายการของเขต" in reader.get("/admin/codelists/").text
    assert reader.get("/admin/codelists/details/?id=OWN").status_code == 200


@pytest.mark.parametrize(
    "path",
    ["details/?id=NOTHING", "details/", "details/?id=%00", "details/?id=../../etc", "new/", "edit/?id=SEX"],
)
def test_what_is_not_there_is_not_found(path, reader):
    assert reader.get(f"/admin/codelists/{path}").status_code == 404


@pytest.mark.parametrize("path", ["delete/", "action/", "ajax/update/", "new/", "edit/"])
def test_nothing_is_posted_to_lists(path, reader):
    assert reader.send(f"/admin/codelists/{path}", {"id": "SEX", "action": "delete"}).status_code in (
        404,
        405,
    )


@pytest.mark.parametrize(
    "query", ["page=-1", "page=1000000000000000000", "search=%00", "search=" + "ก" * 30000, "sort=99", "parent=%00"]
)  # fmt: skip
def test_odd_addresses_are_answered(query, reader):
    assert reader.get(f"/admin/codelists/?{query}").status_code == 200
    assert reader.get(f"/admin/codelists/details/?id=GRADE&{query}").status_code == 200


def test_words_of_a_list_are_text_never_markup(reader):
    row = {"code": "1", "label": "<script>alert(1)</script>"}
    collection(CodeList).insert_one(
        {"_id": "OWN", "title": "<b>ชื่อ</b>", "source": "<i>", "version": 1, "entries": [row]}
    )
    assert "<script>alert" not in reader.get("/admin/codelists/details/?id=OWN").text
    assert "<b>ชื่อ" not in reader.get("/admin/codelists/").text

"""Editing code lists: for one's own area, for given years, never what is used, and nothing that was locked."""

import pytest

from documents import codelists, history
from documents.codelist_edits import new_list
from documents.codelists import code_list, of_area
from documents.errors import Invalid, NotAllowed
from tests.people import AREA

FAR = "34020000"


@pytest.fixture(autouse=True)
def nothing_remembered(database):
    codelists.forget()
    yield
    codelists.ask_of(None)
    codelists.forget()


def test_an_area_makes_a_list_of_its_own_that_no_other_area_has(administrator):
    made = new_list(
        AREA,
        "TABLETS",
        "ชนิดแท็บเล็ต",
        ["จอ 8 นิ้ว", {"code": "A", "label": "จอ 10 นิ้ว"}, "อื่น ๆ"],
        "เขต",
        administrator,
    )
    assert made.choices == [("01", "จอ 8 นิ้ว"), ("A", "จอ 10 นิ้ว"), ("02", "อื่น ๆ")]
    with of_area(AREA):
        assert code_list("TABLETS").find("จอ10นิ้ว") == "A"
    with of_area(FAR), pytest.raises(KeyError):
        code_list("TABLETS")
    assert list(history.verify(AREA)) == []


@pytest.mark.parametrize(
    ("name", "title", "values", "wrong"),
    [
        ("SEX", "เพศ", ["ก"], "name"),
        ("PROVINCE", "จังหวัด", ["ก"], "name"),
        ("TABLETS", "ซ้ำ", ["ก"], "name"),
        ("a.b", "จุด", ["ก"], "name"),
        ("$SET", "เงิน", ["ก"], "name"),
        ("X", "สั้น", ["ก"], "name"),
        ("OTHER", " ", ["ก"], "title"),
        ("OTHER", "ก" * 101, ["ก"], "title"),
        ("OTHER", "ว่าง", [], "values"),
        ("OTHER", "ซ้ำ", ["ก", "ก "], "values"),
        ("OTHER", "ซ้ำ", [{"code": "1", "label": "ก"}, {"code": "1", "label": "ข"}], "values"),
        ("OTHER", "จุด", [{"code": "a.b", "label": "ก"}], "values"),
        ("OTHER", "เงิน", [{"code": "$set", "label": "ก"}], "values"),
        ("OTHER", "ยาว", ["ก" * 101], "values"),
        ("OTHER", "ขีด", ["-"], "values"),
        ("OTHER", "มาก", [f"ค่า {n}" for n in range(1001)], "values"),
    ],
)  # fmt: skip
def test_a_list_that_is_taken_or_cannot_be_read_is_refused(name, title, values, wrong, administrator):
    new_list(AREA, "TABLETS", "ชนิดแท็บเล็ต", ["ก"], "เขต", administrator)
    with pytest.raises(Invalid) as refused:
        new_list(AREA, name, title, values, "เขต", administrator)
    assert list(refused.value.errors[0]) == [wrong]


def test_nobody_but_the_areas_admin_makes_one(officer, administrator):
    for who, where in ((officer, AREA), (administrator, FAR)):
        with pytest.raises(NotAllowed):
            new_list(where, "TABLETS", "ชนิดแท็บเล็ต", ["ก"], "เขต", who)

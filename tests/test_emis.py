"""Staff and school technology (EMIS): what a field takes, what contradicts itself, what a school's one record is."""

import pytest

from documents.errors import Invalid
from documents.staff import Staff
from documents.staff_rules import retirement
from documents.technology import Technology
from documents.writing import Change, write
from tests.making import complete
from tests.people import SCHOOL, place
from tests.test_record_view import form_of

PERMANENT = {
    "id_type": "I", "person_id": "1000000000301", "title": "003", "first_name": "สมชาย", "last_name": "ใจดี",
    "birth_date": "10/06/2530", "nationality": "099", "personnel_type": "1", "position": "3",
    "academic_standing": "2", "pay_source": "1", "work_status": "1", "appointed_on": "16/05/2556",
    "in_post_since": "01/10/2560",
}  # fmt: skip
HIRED = PERMANENT | {
    "personnel_type": "5", "position": "7", "academic_standing": None, "pay_source": "2", "appointed_on": None,
    "in_post_since": None, "contract_type": "1", "contract_no": "1/2568", "contract_times": "1",
    "contract_from": "16/05/2568", "contract_until": "31/03/2569",
}  # fmt: skip
LINE = {
    "pc_teach_obec": "10", "pc_teach_own": "5", "pc_teach_ok": "12", "pc_teach_broken": "3", "pc_admin_obec": "1",
    "pc_admin_own": "0", "pc_admin_ok": "1", "pc_admin_broken": "0", "net_type": "6", "net_provider": "NT",
    "net_down_mbps": "100", "net_up_mbps": "50", "net_status": "1", "has_lan": "1", "has_wlan": "0",
    "electricity": "1", "water": ["2", "3"],
}  # fmt: skip


@pytest.fixture
def store(open_rounds, teacher):
    """`store(document, values)` writes a new record of the teacher's school and gives it as stored."""
    from documents.database import collection

    def stored(document, values):
        (written,) = write([Change(document, place(), values)], teacher)
        return collection(document).find_one({"_id": written.id})

    return stored


def test_what_a_person_s_values_give_is_filled_in(store):
    kept = store(Staff, PERMANENT)
    assert (kept["sex"], kept["salary_rank"]) == ("M", "3")
    assert kept["retires_on"].isoformat()[:10] == "2047-09-30"
    assert Staff.headline(kept) == "นายสมชาย ใจดี"
    assert Staff.missing(kept, frozenset()) == []
    assert store(Staff, HIRED | {"person_id": "1000000000050"}).get("retires_on") is None


@pytest.mark.parametrize(
    ("values", "changed", "at", "says"),
    [
        (PERMANENT, {"person_id": "1000000000302"}, "person_id", "ไม่ถูกต้อง"),
        (PERMANENT, {"id_type": "G", "person_id": "G123456789012"}, "id_type", "ผู้เรียน"),
        (PERMANENT, {"sex": "F"}, "sex", "เพศชาย"),
        (PERMANENT, {"birth_date": "10/06/2555"}, "birth_date", "18–70"),
        (PERMANENT, {"birth_date": "10/06/2490"}, "birth_date", "18–70"),
        (PERMANENT, {"personnel_type": "3"}, "position", "ข้าราชการครู"),
        (PERMANENT, {"position": "4"}, "academic_standing", "ครูผู้ช่วย"),
        (PERMANENT, {"salary_rank": "1"}, "salary_rank", "คศ.3"),
        (PERMANENT, {"contract_no": "1/2568"}, "contract_no", "สัญญาจ้าง"),
        (PERMANENT, {"in_post_since": "01/05/2556"}, "in_post_since", "บรรจุ"),
        (PERMANENT, {"retires_on": "30/09/2589"}, "retires_on", "30/09/2590"),
        (HIRED, {"contract_until": "15/05/2568"}, "contract_until", "ก่อนวันเริ่ม"),
    ],
)
def test_what_contradicts_itself_is_refused_beside_its_field(values, changed, at, says, store):
    with pytest.raises(Invalid) as refused:
        store(Staff, values | changed)
    assert says in refused.value.errors[0][at]


@pytest.mark.parametrize(
    ("born", "retires"), [("1987-09-30", "2047"), ("1987-10-01", "2048"), ("1988-02-29", "2048")]
)
def test_whoever_is_born_in_october_or_later_retires_a_year_later(born, retires):
    import datetime as dt

    assert retirement(dt.datetime.fromisoformat(born)).date().isoformat() == f"{retires}-09-30"


def test_what_is_asked_depends_on_the_kind_of_staff():
    typed = {"personnel_type": "5", "position": "7"}
    assert {"contract_no", "contract_until"} <= set(Staff.missing(typed, frozenset()))
    assert set(Staff.missing({"personnel_type": "1", "position": "3"}, frozenset())) == {
        "academic_standing", "salary_rank", "appointed_on", "in_post_since", "retires_on",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "at"),
    [({"net_type": "0"}, "net_provider"), ({"water": ["0", "2"]}, "water"), ({"media": ["0", "1"]}, "media")],
)
def test_a_school_has_no_line_and_none_of_a_list_beside_what_it_has(changed, at, store):
    with pytest.raises(Invalid) as refused:
        store(Technology, LINE | changed)
    assert at in refused.value.errors[0]


def test_a_second_profile_of_a_school_is_refused(store):
    store(Technology, LINE)
    with pytest.raises(Invalid) as refused:
        store(Technology, complete(Technology))
    assert "ในรอบนี้แล้ว" in refused.value.errors[0]["school_code"]


def test_a_school_s_one_record_opens_at_once_and_the_district_has_the_table(
    open_rounds, sign_in, teacher, director, officer
):
    browser, superior, district = (sign_in(who) for who in (teacher, director, officer))
    way_in = f"/admin/technology/?school={SCHOOL}"
    assert "sort=0" in superior.get("/admin/technology/").location, "nothing to read, and nothing to write"
    new = browser.get("/admin/technology/").location
    assert new == f"/admin/technology/new/?school={SCHOOL}"
    values = form_of(browser.get(new).text) | LINE | {"water": "2"}
    assert browser.send(new, values).status_code == 302
    edit = browser.get(way_in).location
    assert edit.startswith("/admin/technology/edit/?id=")
    assert 'value="NT"' in browser.get(edit).text
    assert superior.get(way_in).location.startswith("/admin/technology/details/?id=")
    assert district.get(way_in).location == edit
    page = district.get("/admin/technology/")
    assert (page.status_code, "100/50" in page.text, "บ้านหนึ่ง" in page.text) == (200, True, True)
    again = browser.send(new, values)
    assert again.status_code == 422
    assert "ในรอบนี้แล้ว" in again.text

"""Staff and school technology (EMIS): what a field takes, what contradicts itself, what a school's one record is."""

import datetime as dt
import html
import json
import re
from types import SimpleNamespace

import pytest

from documents.checking import findings
from documents.collecting.submissions import Submission, find_submission
from documents.collecting.waiting import newest_rounds, waiting_for
from documents.database import collection
from documents.emis import emis_numbers
from documents.emis.staff import Staff
from documents.emis.staff_rules import retirement
from documents.emis.technology import Technology
from documents.errors import Invalid
from documents.records import fields
from documents.records.record import declared
from documents.records.writing import Change, write
from documents.trail import history
from exports.workbooks.cell_values import choices_of
from tests.making import complete
from tests.people import AREA, OTHER, SCHOOL, YEAR, place
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


def accepted(document, values):
    """The values as the door would store them, what follows from them included."""
    plain = {name: fields.accept(declared(document)[name], value) for name, value in values.items()}
    plain = {"academic_year": YEAR} | {name: value for name, value in plain.items() if value is not None}
    return plain | (document.derive(plain) or {})


@pytest.fixture
def store(open_rounds, teacher):
    """`store(document, values)` writes a new record of the teacher's school and gives it as stored."""

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
    by_rank = PERMANENT | {"person_id": "1000000000602", "academic_standing": None, "salary_rank": "1"}
    assert store(Staff, by_rank)["academic_standing"] == "0", "the ministry writes - for it"
    assert emis_numbers.lines({})[0].words == ("1. ผู้อำนวยการโรงเรียน", "-", "คศ.1")


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
def test_what_contradicts_itself_is_said_of_its_field(values, changed, at, says):
    assert says in dict(Staff.check(accepted(Staff, values | changed)))[at]


def test_what_agrees_is_no_contradiction():
    for values in (PERMANENT, HIRED):
        assert dict(Staff.check(accepted(Staff, values))) == {}
    assert dict(Technology.check(accepted(Technology, LINE))) == {}


@pytest.mark.parametrize(
    ("born", "retires"), [("1987-09-30", "2047"), ("1987-10-01", "2048"), ("1988-02-29", "2048")]
)
def test_whoever_is_born_in_october_or_later_retires_a_year_later(born, retires):
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
def test_a_school_has_no_line_and_none_of_a_list_beside_what_it_has(changed, at):
    assert at in dict(Technology.check(accepted(Technology, LINE | changed)))


def test_the_order_in_which_several_were_chosen_is_no_change(store, teacher):
    kept = store(Technology, LINE | {"water": ["3", "2", "3"]})
    assert kept["water"] == ["2", "3"]
    change = Change(Technology, place(), {"water": ["3", "2"]}, id=kept["_id"], revision=1)
    write([change], teacher)
    assert len(history.events_of(AREA, kept["_id"])) == 1
    assert choices_of(declared(Technology)["water"], "น้ำบาดาล, น้ำประปา") == ["2", "3"]


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


# ---- the checks ----


@pytest.fixture
def found_at(open_rounds):
    """`found_at(school)` gives {check key: sentence} of the open findings of a school's EMIS."""

    def found(school=SCHOOL):
        findings.refresh(find_submission("EMIS", place(school)))
        rows = findings.Finding.objects(school_code=school, subsystem="EMIS", state="open")
        return {row.check_key: row.sentence for row in rows}

    return found


def count_elsewhere(subsystem, school=SCHOOL, **counters):
    """Set counters of another subsystem's submission, as its door would keep them."""
    done = collection(Submission).update_one(
        {"subsystem": subsystem, "school_code": school}, {"$set": {"counts": counters}}
    )
    assert done.matched_count == 1


def test_the_checks_of_a_school_s_figures(store, found_at):
    store(Technology, LINE)
    store(Staff, PERMANENT | {"position_no": "77"})
    assert found_at() == {}, "no pupils, nothing counted elsewhere"
    count_elsewhere("DMC", pupils=40, m04=20, f04=20)
    assert set(found_at()) == {"EM-03"}, "40 pupils to one teacher is within the bound"
    count_elsewhere("DMC", pupils=41, m04=20, f04=20)
    assert set(found_at()) == {"EM-03", "EM-05", "EM-06"}
    count_elsewhere("DMC", pupils=4, m04=4)
    assert set(found_at()) == {"EM-03", "EM-05"}
    store(Staff, HIRED | {"person_id": "1000000000050", "position_no": "77", "acting_director": "1"})
    count_elsewhere("DMC", pupils=10, m04=10)
    assert "77" in found_at()["EM-08"]
    assert set(found_at()) == {"EM-08"}, "he acts as director, and does not teach"
    count_elsewhere("M-OBEC", equipment=76, u22033=12, u21007=1)
    assert set(found_at()) == {"EM-08"}
    count_elsewhere("M-OBEC", equipment=76, u22033=11, u21007=1)
    assert "M-OBEC มี 11" in found_at()["EM-04"]


def test_computers_add_up_and_the_profile_must_be_there(store, found_at, teacher):
    store(Staff, PERMANENT)
    assert set(found_at()) == {"EM-07"}
    kept = store(Technology, LINE | {"pc_teach_ok": "13"})
    assert "16 เครื่อง" in found_at()["EM-01.teach"]
    write([Change(Technology, place(), {"pc_teach_broken": 2, "pc_admin_ok": 0}, kept["_id"], 1)], teacher)
    assert set(found_at()) == {"EM-01.admin"}


def test_nobody_serves_at_two_schools_unless_seconded(store, found_at, neighbour):
    store(Technology, LINE)
    store(Staff, PERMANENT)
    there = Change(Staff, place(OTHER), PERMANENT)
    (written,) = write([there], neighbour)
    assert "บ้านสอง" in found_at()["EM-02"]
    assert "บ้านหนึ่ง" in found_at(OTHER)["EM-02"]
    write([Change(Staff, place(OTHER), {"work_status": "2"}, written.id, 1)], neighbour)
    assert found_at() == {}
    assert "EM-02" not in found_at(OTHER)


# ---- what comes from elsewhere ----


def test_the_form_shows_what_other_subsystems_counted_and_of_which_round(
    open_rounds, sign_in, teacher, director, neighbour, officer, executive, store
):
    count_elsewhere("DMC", pupils=4711, male=2001, female=2709, m04=2001, f04=2709)
    count_elsewhere("M-OBEC", equipment=1, u22033=1234, r22033=56)
    open_rounds["B-OBEC"].delete()
    asked = f"/admin/technology/new/?school={SCHOOL}"
    page = sign_in(teacher).get(asked).text
    for words in (
        "4,711",
        "2,709",
        "ไม่ระบุชั้นหรือเพศ",
        "จากรอบ DMC ภาคเรียนที่ 1 ปีการศึกษา 2568",
        "1,234",
        "ยังไม่มีรอบ B-OBEC",
    ):
        assert words in page, words
    assert 'name="pupils"' not in page
    kept = store(Technology, LINE)
    assert "4,711" in sign_in(director).get(f"/admin/technology/details/?id={kept['_id']}").text
    submission = find_submission("EMIS", place())
    for who in (officer, executive):
        assert "4,711" in sign_in(who).get(f"/admin/submissions/details/?id={submission.id}").text
    other = sign_in(neighbour)
    assert "4,711" not in other.get(asked, follow_redirects=True).text
    assert "ยังไม่ได้บันทึกครุภัณฑ์ในรอบนี้" in other.get(f"/admin/technology/new/?school={OTHER}").text


@pytest.mark.parametrize(
    ("values", "what", "lacks"),
    [
        (PERMANENT, "carried", ()),
        (PERMANENT | {"work_status": "2"}, "carried", ()),
        (PERMANENT | {"work_status": "3"}, "left", None),
        (PERMANENT | {"birth_date": "30/09/2508", "retires_on": "30/09/2568"}, "retired", None),
        (PERMANENT | {"birth_date": "01/10/2508", "retires_on": "30/09/2569"}, "carried", ()),
        (HIRED, "renewed", ("contract_no", "contract_from", "contract_until")),
        (HIRED | {"contract_until": "10/06/2569"}, "carried", ()),
    ],
)
def test_staff_still_in_post_go_on_and_an_ended_contract_is_asked_for_again(values, what, lacks):
    stored = accepted(Staff, values)
    name, kept = Staff.outcome(stored, None, SimpleNamespace(as_of=dt.datetime(2026, 6, 10)))  # noqa: DTZ001
    assert name == what
    assert (kept is None) is (lacks is None)
    assert lacks is None or not set(lacks) & kept.keys()
    without = {field: value for field, value in stored.items() if field not in (lacks or ())}
    assert lacks is None or without.items() >= kept.items() >= {"person_id": stored["person_id"]}.items()


def test_what_the_profile_lacks_leads_from_home_to_the_school_s_form(open_rounds, sign_in, teacher, store):
    store(Staff, PERMANENT)
    store(Technology, LINE | {"electricity": None})
    browser = sign_in(teacher)
    page = browser.get(f"/admin/choose/?round={open_rounds['EMIS'].id}", follow_redirects=True).text
    assert "กรอก 1 รายการที่ไม่ครบ" in page
    assert f"/admin/technology/?school={SCHOOL}&amp;missing=1" in page
    assert "ครบถ้วน 1 จาก 2 รายการ" in page
    assert "กรอกข้อมูลเทคโนโลยีโรงเรียนให้ครบ<" in page
    (wait,) = [each for each in waiting_for(teacher, AREA, newest_rounds(AREA)) if each.what == "complete"]
    assert (wait.count, [kind.slug for kind in wait.kinds]) == (1, ["technology"])
    assert "/technology/edit/" in browser.get(f"/admin/technology/?school={SCHOOL}&missing=1").location


def test_each_kind_that_was_carried_over_leads_to_where_it_is_looked_over(open_rounds, sign_in, teacher):
    staff, profile = (
        Change(document, place(), values, reviewed=False)
        for document, values in ((Staff, PERMANENT), (Technology, LINE))
    )
    write([staff, profile], teacher)
    browser = sign_in(teacher)
    home = browser.get(f"/admin/choose/?round={open_rounds['EMIS'].id}", follow_redirects=True).text
    assert "ทบทวนครูและบุคลากรที่ยกมาจากรอบก่อน 1 คน" in home
    assert "ทบทวนเทคโนโลยีโรงเรียนที่ยกมาจากรอบก่อน<" in home
    assert "ยังไม่ทบทวน 2" in home

    def led_to():
        page = browser.get(f"/admin/findings/?school={SCHOOL}").text
        found = page[page.index("ยกมาจากรอบก่อนและยังไม่ทบทวน") - 600 :]
        return html.unescape(re.search(r'href="([^"]+)">ทั้งโรงเรียน', found)[1])

    assert led_to() == f"/admin/staff/?school={SCHOOL}&unreviewed=1"
    browser.send("/admin/staff/action/", {"action": "review", "all_matching": "1"})
    form = browser.get(led_to(), follow_redirects=True)
    assert "/technology/edit/" in form.request.full_path
    assert "ยกมาจากรอบก่อนและยังไม่ทบทวน" in form.text
    assert browser.send(form.request.full_path, form_of(form.text)).status_code == 302
    assert collection(Technology).find_one()["reviewed"] is True
    assert "ยกมาจากรอบก่อนและยังไม่ทบทวน" not in browser.get(form.request.full_path).text
    assert "ยกมาจากรอบก่อนและยังไม่ทบทวน" not in browser.get(f"/admin/findings/?school={SCHOOL}").text


def test_the_form_follows_what_an_answer_makes_required_and_the_sum_of_what_is_typed(store, sign_in, teacher):
    hired, profile = store(Staff, HIRED), store(Technology, LINE)
    page = sign_in(teacher).get(f"/admin/staff/edit/?id={hired['_id']}").text

    def asked(name):
        (tag,) = re.findall(rf'<(?:input|select)[^>]* name="{name}"[^>]*>', page)
        told = re.search(r'data-asked="([^"]+)"', tag)
        return 'data-need="R"' in tag, told and json.loads(html.unescape(told[1]))

    assert asked("contract_no") == (True, [{"personnel_type": ["3", "5", "6", "7"]}])
    assert asked("retires_on") == (False, [{"personnel_type": ["1", "2", "4", "8"]}])
    assert asked("salary_rank") == (False, [{"position": ["1", "2", "3"]}])
    assert asked("person_id") == (True, None)
    page = sign_in(teacher).get(f"/admin/technology/edit/?id={profile['_id']}").text
    assert asked("net_provider") == (True, [{"net_type": ["1", "2", "3", "4", "5", "6", "9"]}])
    assert '<output data-sums="pc_teach_obec pc_teach_own">15</output> เครื่อง' in page


def test_what_somebody_typed_is_not_said_in_english(store, sign_in, teacher):
    typed = "คอมพิวเตอร์ศึกษา"  # begins with a word of the product's own
    one = store(Staff, {"first_name": "กาญจนา", "last_name": "ดีงาม", "major": typed})
    browser = sign_in(teacher)
    browser.send("/reading", {"language": "en"})
    for path in (f"/admin/staff/?school={SCHOOL}", f"/admin/staff/details/?id={one['_id']}"):
        html = browser.get(path).text
        assert 'lang="en"' in html
        assert typed in html, path

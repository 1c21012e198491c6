"""Rules that an admin makes: what they may say, when they count, and that door, grid and findings say the same of a record."""

import datetime as dt
import random

import pytest

from documents.checking import checks, conditions, contexts, rule_trials
from documents.checking.check_rules import (
    COUNTING,
    CheckRule,
    check_named,
    checks_made_in,
    get_rule,
    rules_of,
    titles_in,
    versions_of,
)
from documents.checking.finding_answers import answer
from documents.checking.findings import Finding, refresh
from documents.checking.rule_edits import change_rule, let_count, make_rule, retire
from documents.collecting.moves import move
from documents.collecting.submissions import find_submission
from documents.database import collection, db
from documents.dmc.rooms import SchoolRooms
from documents.dmc.students import Student
from documents.errors import Invalid, NotAllowed, OutOfScope, WrongState
from documents.records import declarations
from documents.records.codelist_edits import remove_value, version_of
from documents.records.declarations import declaration
from documents.records.defining import define, redefine, stop
from documents.records.kinds import document_of
from documents.records.record import declared
from documents.records.surveys import make_survey
from documents.records.writing import Change, write
from tests.people import AREA, YEAR, person, place
from tests.pupils import pupil
from tests.test_added_fields import said as field_said

FAR = {"field": "room", "compare": "gt", "value": "60"}


def said(condition=FAR, only=None, **more):
    """What an admin types of a rule."""
    typed = {
        "title": "ห้องมาก", "sentence": "ห้องเกิน 60", "sentence_en": "Room above 60", "do": "ตรวจห้อง",
        "level": "warning", "first_year": str(YEAR), "condition": condition, "only": only,
    }  # fmt: skip
    return typed | more


def counting(administrator, slug="students", round_=None, **more):
    """A rule that was made, tried and let count."""
    made = make_rule(AREA, slug, said(**more), administrator)
    rule_trials.try_rule(made, round_, administrator, made.revision)
    made = get_rule(administrator, made.id)
    return let_count(made, administrator, made.revision)


def submission(school=None):
    return find_submission("DMC", place(school) if school else place())


def codes():
    return refresh(submission())["codes"]


@pytest.fixture
def open_round(open_round, teacher):
    """The round in which the teacher's school has declared its rooms, so that no check of the product finds anything."""
    write([Change(SchoolRooms, place(), {"grade": "07", "rooms": 99})], teacher)
    return open_round


# ---- conditions ----

A_DAY = dt.datetime(2015, 6, 10)  # noqa: DTZ001
# (condition as typed, a stored record of which it is so, one of which it is not)
SO = [
    (FAR, {"room": 61}, {"room": 60}),
    ({"field": "weight_kg", "compare": "gt", "value": "60"}, {"weight_kg": 60.1}, {"weight_kg": 60}),
    ({"field": "weight_kg", "compare": "ge", "value": "๖๐"}, {"weight_kg": 60}, {"weight_kg": 59.9}),
    ({"field": "room", "compare": "lt", "value": "2"}, {"room": 1}, {"room": 2}),
    ({"field": "room", "compare": "le", "value": "2"}, {"room": 2}, {"room": 3}),
    ({"field": "room", "compare": "eq", "value": "1,000"}, {"room": 1000}, {"room": 1}),
    ({"field": "room", "compare": "ne", "value": "1"}, {"room": 2}, {"room": None}),
    ({"field": "room", "compare": "among", "value": "1\n3"}, {"room": 3}, {"room": 2}),
    ({"field": "room", "compare": "not_among", "value": ["1", "3"]}, {"room": 2}, {}),
    ({"field": "birth_date", "compare": "lt", "value": "11/6/2558"}, {"birth_date": A_DAY}, {}),
    ({"field": "birth_date", "compare": "ge", "value": "10/06/2558"}, {"birth_date": A_DAY}, {"birth_date": "2558"}),
    ({"field": "birth_date", "compare": "gt", "other": "admission_date"},
     {"birth_date": A_DAY, "admission_date": dt.datetime(2014, 5, 16)}, {"birth_date": A_DAY}),  # noqa: DTZ001
    ({"field": "height_cm", "compare": "lt", "other": "weight_kg"}, {"height_cm": 28, "weight_kg": 130}, {"height_cm": 130, "weight_kg": 28}),
    ({"field": "sex", "compare": "eq", "value": "M"}, {"sex": "M"}, {"sex": "F"}),
    ({"field": "grade", "compare": "among", "value": ["ป.4", "08"]}, {"grade": "07"}, {"grade": "09"}),
    ({"field": "disadvantages", "compare": "among", "value": ["09"]}, {"disadvantages": ["01", "09"]}, {"disadvantages": ["01"]}),
    ({"field": "disadvantages", "compare": "not_among", "value": ["09"]}, {"disadvantages": ["01"]}, {"disadvantages": []}),
    ({"field": "lacks_lunch", "compare": "eq", "value": "ไม่ใช่"}, {"lacks_lunch": False}, {"lacks_lunch": True}),
    ({"field": "lacks_lunch", "compare": "empty"}, {"lacks_lunch": None}, {"lacks_lunch": False}),
    ({"field": "first_name", "compare": "empty"}, {"first_name": ""}, {"first_name": "ก"}),
    ({"field": "disadvantages", "compare": "filled"}, {"disadvantages": ["00"]}, {"disadvantages": []}),
    ({"field": "first_name", "compare": "eq", "value": "กานต์"}, {"first_name": "กานต์"}, {"first_name": 7}),
    ({"field": "first_name", "compare": "ne", "other": "last_name"}, {"first_name": "ก", "last_name": "ข"}, {"first_name": "ก"}),
    ({"field": "first_name", "compare": "longer", "value": "3"}, {"first_name": "กานต์"}, {"first_name": "กาน"}),
    ({"field": "first_name", "compare": "shorter", "value": "2"}, {"first_name": "ก"}, {"first_name": ""}),
    ({"field": "student_no", "compare": "like", "value": "##-*"}, {"student_no": "12-ก"}, {"student_no": "1-ก"}),
    ({"field": "student_no", "compare": "unlike", "value": "@?[.]"}, {"student_no": "A9[,]"}, {"student_no": "Aก[.]"}),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "yes", "no"), SO)
def test_a_condition_is_so_of_what_it_says_and_of_nothing_else(typed, yes, no):
    settled = conditions.settled(Student, typed)
    assert conditions.settled(Student, settled) == settled, "as it is stored, and read again"
    assert conditions.problem_of(Student, settled) is None
    so = conditions.holds(settled, Student)
    assert so(yes)
    assert not so(no)
    assert conditions.in_words(settled, declared(Student))


def test_a_rule_says_a_number_as_it_was_typed():
    for typed, said in (("58", "58 กก."), ("58.5", "58.5 กก."), ("58.0", "58 กก.")):
        settled = conditions.settled(Student, {"field": "weight_kg", "compare": "gt", "value": typed})
        assert conditions.parts_of(settled, declared(Student))[2] == said


def test_every_comparison_is_tried_and_none_trips_over_what_an_older_kind_of_field_left():
    assert {typed["compare"] for typed, *_ in SO} == conditions.COMPARISONS.keys()
    odd = (None, "", [], "ข้อความ", 3, 2.5, True, [1], ["ก"], {"ก": 1}, A_DAY, b"\0")
    for typed, *_ in SO:
        so = conditions.holds(conditions.settled(Student, typed), Student)
        for one in odd:
            assert so({name: one for name in conditions.names_in(typed)}) in (True, False)


@pytest.mark.parametrize(
    ("typed", "part", "sentence"),
    [
        ({"field": "shoe_size", "compare": "gt", "value": "1"}, "field", "ไม่มีช่องนี้"),
        ({"field": "", "compare": "gt"}, "field", "กรุณาเลือกช่อง"),
        ({"field": "room", "compare": "about"}, "compare", "กรุณาเลือกวิธีเทียบ"),
        ({"field": "room", "compare": "longer", "value": "2"}, "compare", "ใช้กับช่อง"),
        ({"field": "disadvantages", "compare": "gt", "value": "09"}, "compare", "ใช้กับช่อง"),
        ({"field": "room", "compare": "gt", "value": "สอง"}, "value", "ต้องเป็นตัวเลข"),
        ({"field": "room", "compare": "gt", "value": "1.5"}, "value", "จำนวนเต็ม"),
        ({"field": "weight_kg", "compare": "gt", "value": "1.25"}, "value", "ทศนิยม 1 ตำแหน่ง"),
        ({"field": "room", "compare": "gt", "value": " "}, "value", "กรุณาระบุค่า"),
        ({"field": "birth_date", "compare": "gt", "value": "31/02/2558"}, "value", "ปฏิทิน"),
        ({"field": "sex", "compare": "eq", "value": "X"}, "value", "ไม่อยู่ในรายการ"),
        ({"field": "grade", "compare": "among", "value": ["07", "99"]}, "value", "“99” ไม่อยู่ในรายการ"),
        ({"field": "grade", "compare": "among", "value": []}, "value", "อย่างน้อยหนึ่งค่า"),
        ({"field": "first_name", "compare": "gt", "value": "ก"}, "compare", "ใช้กับช่อง"),
        ({"field": "room", "compare": "gt", "other": "first_name"}, "other", "เทียบตัวเลขกับข้อความไม่ได้"),
        ({"field": "room", "compare": "gt", "other": "room"}, "other", "ช่องเดียวกัน"),
        ({"field": "room", "compare": "gt", "other": ""}, "other", "กรุณาเลือกช่อง"),
        ({"field": "sex", "compare": "eq", "other": "grade"}, "other", "คนละรายการรหัส"),
        ({"field": "first_name", "compare": "longer", "value": "-1"}, "value", "จำนวนตัวอักษร"),
        ({"field": "first_name", "compare": "like", "value": ""}, "value", "กรุณาพิมพ์แบบ"),
        ({"field": "first_name", "compare": "like", "value": "?" * 61}, "value", "กรุณาพิมพ์แบบ"),
    ],
)
def test_what_cannot_be_compared_is_refused_beside_its_part_and_nothing_is_stored(
    typed, part, sentence, administrator
):
    for only in (False, True) if typed["field"] else (False,):
        rule = said(only=typed) if only else said(typed)
        with pytest.raises(Invalid) as refusal:
            make_rule(AREA, "students", rule, administrator)
        found = refusal.value.errors[0]
        assert sentence in found[f"only_{part}" if only else part]
    assert not CheckRule.objects.count()
    assert not db().audit_events.count_documents({"document": "rules"})


def test_a_mask_takes_no_longer_than_the_text_times_the_mask():
    matches = conditions.matcher("*a*a*a*a*a*a*a*a*a*a*a*a*b")
    assert not matches("a" * 4000)
    assert matches("a" * 4000 + "b")
    for mask, yes, no in (
        ("*", ("", "ก\n"), ()),
        ("a*", ("a", "ab"), ("ba",)),
        ("a*a", ("aa", "aba"), ("a",)),
        ("#", ("1",), ("๑", "12", "")),
    ):
        assert all(map(conditions.matcher(mask), yes)), mask
        assert not any(map(conditions.matcher(mask), no)), mask


# ---- what a rule goes through ----


def test_a_rule_counts_once_it_was_tried_and_what_it_finds_is_answered_like_any_other(
    open_round, teacher, officer, administrator
):
    record = write([Change(Student, place(), pupil(room=61))], teacher)[0]
    assert codes() == {}
    made = make_rule(AREA, "students", said(), administrator, "ตามมติ")
    assert (made.code, made.state, codes()) == ("LOCAL-001", "draft", {})
    with pytest.raises(WrongState, match="กรุณาลองกฎ"):
        let_count(made, administrator, made.revision)
    rule_trials.try_rule(made, open_round, administrator, made.revision)
    made = get_rule(administrator, made.id)
    tried = made.tried
    assert (tried["records"], tried["schools"], tried["of"], tried["round"]) == (1, 1, 1, "2568-1")
    assert [each["id"] for each in tried["examples"]] == [record.id]
    assert codes() == {}, "a trial finds nothing of anybody"
    counts = let_count(made, administrator, made.revision)
    assert (counts.state, counts.counted_by_name, bool(counts.counted_at)) == (
        COUNTING,
        administrator.name,
        True,
    )
    assert codes() == {"LOCAL-001": 1}
    found = Finding.objects.get()
    assert (found.record, found.names, found.sentence, found.level) == (
        record.id, ["room"], "ห้องเกิน 60", "warning",
    )  # fmt: skip
    assert found.check.do == "ตรวจห้อง"
    assert titles_in(AREA, "DMC")["LOCAL-001"] == "ห้องมาก"
    assert "LOCAL-001" not in titles_in("34020000", "DMC")
    with pytest.raises(Invalid, match="มีคำเตือน 1 ข้อ"):
        move(submission(), "confirm", teacher)
    answer(submission(), [found.id], teacher, "ดูแล้ว ถูกต้อง")
    assert move(submission(), "confirm", teacher).state == "confirmed"
    deeds = [event["action"] for event in db().audit_events.find({"document": "rules"}).sort("number")]
    assert deeds == ["create", "let_count"]


def test_an_error_of_the_area_stops_confirming_until_the_district_passes_it_or_the_data_end_it(
    open_round, teacher, officer, administrator
):
    counting(administrator, round_=open_round, level="error")
    record = write([Change(Student, place(), pupil(room=61))], teacher)[0]
    with pytest.raises(Invalid, match="มีข้อผิดพลาด 1 ข้อ"):
        move(submission(), "confirm", teacher)
    ids = [row.id for row in Finding.objects]
    with pytest.raises(NotAllowed):
        answer(submission(), ids, teacher, "ถูกต้อง")
    answer(submission(), ids, officer, "ตรวจแล้ว")
    assert Finding.objects.get().state == "passed"
    write([Change(Student, place(), {"room": 1}, record.id, record.revision)], teacher)
    refresh(submission())
    assert Finding.objects.get().state == "fixed"


def test_a_warning_that_comes_after_confirming_stops_certifying_until_it_is_explained(
    open_round, teacher, director, administrator
):
    write([Change(Student, place(), pupil(room=61))], teacher)
    move(submission(), "confirm", teacher)
    counting(administrator, round_=open_round)
    with pytest.raises(Invalid, match="ยังรับรองข้อมูลไม่ได้ มีคำเตือน 1 ข้อ"):
        move(submission(), "certify", director)
    answer(submission(), [Finding.objects.get().id], teacher, "ดูแล้ว ถูกต้อง")
    assert move(submission(), "certify", director).state == "certified"


def test_another_version_takes_the_place_of_what_counts_and_asks_anew(open_round, teacher, administrator):
    write([Change(Student, place(), pupil(room=61))], teacher)
    first = counting(administrator, round_=open_round)
    refresh(submission())
    answer(submission(), [Finding.objects.get().id], teacher, "ดูแล้ว")
    draft = change_rule(first, said(sentence="ห้องมากกว่า 60 ผิดปกติ"), administrator, first.revision)
    assert (draft.version, draft.state, draft.number) == (2, "draft", first.number)
    assert refresh(submission())["counts"]["explained"] == 1, "the first goes on until the second counts"
    with pytest.raises(WrongState, match="มีร่างฉบับใหม่อยู่แล้ว"):
        change_rule(first, said(), administrator, first.revision)
    rule_trials.try_rule(draft, open_round, administrator, draft.revision)
    let_count(get_rule(administrator, draft.id), administrator, draft.revision)
    assert refresh(submission())["counts"]["explained"] == 1, "only its words are others"
    assert Finding.objects.get().sentence == "ห้องมากกว่า 60 ผิดปกติ"
    second = get_rule(administrator, draft.id)
    third = change_rule(second, said(FAR | {"value": "50"}), administrator, second.revision)
    rule_trials.try_rule(third, open_round, administrator, third.revision)
    let_count(get_rule(administrator, third.id), administrator, third.revision)
    counts = refresh(submission())["counts"]
    assert (counts["explained"], counts["warnings"]) == (0, 1), "another question wants another answer"
    assert [(each.version, each.state) for each in versions_of(third)] == [
        (3, "counting"),
        (2, "replaced"),
        (1, "replaced"),
    ]
    assert [(rule.version, draft) for rule, draft in rules_of(AREA)] == [(3, None)]


def test_a_draft_that_was_changed_is_tried_again_and_nobody_overwrites_another(open_round, administrator):
    made = make_rule(AREA, "students", said(), administrator)
    rule_trials.try_rule(made, open_round, administrator, made.revision)
    changed = change_rule(made, said(FAR | {"value": "70"}), administrator, made.revision)
    assert (changed.id, changed.revision, changed.is_tried) == (made.id, 2, False)
    for late in (
        lambda: change_rule(made, said(title="อื่น"), administrator, made.revision),
        lambda: rule_trials.try_rule(changed, open_round, administrator, made.revision),
        lambda: let_count(changed, administrator, changed.revision),
        lambda: retire(changed, administrator, made.revision, "เลิก"),
    ):
        with pytest.raises(WrongState):
            late()
    assert CheckRule.objects.get().title == "ห้องมาก"


def test_a_retired_rule_finds_no_more_stays_in_the_list_and_its_findings_end(
    open_round, teacher, administrator
):
    write([Change(Student, place(), pupil(room=61))], teacher)
    rule = counting(administrator, round_=open_round)
    assert codes() == {"LOCAL-001": 1}
    with pytest.raises(Invalid, match="เหตุผล"):
        retire(rule, administrator, rule.revision, " ")
    over = retire(rule, administrator, rule.revision, "มติใหม่")
    assert codes() == {}
    assert Finding.objects.get().state == "fixed"
    assert check_named("LOCAL-001", AREA).title == "ห้องมาก"
    assert [each.state for each, _ in rules_of(AREA)] == ["retired"]
    with pytest.raises(WrongState):
        let_count(over, administrator, over.revision)
    assert make_rule(AREA, "students", said(), administrator).code == "LOCAL-002", (
        "a code is never used again"
    )


def test_only_the_areas_admin_makes_rules_and_its_officers_read_them(
    open_round, administrator, officer, teacher, approver
):
    far = person("faradmin", "admin", area="34020000")
    for who in (officer, teacher, approver, far):
        with pytest.raises(NotAllowed):
            make_rule(AREA, "students", said(), who)
    made = make_rule(AREA, "students", said(), administrator)
    for deed in (
        lambda who: change_rule(made, said(title="อื่น"), who, made.revision),
        lambda who: rule_trials.try_rule(made, open_round, who, made.revision),
        lambda who: let_count(made, who, made.revision),
        lambda who: retire(made, who, made.revision, "เลิก"),
    ):
        for who in (officer, far):
            with pytest.raises(NotAllowed):
                deed(who)
    assert get_rule(officer, made.id).id == made.id
    for who in (teacher, approver, far):
        with pytest.raises(OutOfScope):
            get_rule(who, made.id)


def test_a_rule_of_many_records_is_tried_by_a_job(open_round, teacher, administrator, app, monkeypatch):
    write([Change(Student, place(), pupil(room=room)) for room in (30, 61, 62)], teacher)
    monkeypatch.setattr(rule_trials, "AT_ONCE", 2)
    made = make_rule(AREA, "students", said(), administrator)
    job = rule_trials.try_rule(made, open_round, administrator, made.revision)
    job.reload()
    assert (job.state, job.result["summary"]) == ("done", ["พบ 2 จาก 3 รายการ ของ 1 โรงเรียน เปิดหน้ากฎเพื่อดูผล"])
    assert get_rule(administrator, made.id).tried["records"] == 2


# ---- fields that go, kinds of every sort ----


def test_a_rule_rests_while_its_field_is_not_used_and_stops_nobody(
    open_round, teacher, administrator, sign_in
):
    field = define(AREA, "students", field_said("tablets"), administrator)
    write([Change(Student, place(), pupil() | {"x_tablets": "3"})], teacher)
    rule = counting(
        administrator, round_=open_round, condition={"field": "x_tablets", "compare": "gt", "value": "2"}
    )
    assert codes() == {"LOCAL-001": 1}
    field = stop(field, YEAR - 1, administrator, field.revision)
    assert codes() == {}
    assert "ไม่ใช้ในปีการศึกษานี้" in rule.problem_in(YEAR)
    one = collection(Student).find_one({})
    write([Change(Student, place(), {"room": 2}, one["_id"], one["revision"])], teacher)
    assert sign_in(teacher).get(f"/admin/students/edit/?id={one['_id']}").status_code == 200
    typed = said({"field": "weight_kg", "compare": "gt", "value": "1"})
    draft = change_rule(rule, typed, administrator, rule.revision)
    collection(CheckRule).update_one({"_id": draft.id}, {"$set": {"condition": dict(rule.condition)}})
    with pytest.raises(Invalid, match="ไม่ได้: ช่อง"):
        rule_trials.try_rule(get_rule(administrator, draft.id), open_round, administrator, draft.revision)
    stop(field, None, administrator, field.revision)
    assert codes() == {"LOCAL-001": 1}, "it goes on as soon as the field is there again"


def test_a_rule_rests_when_a_value_it_names_was_taken_off_the_list(open_round, administrator):
    define(AREA, "students", field_said("shop", "choice", codelist="", options="ตลาด\nห้าง"), administrator)
    only = declared(declaration(Student, AREA, YEAR))["x_shop"]
    rule = counting(
        administrator, round_=open_round, condition={"field": "x_shop", "compare": "eq", "value": "ห้าง"}
    )
    assert len(checks_made_in(AREA, "DMC", YEAR)["students"]) == 1
    code = rule.condition["value"]
    remove_value(AREA, only.codelist, code, administrator, "ไม่มีแล้ว", version_of(AREA, only.codelist))
    assert "ไม่อยู่ในรายการ" in rule.problem_in(YEAR)
    assert checks_made_in(AREA, "DMC", YEAR) == {}


def test_bounds_drawn_closer_do_not_stop_a_rule(open_round, administrator):
    field = define(AREA, "students", field_said("tablets"), administrator)
    rule = counting(
        administrator, round_=open_round, condition={"field": "x_tablets", "compare": "gt", "value": "20"}
    )
    redefine(field, {"high": "10"}, administrator, field.revision)
    assert rule.problem_in(YEAR) is None


def test_a_survey_of_the_areas_own_has_rules_before_its_first_round(area, administrator):
    survey = make_survey(AREA, {"name": "น้ำดื่ม", "key": "water", "single": "1"}, administrator)
    define(AREA, survey.slug, field_said("taps"), administrator)
    rule = counting(administrator, survey.slug, condition={"field": "x_taps", "compare": "eq", "value": "0"})
    assert rule.tried["round"] is None
    document = declaration(document_of(survey.slug), AREA, YEAR)
    (check,) = checks_made_in(AREA, survey.slug, YEAR)[survey.slug]
    context = contexts.Context(YEAR, "water-1", local={survey.slug: (check,)})
    assert [one.check.key for one in checks.of_record(document, {"x_taps": 0, "number": 1}, context)] == [
        "LOCAL-001"
    ]
    assert not list(checks.of_record(document, {"x_taps": 1, "number": 1}, context))


def test_a_rule_is_for_its_own_years_area_and_kind_of_record(area, administrator):
    counting(administrator, first_year=str(YEAR), last_year=str(YEAR + 1))
    assert [bool(checks_made_in(AREA, "DMC", year)) for year in (YEAR - 1, YEAR, YEAR + 1, YEAR + 2)] == [
        False,
        True,
        True,
        False,
    ]
    assert not checks_made_in("34020000", "DMC", YEAR)
    assert not checks_made_in(AREA, "EMIS", YEAR)
    with pytest.raises(Invalid, match="ปีสุดท้าย"):
        make_rule(AREA, "students", said(first_year=str(YEAR), last_year=str(YEAR - 1)), administrator)
    with pytest.raises(Invalid, match="ไม่พบระบบข้อมูลนี้"):
        make_rule(AREA, "shoes", said(), administrator)


# ---- the same everywhere, and for nothing ----


def test_grid_form_and_findings_say_the_same_of_every_record(
    open_round, teacher, officer, administrator, sign_in, times
):
    """Whatever rules an area makes and whatever its records hold: what a grid marks and a form says is what is found."""
    chance = random.Random(times(7, None))  # noqa: S311  not a secret
    for room in (40, 55, 70):
        counting(
            administrator,
            round_=open_round,
            condition=FAR | {"value": str(room)},
            sentence=f"เกิน {room}",
            level=chance.choice(["error", "warning"]),
        )
    counting(
        administrator,
        round_=open_round,
        only={"field": "sex", "compare": "eq", "value": "F"},
        sentence="เฉพาะหญิง",
    )
    made = [pupil(room=chance.choice([30, 41, 56, 71]), sex=chance.choice("MF")) for _ in range(6)]
    made = [one | {"title": "001" if one["sex"] == "M" else "002"} for one in made]
    records = write([Change(Student, place(), one) for one in made], teacher)
    refresh(submission())
    browser = sign_in(teacher)
    grid = browser.get("/admin/students/").text
    for record in records:
        found = {row.sentence for row in Finding.objects(record=record.id)}
        form = browser.get(f"/admin/students/edit/?id={record.id}").text
        for sentence in ("เกิน 40", "เกิน 55", "เกิน 70", "เฉพาะหญิง"):
            assert (f">{sentence}<" in form or f"{sentence} " in form) is (sentence in found), (
                sentence,
                found,
            )
        row = grid[grid.index(f'data-pk="{record.id}"') :].split("</tr>")[0]
        assert any(sentence in row for sentence in found) is bool(found)
    tried = {}
    for rule in CheckRule.objects:
        found = rule_trials.found_by(rule, open_round)
        tried[rule.code] = found["records"]
        assert found["records"] == Finding.objects(code=rule.code, state="open").count(), (
            "a trial says what will be found"
        )
    assert sum(tried.values())


def test_rules_ask_nothing_more_of_the_database_for_a_page_or_a_write(
    open_round, teacher, administrator, sign_in, count_commands
):
    record = write([Change(Student, place(), pupil(room=61))], teacher)[0]
    browser = sign_in(teacher)

    def commands():
        pages = [f"/admin/students/edit/?id={record.id}", "/admin/students/"]
        for page in pages:
            browser.get(page)
        one = collection(Student).find_one({})
        with count_commands() as asked:
            for page in pages:
                browser.get(page)
            write([Change(Student, place(), {"room": one["room"] + 1}, one["_id"], one["revision"])], teacher)
        return len(asked)

    define(AREA, "students", field_said("tablets"), administrator)
    plain = min(commands() for _ in range(3))  # now and then a page looks at the code lists' versions
    counting(administrator, round_=open_round, condition=FAR | {"value": "90"})
    assert not declarations.kept(), "every process asks once more"
    assert min(commands() for _ in range(3)) <= plain

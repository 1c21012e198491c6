"""Letters of a round: what they say, that Word and PDF say the same, and their number on the round."""

import datetime as dt
import io
import re
import zipfile

import pytest
from docx import Document

from documents import clock
from documents.collecting import letters, progress, round_moves
from documents.collecting.letter_words import letter_of
from documents.collecting.reminders import notice_text
from documents.collecting.round_steps import checklist
from documents.collecting.rounds import Round
from documents.collecting.submissions import find_submission
from documents.district.schools import School
from documents.errors import Invalid, NotAllowed, WrongState
from documents.formats.thai import thai_digits
from exports.collecting.letter_files import letter_docx, letter_pdf
from tests.districts import bring
from tests.people import AREA, place
from views.collecting.control_room import steps_of

DAY = dt.datetime(2025, 5, 14)  # noqa: DTZ001


def words_of(docx):
    """The text of a Word document, a line a paragraph."""
    with zipfile.ZipFile(io.BytesIO(docx)) as parts:
        body = parts.read("word/document.xml").decode()
    return "\n".join("".join(re.findall(r"<w:t[^>]*>([^<]*)</w:t>", each)) for each in body.split("</w:p>"))


@pytest.fixture
def office(area):
    """The area's own unit, whose address and telephone stand in its letters."""
    return School(area_code=AREA, code=AREA, kind="office", name="สพป. ทดสอบ เขต 1", phone="045-123456",
                  address="ถนนทดสอบ").save()  # fmt: skip


def test_the_memo_says_what_the_officer_proposed(office, draft_round, officer):
    memo = "เรื่อง ขอเปิดรอบ DMC\nเรียน ผู้อำนวยการเขต\n\nด้วยถึงกำหนด 10 มิ.ย.\n- บันทึก: 1 มิ.ย.\n\nจึงเรียนมาเพื่อทราบและพิจารณาสั่งการ"
    letter = letter_of(round_moves.propose(draft_round, officer, memo), "memo")
    assert (letter.subject, letter.to) == ("ขอเปิดรอบ DMC", "ผู้อำนวยการเขต")
    assert letter.paragraphs == ("ด้วยถึงกำหนด 10 มิ.ย.",)
    assert letter.closing == ("จึงเรียนมาเพื่อทราบและพิจารณาสั่งการ",)
    assert letter.signer == officer.name
    said = words_of(letter_docx(letter))
    for words in ("บันทึกข้อความ", "ส่วนราชการ", "ด้วยถึงกำหนด ๑๐ มิ.ย.", "โทร ๐๔๕-๑๒๓๔๕๖", "๑๐ มิ.ย. ๒๕๖๘ ๑๖.๓๐ น."):
        assert words in said
    assert not re.search("[0-9]", said)


def test_the_letter_to_schools_names_the_order_and_carries_its_number_and_date(
    office, open_round, officer, executive
):
    kept = letters.record(open_round, "schools", "ศธ 04184/ว 1422", DAY, officer)
    letter = letter_of(kept, "schools")
    assert (letter.reference, letter.signer) == ("ศธ 04001/1", executive.name)
    assert "ตามหนังสือ ศธ 04184/ว 1422 ลงวันที่" in notice_text(kept, "http://x"), "schools know their own letter"
    assert steps_of(kept, clock.now())[2]["note"] == "ศธ 04184/ว 1422"
    said = words_of(letter_docx(letter))
    for words in (
        "ศธ 04184/ว 1422",
        "14 พฤษภาคม 2568",
        "อ้างถึง",
        "ขอแสดงความนับถือ",
        "ผู้อำนวยการโรงเรียนในสังกัดทุกโรงเรียน",
    ):
        assert thai_digits(words) in said
    parts = zipfile.ZipFile(io.BytesIO(letter_docx(letter)))
    widths = [
        int(width)
        for width in re.findall(r'<w:gridCol w:w="(\d+)"', parts.read("word/document.xml").decode())
    ]
    assert widths[-1] > widths[-3] > widths[-2], "a step's dates have the room that a line of them takes"
    fonts = parts.read("word/styles.xml").decode()
    assert 'w:cs="TH SarabunPSK"' in fonts
    assert '<w:szCs w:val="32"/>' in fonts


@pytest.mark.parametrize("kind", ["memo", "schools"])
def test_a_long_letter_goes_on_on_a_second_page(kind, office, open_round):
    letter = letter_of(open_round, kind)
    long = "ขอให้โรงเรียนทุกแห่งบันทึกข้อมูลนักเรียนรายบุคคลให้ถูกต้องครบถ้วนตามกำหนดเวลาโดยไม่เว้นวรรค" * 12
    object.__setattr__(letter, "paragraphs", (*letter.paragraphs, long))
    content = letter_pdf(open_round, letter)
    assert content.startswith(b"%PDF")
    assert len(re.findall(rb"/Type /Page\b", content)) == 2


@pytest.mark.parametrize("kind", ["memo", "schools"])
def test_a_name_in_word_stands_on_the_page_of_the_line_above_it(kind, office, open_round, officer):
    letter = letter_of(open_round, kind)
    lines = Document(io.BytesIO(letter_docx(letter))).paragraphs
    (last,) = [n for n, each in enumerate(lines) if each.text == thai_digits(letter.closing[-1])]
    (name,) = [n for n, each in enumerate(lines) if each.text.startswith("(")]
    assert all(each.paragraph_format.keep_with_next for each in lines[last:name])


def test_a_number_is_recorded_once_for_each_letter_by_the_district_alone(draft_round, officer, approver):
    first = letters.record(draft_round, "memo", " ศธ 04184/77 ", DAY, officer)
    assert letters.shown(first, "memo") == "ศธ 04184/77 ลงวันที่ 14 พฤษภาคม 2568"
    assert first.moves[-1]["changes"] == {"letter_memo": [None, "ศธ 04184/77 ลงวันที่ 14 พฤษภาคม 2568"]}
    with pytest.raises(WrongState):
        letters.record(draft_round, "memo", "ศธ 1", DAY, officer)  # the round as it was before
    with pytest.raises(WrongState):
        letters.record(first, "schools", "ศธ 1", DAY, officer)  # not ordered yet
    with pytest.raises(NotAllowed):
        letters.record(first, "memo", "ศธ 1", DAY, approver)
    for number in ("", "x" * 101):
        with pytest.raises(Invalid):
            letters.record(first, "memo", number, DAY, officer)


def test_the_page_shows_the_letter_and_gives_its_files(open_round, officer, sign_in):
    browser = sign_in(officer)
    front = f"/admin/rounds/letters/?id={open_round.id}&kind=schools"
    typed = {
        "id": str(open_round.id),
        "revision": open_round.revision,
        "kind": "schools",
        "number": "ศธ 1/ว 2",
    }
    assert browser.send("/admin/rounds/letters/", typed | {"day": "31/02/2568"}).status_code == 422
    assert browser.send("/admin/rounds/letters/", typed | {"day": "14/05/2568"}).status_code == 303
    page = browser.get(front).text
    assert "ศธ ๑/ว ๒" in page
    assert "ศธ 1/ว 2 ลงวันที่ 14 พฤษภาคม 2568" in page
    for ending, begins in (("docx", b"PK"), ("pdf", b"%PDF")):
        got = browser.get(f"/admin/rounds/letters/file/?id={open_round.id}&kind=schools&as={ending}")
        assert got.data.startswith(begins)
        assert "attachment" in got.headers["Content-Disposition"]
    assert Round.objects(id=open_round.id).get().letters["schools"]["number"] == "ศธ 1/ว 2"
    assert "บันทึกเลขที่หนังสือถึงโรงเรียน" in browser.get(f"/admin/rounds/details/?id={open_round.id}").text


def test_the_five_steps_are_filled_by_what_was_done(area, open_round, officer):
    kept = letters.record(open_round, "memo", "ศธ 1", DAY, officer)
    steps = checklist(kept, progress.sums_of(kept, officer))
    assert [step.done for step in steps] == [True, True, True, False, False]
    assert [step.took for step in steps] == [None, 1, 1, None, None]
    assert [(item.words, item.done) for item in steps[2].items] == [
        ("เปิดรอบ", True),
        ("บันทึกเลขที่หนังสือถึงโรงเรียน", False),
    ]
    assert steps[3].items[0].note == "0 จาก 2 โรงเรียน"
    told = letters.record(kept, "schools", "ศธ 2", DAY, officer)
    bring(find_submission("DMC", place()), "confirm", "certify", "verify")
    steps = checklist(told, progress.sums_of(told, officer))
    assert [step.done for step in steps] == [True, True, True, False, False]
    assert [item.note for item in steps[3].items] == ["1 จาก 2 โรงเรียน"] * 2


def test_the_five_steps_say_what_the_line_of_steps_above_them_says(
    area, draft_round, officer, executive, approver
):
    """At every stage, whatever numbers of letters were written down."""
    proposed = round_moves.propose(draft_round, officer, "ขอเปิดรอบ")
    ordered = round_moves.record_order(proposed, executive, "1", DAY, "ทราบ")
    opened = round_moves.open_round(ordered, approver)
    for number, round_ in enumerate((draft_round, proposed, ordered, opened)):
        _assert_same_steps(round_, number)
    for number, state in ((4, "locked"), (5, "published")):
        opened.state = state
        _assert_same_steps(opened, number)


def _assert_same_steps(round_, done):
    steps = [step.done for step in checklist(round_)]
    assert steps == [step["state"] == "done" for step in steps_of(round_, clock.now())]
    assert sum(steps) == done


def test_a_step_that_took_longer_than_the_manual_gives_says_so(draft_round, officer, executive):
    clock.configure("2025-05-02T09:00:00+07:00")  # a Friday
    proposed = round_moves.propose(draft_round, officer, "ขอเปิดรอบ")
    clock.configure("2025-05-06T09:00:00+07:00")
    step = checklist(round_moves.record_order(proposed, executive, "1", DAY, "ทราบ"))[1]
    assert (step.took, step.over) == (2, True)

"""English and dates by choice: the page said again on its way out, and nothing else of it changed."""

import json
import re
import time
from html import unescape

import pytest

from admin_app import messages, wording
from admin_app.wording import Words, dates_in, page_for
from documents.district import places
from documents.people.users import User
from tests.people import SCHOOL
from tests.web import with_password

LITTLE = Words(
    {
        "บันทึก": "Save",
        "โรงเรียน": "School",
        "รายการ": "records",
        "เลือก {0} {1} แล้ว": "{0} {1} selected",
        "ของ{0} {1} คน": "{1} pupils of {0}",
        "ส่งกลับ: {0}": "Returned: {0}",
        "เปิดซ้ำ {0} แห่ง": "{0} other schools are open",
        "ประจำปี": "Yearly",
        "นับ ณ 10 มิ.ย.": "Counted on 10 June",
    }
)
PAGE = """<!doctype html>
<html lang="th"><head><title>บันทึก</title></head>
<body><h1 title="โรงเรียน">โรงเรียน &amp; บันทึก</h1><p>เลือก 5 รายการ แล้ว · <b>บันทึก</b></p>
<script>const word = "บันทึก";</script><textarea>บันทึก</textarea><input value="บันทึก" placeholder="บันทึก">
<article translate="no"><p>บันทึก</p><article>โรงเรียน</article></article><p>ของ&lt;b&gt;หนึ่ง 12 คน</p></body></html>"""


@pytest.fixture
def little(monkeypatch):
    monkeypatch.setattr(wording, "english", lambda: LITTLE)


def test_texts_and_spoken_attributes_are_said_and_the_rest_stays(little):
    page = page_for(PAGE, "en", "be")
    for there in (
        '<html lang="en">', "<title>Save</title>", '<h1 title="School">', "<p>5 records selected · <b>Save</b></p>",
        '<script>const word = "บันทึก";</script>', "<textarea>บันทึก</textarea>", 'value="บันทึก" placeholder="Save"',
        '<article translate="no"><p>บันทึก</p><article>โรงเรียน</article></article>', "<p>12 pupils of &lt;b&gt;หนึ่ง</p>",
    ):  # fmt: skip
        assert there in page, there
    assert page_for(PAGE, "th", "be") == PAGE


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("บันทึก", "Save"),
        ("  บันทึก ", "  Save "),
        ("เลือก 5 โรงเรียน แล้ว", "5 School selected"),
        ("บันทึก · โรงเรียน", "Save · School"),
        ("ส่งกลับ: บันทึก", "Returned: Save"),
        ("ของหนึ่ง 1 คน", "1 pupil of หนึ่ง"),
        ("ของ1 11 คน", "11 pupils of 1"),
        ("เปิดซ้ำ 1 แห่ง", "1 other school is open"),
        ("เปิดซ้ำ 21 แห่ง", "21 other schools are open"),
        ("คำที่ไม่รู้จัก", "คำที่ไม่รู้จัก"),
        ("Save", "Save"),
        ("EMIS ประจำปี", "EMIS Yearly"),
        ("M-OBEC ประจำปี/2568 · บันทึก", "M-OBEC Yearly/2568 · Save"),
        ("EMIS สมชาย", "EMIS สมชาย"),
        ("นับ ณ 10 Jun", "Counted on 10 June"),
        ("บันทึก × รายการ", "Save × records"),
    ],
)
def test_a_text_is_looked_up_whole_then_by_its_holes_then_piece_by_piece(text, said):
    assert LITTLE.say(text) == said


def test_a_survey_is_called_by_the_english_name_its_area_gave_it():
    page = "<html><head></head><body><h1>แบบสำรวจ น้ำดื่ม/2568 · บันทึก</h1><p>น้ำดื่ม</p></body></html>"
    said = page_for(page, "en", "be", {"น้ำดื่ม": "Drinking water", "น้ำ": "Water"})
    assert "<h1>Survey Drinking water/2568 · Save</h1><p>Drinking water</p>" in said


BETWEEN = ["x", " ", "ก", ": ", " · ", "/"]


@pytest.mark.parametrize("between", BETWEEN)
def test_a_typed_text_that_almost_fits_every_message_costs_no_more_than_any(between, times):
    """Each message with one of the six between its pieces; with --long with each of them."""
    words, every = wording.english(), times(len(BETWEEN), 1)
    began = time.process_time()
    for _, pieces, *_ in words.patterns[BETWEEN.index(between) % every :: every]:
        typed = pieces[0] + between.join(pieces * 500)
        words.say(f"{typed[: wording.LONGEST - 1]}ก")
    assert time.process_time() - began < 15  # one such text took a minute as an expression


@pytest.mark.parametrize(
    ("dates", "in_english", "said"),
    [
        ("be", False, "ถึง 5 มิ.ย. 2568 09.00 น. (05/06/2568) 12 คน"),
        ("be-thai", False, "ถึง ๕ มิ.ย. ๒๕๖๘ ๐๙.๐๐ น. (๐๕/๐๖/๒๕๖๘) 12 คน"),
        ("ce", False, "ถึง 5 มิ.ย. 2025 09.00 น. (05/06/2025) 12 คน"),
        ("be", True, "ถึง 5 Jun 2568 09:00 (05/06/2568) 12 คน"),
        ("ce", True, "ถึง 5 Jun 2025 09:00 (05/06/2025) 12 คน"),
    ],
)
def test_dates_are_shown_as_the_reader_wants_them(dates, in_english, said):
    assert dates_in("ถึง 5 มิ.ย. 2568 09.00 น. (05/06/2568) 12 คน", dates, in_english) == said
    assert dates_in("10 มิถุนายน 2568", "ce", True) == "10 June 2025"
    assert dates_in("2568-1 มี 2568 คน ห้อง 10/2", dates, in_english) == "2568-1 มี 2568 คน ห้อง 10/2"


def test_a_person_keeps_the_choice_and_a_stranger_has_one_too(client, sign_in, teacher):
    assert 'lang="th"' in client.get("/login").text
    answer = client.send(
        "/reading", {"language": "en"}, headers={"Referer": "http://localhost/login?next=/admin/"}
    )
    assert (answer.status_code, answer.location) == (303, "/login?next=/admin/")
    assert 'lang="en"' in client.get("/login").text
    browser = sign_in(teacher)
    browser.send("/reading", {"language": "en", "dates": "ce"})
    assert (User.objects.get(id=teacher.id).language, User.objects.get(id=teacher.id).dates) == ("en", "ce")
    page = sign_in(teacher).get("/admin/students/").text
    assert 'lang="en"' in page
    assert "Students" in page
    assert "นักเรียน (DMC)" not in page


def test_a_choice_that_is_none_or_a_way_out_is_not_taken(sign_in, teacher):
    browser = sign_in(teacher)
    for data in ({"language": "xx"}, {"dates": "<b>"}, {}):
        answer = browser.send("/reading", data, headers={"Referer": "https://elsewhere.example/login"})
        assert (answer.status_code, answer.location) == (303, "/")
    two_slashes = {"Referer": "http://localhost//elsewhere.example/?x=1"}  # a page of ours: its 404
    assert browser.send("/reading", {}, headers=two_slashes).location == "/elsewhere.example/?x=1"
    assert User.objects.get(id=teacher.id).language is None
    assert browser.post("/reading", data={"language": "en"}).status_code == 400


def test_signing_in_brings_ones_own_language_not_the_last_readers(client, teacher):
    with_password(teacher)
    client.send("/reading", {"language": "en"})
    User.objects(id=teacher.id).update(language="th")
    client.type_in(teacher.email, "สามคำ correct horse")
    assert 'lang="th"' in client.get("/admin/").text


def test_every_message_has_holes_that_its_english_fills():
    for message, english in wording.catalogue().items():
        assert {*wording.HOLE.findall(english)} <= {*wording.HOLE.findall(message)}, (message, english)


def test_every_message_has_its_english():
    known = wording.catalogue()
    assert [message for message in messages.messages() if message not in known] == []


THAI = r"[\u0e01-\u0e5b]"
# Thai, then a statement, then Thai in the same text: "{% if x %}one {% endif %}two", "one{% if x %} two".
STRUNG = [
    re.compile(rf"{THAI}\s*(?:\{{%-?\s*(?:elif|else)[^%]*%\}}[^<>{{]*)*\{{%-?\s*endif\s*-?%\}}\s*{THAI}"),
    re.compile(rf"{THAI}[^<>{{%§\"]*\{{%-?\s*if [^%]*%\}}\s*{THAI}"),
]


def test_no_sentence_of_a_page_goes_on_in_one_that_may_be_left_out():
    """A text is looked up whole: the two together would be said in Thai. A tag or " · " between them parts them."""
    strung = []
    for path in sorted((messages.ROOT / "admin_app" / "templates").rglob("*.html")):
        page = re.sub(r"\{#.*?#\}|\{% *call .*?%\}", "<>", path.read_text("utf-8"), flags=re.S)
        page = re.sub(r"\{\{.*?\}\}", "§", page, flags=re.S)
        strung += [(path.name, found[0]) for shape in STRUNG for found in shape.finditer(page)]
    assert strung == []


# What is left in Thai on an English page

PAGES = {
    "school": ("/admin/", "/admin/students/", "/admin/students/new/", "/admin/rooms/", "/admin/submissions/", "/admin/rounds/",
               "/admin/schools/", "/admin/codelists/", "/admin/audit/", "/admin/students/import/", "/account/", "/account/two-step/",
               "/admin/findings/", "/admin/jobs/", "/admin/class-lists/", "/admin/transfers/", "/admin/transfers/new/?school={school}", "/admin/id-changes/new/?record={record}",
               "/admin/id-changes/", "/admin/duplicates/", "/admin/reopening/", "/admin/papers/", "/admin/schools/contacts/",
               "/admin/students/details/?id={record}", "/admin/submissions/details/?id={submission}",
               "/admin/reopening/details/?kind=extension&id={request}", "/admin/changes/?id={submission}",
               "/admin/gcode/", "/admin/gcode/new/", "/admin/gcode/details/?id={gcode}",
               *(f"/admin/students/roll/?deed={deed}&rowid={{record}}" for deed in ("leave", "arrange", "renumber"))),
    "director": ("/admin/", "/admin/submissions/details/?id={submission}", "/admin/findings/", "/admin/reopening/",
                 "/admin/jobs/"),
    "district": ("/admin/", "/admin/control-room/", "/admin/students/", "/admin/submissions/", "/admin/rounds/",
                 "/admin/rounds/new/", "/admin/schools/", "/admin/schools/import/", "/admin/schools/contacts/",
                 "/admin/findings/", "/admin/jobs/", "/admin/transfers/", "/admin/id-changes/", "/admin/duplicates/", "/admin/reopening/",
                 "/admin/gcode/?queue=check", "/admin/gcode/details/?id={gcode}", "/admin/gcode/settings/",
                 "/admin/students/import/", "/admin/students/import/past/", "/admin/submissions/details/?id={submission}",
                 "/admin/people/", "/admin/recertification/", "/admin/registrations/", "/admin/registrations/invite/"),
    "approver": ("/admin/", "/admin/rounds/", "/admin/reopening/", "/admin/findings/", "/admin/gcode/certify/?id={gcode}"),
    "executive": ("/admin/", "/admin/control-room/"),
    "admin": ("/admin/", "/admin/users/", "/admin/users/new/", "/admin/fields/", "/admin/audit/", "/admin/codelists/"),
}  # fmt: skip
TEXTS = re.compile(r"<(script|style|textarea|pre)\b.*?</\1>|<[^>]*translate=\"no\".*?</\w+>|<[^>]*>", re.S)


def data_in(database):
    """Every Thai string that is stored: what people typed, and words kept with it; the longest first."""
    found = set()

    def gather(value):
        if isinstance(value, str) and wording.THAI_LETTER.search(value):
            found.add(value)
        elif isinstance(value, dict | list):
            for each in value.values() if isinstance(value, dict) else value:
                gather(each)

    for name in database.list_collection_names():
        for row in database[name].find():
            gather(row)
    for seed in messages.SEEDS.glob("*.json"):
        stored = json.loads(seed.read_text("utf-8"))
        gather(
            stored["entries"] if seed.stem == "nation" else []
        )  # words of civil registration, kept as they are
    gather([places.name(code) for code in places.names() if len(code) == 2 or code.startswith("1001")])
    return sorted(found, key=len, reverse=True)


def thai_left(html, data):
    """Texts of a page in which Thai is left once the data is taken out."""
    left = []
    for text in TEXTS.sub("\x00", html).split("\x00"):
        rest = unescape(text)
        for each in data if wording.THAI_LETTER.search(rest) else ():
            rest = rest.replace(each, "")
        if (
            wording.THAI_LETTER.search(rest) and len(rest.strip()) > 1
        ):  # one letter stands on a tile, or for a name
            left.append(" ".join(text.split()))
    return left


@pytest.mark.parametrize("role", PAGES)
def test_what_is_left_in_thai_on_an_english_page_is_data(role, world, sign_in, database):
    browser = sign_in(world.people[role])
    browser.send("/reading", {"language": "en", "dates": "ce"})
    data = data_in(database)
    ids = {"school": SCHOOL, "record": world.own["students"][0], "submission": world.submission.id}
    pages = [
        browser.get(path.format(**ids, request=world.request, gcode=world.gcode)) for path in PAGES[role]
    ]
    assert {page.status_code for page in pages} <= {200, 409}
    left = {text for page in pages for text in thai_left(page.text, data)}
    assert sorted(left - {"ภาษาไทย"}) == []  # the way back

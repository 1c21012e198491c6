"""English words left on a page: how they are found, to be asked of every page.

`english_on(html)` gives each visible text or attribute with a Latin word that is not allowed, as
'<button title> Close'; an empty list is a page in Thai.
"""

import json
import re
from html.parser import HTMLParser

import pytest

# Names and abbreviations that officers read and write in Latin letters; exact case.
NAMES = [
    *("Khet", "DMC", "EMIS", "SMIS", "OBEC", "B-OBEC", "M-OBEC", "OBEC-Asset", "G-Code", "AMSS", "LINE"),
    "LOCAL",  # before the number of a rule that the area made
    *(
        "Excel",
        "XLSX",
        "XLS",
        "ODS",
        "CSV",
        "PDF",
        "DOCX",
        "ZIP",
        "JPEG",
        "JPG",
        "PNG",
        "WebP",
        "HEIC",
        "MB",
        "KB",
        "GB",
    ),
    *(
        "UTF-8",
        "UTF-16",
        "CP874",
        "TIS-620",
        "SHA-256",
        "QR",
        "SMS",
        "Google Authenticator",
        "LastPass",
        "Authy",
    ),
    *("LAN", "Wireless LAN", "DLTV", "CAI", "Mbps"),
    *(
        "Leased Line",
        "ADSL (Broadband)",
        "3G 4G 5G WiMAX",
        "Dial Line",
        "Fiber Optic",
    ),  # as the ministry lists them
    *("Ctrl", "Alt", "Shift", "Enter", "Esc", "AB", "ARh", "BRh", "ABRh", "ORh"),  # keys; blood groups
    *(
        "Tablet",
        "Notebook",
        "Printer",
        "LCD",
        "cm",
    ),  # the source's items of equipment
]
# What may stand anywhere because it is nobody's wording.
FORMS = [
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",  # an e-mail address
    r"https?://\S+",
    r"[\w.-]+\.(?:xlsx|xls|ods|csv|pdf|docx|zip|jpe?g|png)",  # a file's name, or its ending alone
    r"\.(?:xlsx|xls|ods|csv|pdf|docx|zip|jpe?g|png)",
    r"v?\d+\.\d+[\w.+-]*",  # a version of the product
    r"KHET_[A-Z_]+",  # a setting, for who runs the product
    r"[0-9a-f]{12,}",  # a digest or an id
]
LATIN_WORD = re.compile(r"[A-Za-zÀ-ɏ]{2,}")  # one letter is a code: "รหัส G", "A4"

UNSEEN = {"script", "style"}
KEYS = "kbd"  # keys are called what the keyboard calls them
VOID = {
    *("area", "base", "br", "col", "embed", "hr", "img", "input"),
    *("link", "meta", "source", "track", "wbr"),
}
SPOKEN = {"title", "placeholder", "alt", "label", "aria-label", "aria-description", "aria-roledescription"}
SPOKEN |= {"aria-placeholder", "aria-valuetext", "data-title", "data-placeholder", "data-confirm"}
BUTTONS = {"submit", "button", "reset"}


def allowed_words(names):
    words = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.compile(rf"{'|'.join(FORMS)}|(?<![A-Za-z])(?:{words})(?![A-Za-z])")


def english_on(html, also=()):
    """What on this page has Latin words that are not allowed, in the page's order: '<tag attribute> its text'.

    Texts and spoken attributes (title, placeholder, alt, aria-label, a button's value ...) are looked at, hidden
    elements too; scripts, styles, JSON left for a script, `<kbd>` and what is marked `lang="en"` inside the page
    are not. `also` names further words allowed on this page.
    """
    page = Page(allowed_words([*NAMES, *also]))
    page.feed(html.replace("<wbr>", ""))  # where a line may break, the word goes on
    page.close()
    return page.found


def is_json(text):
    """Whether a text is a JSON object or list: something for a script, such as Flask-Admin's filter groups."""
    try:
        return isinstance(json.loads(text), dict | list)
    except ValueError:
        return False


class Page(HTMLParser):
    """Collects, while it reads, what `english_on` gives back."""

    def __init__(self, allowed):
        super().__init__()
        self.allowed = allowed
        self.found = []
        self.open = []  # (tag, whether its content is passed over), outermost first
        self.text = ""

    def passed_over(self):
        return any(passed for _tag, passed in self.open)

    def note(self, where, words):
        words = " ".join(words.split())
        if LATIN_WORD.search(self.allowed.sub(" ", words)):
            self.found.append(f"<{where}> {words}")

    def end_of_text(self):
        if not (self.passed_over() or is_json(self.text)):
            self.note(self.open[-1][0] if self.open else "", self.text)
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.end_of_text()
        attrs = dict(attrs)
        passed = (
            tag in UNSEEN or tag == KEYS or (tag != "html" and (attrs.get("lang") or "").startswith("en"))
        )
        if not (passed or self.passed_over()):
            self.note_attributes(tag, attrs)
        if tag not in VOID:
            self.open.append((tag, passed))

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def note_attributes(self, tag, attrs):
        for name, value in attrs.items():
            speaks = name in SPOKEN or (name == "value" and tag == "input" and attrs.get("type") in BUTTONS)
            if speaks and value:
                self.note(f"{tag} {name}", value)
        if tag == "meta" and attrs.get("name") == "description":
            self.note("meta description", attrs.get("content") or "")

    def handle_endtag(self, tag):
        self.end_of_text()
        if tag in [name for name, _passed in self.open]:
            while self.open.pop()[0] != tag:
                pass  # an end tag may be left out, as of <li> and <option>

    def handle_data(self, data):
        self.text += data

    def close(self):
        super().close()
        self.end_of_text()


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ("<p>Save</p>", ["<p> Save"]),
        ("<p>กด <b>Save</b> เพื่อบันทึก</p>", ["<b> Save"]),
        ("<p>ข้อมูล with\n  selected &amp; more</p>", ["<p> ข้อมูล with selected & more"]),
        ("<title>Close - Khet</title>", ["<title> Close - Khet"]),
        ('<a title="Edit Record">✎</a>', ["<a title> Edit Record"]),
        ('<input placeholder="Search">', ["<input placeholder> Search"]),
        ('<button aria-label="Close">×</button>', ["<button aria-label> Close"]),
        ('<img alt="menu image" src="picture.png">', ["<img alt> menu image"]),
        ('<input type="submit" value="Apply"/>', ["<input value> Apply"]),
        ('<select><optgroup label="Grade"><option value="AAA">ชั้น</select>', ["<optgroup label> Grade"]),
        ("<ul><li>One<li>สอง</ul><p>Three</p>", ["<li> One", "<p> Three"]),
        ("<template><p>Later</p></template><p hidden>Hidden</p>", ["<p> Later", "<p> Hidden"]),
        ('<html lang="en"><p>Whole page</p></html>', ["<p> Whole page"]),
        ("<p>Line Excelsior</p>", ["<p> Line Excelsior"]),
        ("Bare", ["<> Bare"]),
    ],
)
def test_an_english_word_is_found_where_it_shows(html, found):
    assert english_on(html) == found


@pytest.mark.parametrize(
    "html",
    [
        "<p>นักเรียนรายบุคคล (DMC) ส่งออก XLSX, CSV ทาง LINE หรือ AMSS++ รหัส SMIS 8 หลัก</p>",
        "<p>สิ่งก่อสร้าง (B-OBEC) ครุภัณฑ์ (M-OBEC) รหัสประจำตัวผู้เรียน (G-Code)</p>",
        "<p>teacher@school.example.th รุ่น 0.1.0 ตั้งค่า KHET_PUBLIC_URL กลุ่มเลือด ABRh- รหัส G ห้อง A</p>",
        "<p>ไฟล์ DMC_2568-1.xlsx ลายนิ้วมือ 9f86d081884c7d65 ที่ https://khet.example/rounds</p>",
        "<p>กด <kbd>Ctrl K</kbd> หรือ Ctrl+K เพื่อค้นหา</p>",
        '<a lang="en" href="?language=en" title="English">English</a>',
        "<style>p { color: red }</style><script>let word = '<p>English</p>'</script>",
        '<input type="hidden" value="token"><input name="email" value="somebody" class="form-control">',
        '<div id="filter-groups-data">{"ชื่อ": [{"arg": "0", "type": null}]}</div>',
        "<!-- English for developers --><p>ภาษาไทย</p>",
    ],
)
def test_names_codes_and_what_nobody_sees_are_no_english(html):
    assert english_on(html) == []


def test_a_page_may_allow_words_of_its_own():
    assert english_on("<p>ผู้ให้บริการ TOT 100 Mbps</p>", also=["TOT", "Mbps"]) == []

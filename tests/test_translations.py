"""Every word of Flask-Admin, Flask-Security, WTForms and Flask-WTF is there in Thai, and reaches the page."""

import io
import re
from pathlib import Path

import flask_admin
import flask_security
import flask_wtf
import pytest
import wtforms
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from admin_app import language

CATALOGUES = Path(language.TRANSLATIONS) / "th" / "LC_MESSAGES"
DOMAINS = {"admin": [flask_admin], "flask_security": [flask_security], "wtforms": [wtforms, flask_wtf]}
FILES = [("tests/**", "ignore"), ("**.py", "python"), ("**/templates/**", "jinja2")]
NAMES_OF_GETTEXT = ("_", "_gettext", "_fsdomain", "gettext", "lazy_gettext")
CALLS = {**dict.fromkeys(NAMES_OF_GETTEXT), "ngettext": (1, 2), "_ngettext": (1, 2)}
PLAIN_ENGLISH = re.compile(r'(?:ValidationError|_error_response)\(\s*"(The [^"]+)"')  # flask_wtf/csrf.py

WITHOUT_THAI = {"%(placeholder)s"}  # only passes on the search box's own text
# Flask-Admin's drop-down of page sizes writes the number into the message, so each size is a message of its own.
PAGE_SIZES = {(f"{size} item", f"{size} items") for size in (10, 20, 50, 100, 200, 500, 1000)}
# Flask-Security wrote "%(length) characters", which Python reads as the conversion "c".
MENDED = {"Value entered must be less than %(length) characters": {"%(length)s"}}

# The district's own words, letter for letter.
GLOSSARY = {
    "admin": {
        "Home": "หน้าหลัก",
        "Add": "เพิ่ม",
        "Create": "เพิ่ม",
        "Edit": "แก้ไข",
        "Save": "บันทึก",
        "Delete": "ลบ",
        "Cancel": "ยกเลิก",
        "Search": "ค้นหา",
        "Filter": "กรอง",
        "Export": "ส่งออกข้อมูล",
        "View Record": "ดูรายละเอียด",
        "Select all records": "เลือกทั้งหมด",
        "There are no items in the table.": "ไม่พบข้อมูล",
        "Record was successfully saved.": "บันทึกข้อมูลเรียบร้อยแล้ว",
    },
    "flask_security": {
        "Login": "เข้าสู่ระบบ",
        "Sign In": "เข้าสู่ระบบ",
        "Change Password": "เปลี่ยนรหัสผ่าน",
        "You do not have permission to view this resource.": "ท่านไม่มีสิทธิ์เข้าถึงข้อมูลนี้",
    },
}

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")
MARKUP = re.compile(r"</?\w+[^>]*>|\\'")
THAI_LETTER = re.compile("[\u0e01-\u0e2e]")


def catalogue(domain):
    return read_po((CATALOGUES / f"{domain}.po").open("rb"), locale="th")


def messages_in(library):
    """The messages a library's sources and templates ask a translation for; plural ones as (one, many)."""
    folder = Path(library.__file__).parent
    for _file, _line, message, _comments, _context in extract_from_dir(folder, FILES, keywords=CALLS):
        yield message
    if library is flask_wtf:
        yield from PLAIN_ENGLISH.findall((folder / "csrf.py").read_text())


def every(domain):
    asked = {message for library in DOMAINS[domain] for message in messages_in(library)}
    return sorted(asked | PAGE_SIZES if domain == "admin" else asked, key=str)


EVERY_MESSAGE = [(domain, message) for domain in DOMAINS for message in every(domain)]


def in_thai(domain, message):
    """The Thai of a message as the compiled catalogue gives it, for one and for many."""
    words = language.catalogue(domain)
    if isinstance(message, tuple):
        return {words.ungettext(*message, number) for number in (1, 2)}
    return {words.ugettext(message)}


@pytest.mark.parametrize(("domain", "message"), EVERY_MESSAGE)
def test_every_message_is_thai_and_keeps_its_placeholders(domain, message):
    source = message[-1] if isinstance(message, tuple) else message
    for thai in in_thai(domain, message):
        assert source in WITHOUT_THAI or THAI_LETTER.search(thai)
        expected = MENDED.get(source, set(PLACEHOLDER.findall(source)))
        assert set(PLACEHOLDER.findall(thai)) == expected
        assert PLACEHOLDER.findall(thai).count("%s") == PLACEHOLDER.findall(source).count("%s")
        assert MARKUP.findall(thai) == MARKUP.findall(source)
        assert thai.endswith(" ") == source.endswith(" ")


def test_as_many_messages_are_walked_as_the_libraries_have():
    assert {domain: len(every(domain)) for domain in DOMAINS} == {
        "admin": 116 + len(PAGE_SIZES),
        "flask_security": 260,
        "wtforms": 48,
    }


@pytest.mark.parametrize(
    ("domain", "message"), [(domain, message) for domain, words in GLOSSARY.items() for message in words]
)
def test_a_word_of_the_glossary_is_used_letter_for_letter(domain, message):
    assert in_thai(domain, message) == {GLOSSARY[domain][message]}


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_catalogue_has_no_message_that_nobody_asks_for(domain):
    asked = set(every(domain))
    assert [message.id for message in catalogue(domain) if message.id and message.id not in asked] == []


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_compiled_catalogue_is_the_written_one(domain):
    compiled = io.BytesIO()
    write_mo(compiled, catalogue(domain))
    assert (CATALOGUES / f"{domain}.mo").read_bytes() == compiled.getvalue()

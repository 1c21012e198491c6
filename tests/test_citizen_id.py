"""Citizen numbers: the check digit, the way people and spreadsheets write them, and what lists show of them."""

import pytest

from documents.formats import citizen_id


@pytest.mark.parametrize("number", ["1000000000017", "1000000000301", "1000000000050", "0000000000019"])
def test_a_number_with_its_check_digit_is_right(number):
    assert citizen_id.is_citizen_id(number[:12] + citizen_id.check_digit(number[:12]))


@pytest.mark.parametrize(
    ("first12", "digit"),
    [("100000000001", "7"), ("100000000030", "1"), ("100000000005", "0"), ("134010000001", "6")],
)
def test_the_check_digit_is_that_of_the_rule(first12, digit):
    assert citizen_id.check_digit(first12) == digit


@pytest.mark.parametrize(
    "number",
    [
        "3100602652385",
        "1000000000018",
        "100000000001",
        "10000000000170",
        "๑๐๐๐๐๐๐๐๐๐๐๑๗",
        "",
        "G000000000017",
        "1000000000017\n",
    ],
)
def test_anything_else_is_no_citizen_number(number):
    assert not citizen_id.is_citizen_id(number)


def test_a_number_that_begins_with_0_is_right_and_with_9_is_not():
    assert citizen_id.is_citizen_id("000000000001" + citizen_id.check_digit("000000000001"))
    assert not citizen_id.is_citizen_id("900000000001" + citizen_id.check_digit("900000000001"))


def test_every_wrong_last_digit_is_noticed():
    right = citizen_id.check_digit("134010000001")
    wrong = [digit for digit in "0123456789" if digit != right]
    assert not any(citizen_id.is_citizen_id("134010000001" + digit) for digit in wrong)


@pytest.mark.parametrize(
    "written",
    [
        "1-0000-00000-01-7",
        "1 0000 00000 01 7",
        "๑-๐๐๐๐-๐๐๐๐๐-๐๑-๗",
        "1–0000–00000–01–7",
        " 1000000000017\u200b",
        1000000000017,
        1000000000017.0,
    ],
)
def test_a_number_is_cleaned_of_how_it_was_written(written):
    assert citizen_id.clean_id(written) == "1000000000017"


def test_leading_zeros_and_capitals_are_kept():
    assert citizen_id.clean_id("0-0000-00000-01-9") == "0000000000019"
    assert citizen_id.clean_id("g683400000001") == "G683400000001"
    assert citizen_id.clean_id(None) == ""


@pytest.mark.parametrize(
    "cell", ["1.34E+12", "1.34e+12", "1,34E+12", "1E+12", "1340100000016.0", "๑.๓๔E+๑๒", 1.5]
)
def test_a_number_that_a_spreadsheet_mangled_is_told(cell):
    assert citizen_id.looks_mangled(cell)


@pytest.mark.parametrize(
    "cell", ["1340100000016", "G683400000001", "12E4567", "AA1234567", "", 1340100000016.0]
)
def test_a_whole_number_is_not_mangled(cell):
    assert not citizen_id.looks_mangled(cell)


def test_a_mangled_number_is_never_repaired():
    assert citizen_id.clean_id("1.34E+12") == "1.34E+12"


@pytest.mark.parametrize("code", ["G683400000001", "G000000000000"])
def test_a_g_code_is_g_and_twelve_digits(code):
    assert citizen_id.is_g_code(code)


@pytest.mark.parametrize(
    "code", ["g683400000001", "G68340000001", "G6834000000012", "H683400000001", "G68340000000๑"]
)
def test_anything_else_is_no_g_code(code):
    assert not citizen_id.is_g_code(code)


def test_a_citizen_number_is_printed_in_its_groups():
    assert citizen_id.format_id("1000000000017") == "1-0000-00000-01-7"
    assert [citizen_id.format_id(text) for text in ("G683400000001", None)] == ["G683400000001", ""]


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("1000000000260", "1-0000-xxxxx-26-0"),
        ("G683400000001", "G6834xxxxx001"),
        ("AA123456", "AAxxxx56"),
        ("AB1", "xxx"),
        (None, ""),
    ],
)
def test_a_list_shows_only_the_ends_of_a_number(number, shown):
    assert citizen_id.mask_id(number) == shown


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("เลข 1-0000-00000-01-7 ของนักเรียน", True),
        ("เลข1000000000017", True),
        ("๑ ๐๐๐๐ ๐๐๐๐๐ ๐๑ ๗", True),
        ("รหัส G644200000001", True),
        ("รหัส g 6442 0000 0001 ด้วย", True),
        ("โทร 045-123456 หรือ 081-2345678", False),
        ("เลขที่ 1000000000018", False),  # its check digit is wrong
        ("ภายใน 10 มิถุนายน 2568 เวลา 16.30 น. ศธ 04184/ว 1422", False),
        ("12345678901234567", False),
        ("", False),
    ],
)
def test_a_text_that_names_a_person_by_a_number_is_noticed(text, named):
    assert citizen_id.stands_in(text) is named

"""Places: found as people write them, offered as addresses write them."""

import time

import pytest

from documents.district import places

UBON = ("34", "3401", "340101")


@pytest.mark.parametrize(
    "written",
    [
        ("อุบลราชธานี", "เมืองอุบลราชธานี", "ในเมือง"),
        ("จังหวัดอุบลราชธานี", "อำเภอเมืองอุบลราชธานี", "ตำบลในเมือง"),
        ("จ. อุบลราชธานี", "อ.เมือง", "ต. ในเมือง"),
        (" อุบล ราชธานี", "เมือง อุบลราชธานี ", "ใน เมือง"),
        ("", "อ.เมืองอุบลราชธานี", "ต.ในเมือง"),
        ("34", "3401", "340101"),
        ("34000000", "34010000", "34010100"),
        ("๓๔", "๓๔๐๑", "๓๔๐๑๐๑"),
        ("Ubon Ratchathani", "Mueang Ubon Ratchathani", "ในเมือง"),
        ("อุบลฯ", "เมือง", "ในเมือง"),
    ],
)
def test_a_place_is_found_as_people_write_it(written):
    assert places.find(*written) == UBON


@pytest.mark.parametrize(
    ("written", "codes"),
    [
        (("กทม.", "เขต พระนคร", "แขวงวังบูรพาภิรมย์"), ("10", "1001", "100102")),
        (("กรุงเทพฯ", "พระนคร", ""), ("10", "1001", None)),
        (("", "เขื่องใน", ""), ("34", "3404", None)),
        (("", "", "ชีทวน"), ("34", "3404", "340406")),
        (("", "เมือง", "ในเมือง"), (None, None, None)),
        (("อุบลราชธานี", "ไม่มีอำเภอนี้", "ชีทวน"), ("34", None, None)),
        (("อุบลราชธานี", "เขื่องใน", "ในเมือง"), ("34", "3404", None)),
        (("ไม่มีจังหวัดนี้", "เขื่องใน", "ชีทวน"), (None, None, None)),
        (("99", "", ""), (None, None, None)),
        (("", "", ""), (None, None, None)),
        ((None, None, None), (None, None, None)),
    ],
)
def test_what_is_not_found_or_not_clear_is_left_open(written, codes):
    assert places.find(*written) == codes


def test_every_place_is_found_by_its_own_address():
    for code in places.names():
        written = [places.name(code[:width]) if width <= len(code) else "" for width in (2, 4, 6)]
        assert places.find(*written)[len(code) // 2 - 1] == code


def test_a_name_that_looks_like_a_level_is_not_cut():
    assert places.name(places.find("ระนอง", "เมืองระนอง", "จ.ป.ร.")[2] or "") in ("จ.ป.ร.", "")
    assert places.find("อ่างทอง")[0] == "15"


def test_an_address_is_written_out_with_its_postcode():
    assert places.label("340101") == "ต.ในเมือง อ.เมืองอุบลราชธานี จ.อุบลราชธานี 34000"
    assert places.label("100102") == "แขวงวังบูรพาภิรมย์ เขตพระนคร กรุงเทพมหานคร 10200"
    assert places.label("3404") == "อ.เขื่องใน จ.อุบลราชธานี"
    assert [places.label(code) for code in ("999999", "", None)] == ["", "", ""]


def test_lists_go_down_from_province_to_subdistrict():
    assert len(places.provinces()) == 77
    assert ("3404", "เขื่องใน") in places.districts("34")
    assert ("340406", "ชีทวน") in places.subdistricts("3404")
    assert places.children("") == places.provinces()
    assert [places.children("340406"), places.children("99"), places.districts("")] == [(), (), ()]


def test_postcodes_of_a_subdistrict():
    assert places.postcodes("340406") == ("34150",)
    assert len(places.postcodes("100203")) == 2
    assert [places.postcode(code) for code in ("340406", "000000", None)] == ["34150", None, None]


def test_typing_offers_subdistricts_whose_names_begin_so_first():
    offered = places.search("ในเมือง อุบล")
    assert offered[0] == places.Place("340101", places.label("340101"), "34000")
    assert places.search("ชีทวน")[0].code == "340406"
    assert places.search("ต.ชีท")[0].code == "340406"
    assert {place.postcode for place in places.search("34150", 50)} == {"34150"}
    assert places.search("ในเมือง", 1, province="34")[0].code.startswith("34")


@pytest.mark.parametrize("typed", ["", "   ", "ไม่มีที่ไหนชื่อนี้", "$where", ".*", "\x00"])
def test_typing_what_is_nowhere_offers_nothing(typed):
    assert places.search(typed) == []


def test_no_more_is_offered_than_asked_for():
    assert len(places.search("บ้าน", 7)) == 7


def test_looking_up_is_quick():
    places.find(*("อุบลราชธานี", "เขื่องใน", "ชีทวน"))
    start = time.process_time()
    for _ in range(2000):
        places.find("อุบลราชธานี", "เขื่องใน", "ชีทวน")
    assert time.process_time() - start < 2

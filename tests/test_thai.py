"""Thai text: clean as stored, found as people type, ordered as the dictionary orders."""

import random
import unicodedata

import pytest

from documents.formats import thai

TH = {"locale": "th"}


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        (None, ""),
        ("  บ้าน  หนองบัว ", "บ้าน หนองบัว"),
        ("น\u0e4d\u0e49า", "น\u0e49\u0e33"),
        ("น\u0e49\u0e4dา", "น\u0e49\u0e33"),
        ("ก\u0e4dา", "กำ"),
        ("เเก้ว", "แก้ว"),
        ("ท\u0e48\u0e35", "ท\u0e35\u0e48"),
        ("ก\u0e48\u0e48า", "ก\u0e48า"),
        ("ก\u200bข\u2060ค\ufeffง", "กขคง"),
        ("ก\u202eข\u2066ค", "กขค"),
        ("ก\x00ข\ud800ค\x7f", "กขค"),
        ("ก\u00a0\tข\r\nค\u2028ง", "ก ข ค ง"),
        ("e\u0301", "\u00e9"),
        ("\uf70a\uf711", "\u0e48\u0e4d"),
        ("ไทยรัฐวิทยา ๗๕", "ไทยรัฐวิทยา ๗๕"),
    ],
)
def test_text_is_stored_in_one_way(typed, stored):
    assert thai.clean(typed) == stored


def test_cleaning_twice_changes_nothing_more():
    letters = [chr(code) for code in range(0x0E01, 0x0E5C)] + list(" \u200b\u00a0aA1-\u0301\ud800\x00\n")
    rng = random.Random(7)  # noqa: S311
    for _ in range(3000):
        once = thai.clean("".join(rng.choices(letters, k=rng.randint(0, 12))))
        assert thai.clean(once) == once
        assert unicodedata.is_normalized("NFC", once)


def test_lines_stay_where_they_are_wanted():
    assert thai.clean(" บรรทัด  หนึ่ง \r\n\r\n บรรทัดสอง ", lines=True) == "บรรทัด หนึ่ง\n\nบรรทัดสอง"


def test_thai_digits_become_arabic():
    assert thai.arabic_digits("๑๐ มิ.ย. ๒๕๖๘") == "10 มิ.ย. 2568"


@pytest.mark.parametrize(
    "typed",
    [
        "ด.ช. สมชาย ใจดี",
        "เด็กชายสมชาย  ใจดี",
        "ด.ช.สมชายใจดี",
        "สม\u200bชาย ใจดี",
        "ชายใจ",
        "1234",
        "๑-๐๐๐๐-๐๐๐๐๐",
    ],
)
def test_a_pupil_is_found_as_people_type(typed):
    key = thai.search_key("สมชาย", "ใจดี", "1234", "1000000000017")
    assert thai.search_term(typed) in key


@pytest.mark.parametrize(
    "title", ["เด็กชาย", "เด็กหญิง", "ด.ช.", "ด. ญ. ", "นาย", "นางสาว", "น.ส.", "นาง", "สามเณร"]
)
def test_a_title_in_front_of_a_name_does_not_count(title):
    assert thai.search_key(title + "แก้วตา") == thai.search_term(title + " แก้วตา") == "แก้วตา"


@pytest.mark.parametrize("place", ["นายายอาม", "นายม", "นางบวช", "นางแก้ว", "บ้านนาย", "นายาง"])
def test_a_place_that_begins_like_a_title_is_still_found(place):
    assert thai.search_term(place) in thai.search_key("วัด", place)
    assert thai.search_term(place) in thai.search_key(place)


def test_what_only_begins_like_a_title_stays_whole():
    assert [thai.without_title(name) for name in ("นายายอาม", "นายม", "นาย")] == ["นายายอาม", "นายม", "นาย"]


def test_a_title_inside_a_name_stays():
    assert thai.search_key("สมนาย", "นางรอง") == "สมนายนางรอง"


def test_a_search_does_not_run_over_the_border_of_two_numbers():
    assert thai.search_term("341") not in thai.search_key("ก้อย", "1234", "1000000000017")


def test_nothing_to_look_for_is_empty():
    assert thai.search_term(" . - \u200b") == ""


def test_case_and_digits_of_a_search_are_one():
    assert thai.search_key("McDonald ๗๕") == thai.search_term("mcdonald 75")


def words(text):
    """The words of a text, parted by blanks."""
    return text.split()


WORDS = words(
    """
    ก กก กระทง กระทำ กรรม กะ กัน กา ก้าง กาง ก๊าซ กำ กำแพง กิน กี่ กู เก เก่ง เก็ง เก้ง เกม เก่า
    เก๋า เก้า เกา เกาะ แก แก่ แก้ แกง แก้ว โก้ โก โกน ใกล้ ไก่ ไก ไกล ไกว ขนม ข้น ของ ข้อง ขิม ฃวด
    คน ค้น คณะ ฅน ครู ฆ่า งา ง่าย จันทร์ จันทร จัน จาน ฉาย ชัย ชาย ช้าย ซ่อม ญาติ ฎีกา ฐาน ฒ ณัฐ ดวง
    ด้วง ตา ต่าย ถิ่น ทราย ทรัพย์ ทรัพ ธง ธิดา น้อง นอง นาง น้ำ นำ นำ้ บัว บ้าน บาน ปู ปู่ ปุ้ย ผล
    ฝน พร พ่อ พอ ฟ้า ภาพ มวน ม้วน ม่วง ม่วน มวล แม่ แม เมือง ยา ย่า ยาย รอง ร้อง ฤดู ฤกษ์ ฤๅษี ฤาษี
    ลม ล้ม ฦๅชา วัน ว่าน ศรี ศรี๋ ษา สมชาย สม สมศรี สวย เสือ เสื่อ เสื้อ หมู หมู่ หมา หม้า ห้อง หอง
    ฬา อา อ่าง อำนาจ เอก เอ๊ก เอ๋ โอ ไอ ใอ ฮา เฮง เอ็ม แอ๊ว ฯพณฯ กๆ มากๆ มาก สัก สักก์ สงกรานต์
    เสาร์ เสา เสาะ อุบล อุบลราชธานี เขื่องใน ม่วงสามสิบ ดอนมดแดง เหล่าเสือโก้ก เมืองอุบลราชธานี ป.1
    ป.2 ป.10 ม.1 อ.1 10 2 1 ๑ ๒ abc ABC Abc Zoo ant เพชร เพ็ชร เพ็ชร์ พลอย พล พล์ สุดา สุด สุดใจ
    ชัยวัฒน์ ชัยวัฒน ธนา ธันวา แสง แสงดาว แส เเสง ปัญญา ปัญ ปั้น ปั่น ปัน ป๋อง ปอง ป้อง ปู๋ กฺ ก์ ก็
    ก๎ กํ
    """
)
PEOPLE = [
    "สมชาย ใจดี",
    "สมชายใจดี",
    "สม ชายใจดี",
    "บ้าน-หนอง",
    "บ้านหนอง",
    "บ้าน (หนอง)",
    "เ ก",
    "เaก",
    "โรงเรียนบ้าน ๑๒",
]


def in_order_of_the_server(database, words):
    database.words.insert_many({"_id": number, "word": word} for number, word in enumerate(words))
    return [row["word"] for row in database.words.find().sort([("word", 1), ("_id", 1)]).collation(TH)]


def test_words_come_in_the_order_of_the_servers_thai_dictionary(database):
    words = [thai.clean(word) for word in WORDS + PEOPLE]
    random.Random(1).shuffle(words)  # noqa: S311
    assert sorted(words, key=thai.sort_key) == in_order_of_the_server(database, words)


def test_made_up_syllables_come_in_the_order_of_the_servers_thai_dictionary(database):
    rng = random.Random(2)  # noqa: S311
    consonants = [chr(code) for code in range(0x0E01, 0x0E2F)]
    shapes = [
        "{c}{v}{t}",
        "{l}{c}{t}{v}",
        "{c}{t}{c2}",
        "{l}{c}{c2}{v}{t}",
        "{c}ำ{c2}",
        "{c}{t}ำ",
        "{c}{c2}์",
        "{c}็{c2}",
    ]
    words = {
        thai.clean(
            "".join(
                rng.choice(shapes).format(
                    c=rng.choice(consonants),
                    c2=rng.choice(consonants),
                    v=rng.choice("ะัาิีึืุู"),
                    l=rng.choice("เแโใไ"),
                    t=rng.choice(["", "", "่", "้", "๊", "๋"]),
                )
                for _ in range(rng.randint(1, 3))
            )
        )
        for _ in range(4000)
    }
    words = sorted(words)
    assert sorted(words, key=thai.sort_key) == in_order_of_the_server(database, words)


def test_binary_order_in_the_database_is_the_order_of_the_keys(database):
    words = [thai.clean(word) for word in WORDS]
    database.words.insert_many({"_id": n, "key": thai.sort_key(word)} for n, word in enumerate(words))
    stored = [row["key"] for row in database.words.find().sort("key", 1)]
    assert stored == sorted(thai.sort_key(word) for word in words)


def test_the_first_name_decides_before_the_last():
    people = [("ก้อง", "กล้า"), ("กอง", "ฮวด"), ("กอง", "กล้า"), ("กองแก้ว", "กล้า"), ("ก้อง", "")]
    ordered = sorted(people, key=lambda person: thai.sort_key(*person))
    assert ordered == [("กอง", "กล้า"), ("กอง", "ฮวด"), ("ก้อง", ""), ("ก้อง", "กล้า"), ("กองแก้ว", "กล้า")]


def test_nothing_comes_first():
    assert thai.sort_key("") == thai.sort_key(None) == "" < thai.sort_key("ก")


@pytest.mark.parametrize(
    "odd", ["\x00\ud800", "中文", "я", "é", "😀", "=1+1", "฿100", "\u0e3a\u0e4e", "a" * 5000]
)
def test_odd_text_has_keys_that_can_be_stored(database, odd):
    database.words.insert_one({"sort": thai.sort_key(odd), "search": thai.search_key(odd, odd)})
    assert thai.clean(odd).encode() is not None

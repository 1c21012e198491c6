"""Code lists: the seeds say what the sources say, the database wins over them, and people's writing is understood."""

import pytest

from documents.database import collection
from documents.formats import thai
from documents.records import codelists
from documents.records.codelists import CodeList, code_list
from documents.records.codes import Codes, Entry


@pytest.fixture(autouse=True)
def nothing_remembered(database):
    codelists.forget()
    yield
    codelists.forget()


def words(text):
    """The words of a text, parted by blanks."""
    return text.split()


SEEDED = sorted(codelists.seeds())
NAMED = words(
    """
    GRADE ID_TYPE TITLE SEX RELIGION NATION BLOOD PARENTS RELATION OCCUPATION JOURNEY BOARD DISADV
    DISAB STATUS YEAR_RESULT FAIL DEST_P6 DEST_M3 DEST_M6 LEAVE PROVINCE DISTRICT SUBDISTRICT
    """
)


def test_every_list_that_a_field_may_name_is_there():
    assert set(NAMED) <= set(codelists.names())
    assert all(code_list(name).choices for name in NAMED)


@pytest.mark.parametrize("name", SEEDED)
def test_a_seed_names_its_source_and_its_texts_are_clean(name):
    seed = codelists.seeds()[name]
    assert len(seed["source"]) > 20
    assert seed["version"] >= 1
    for entry in code_list(name).entries.values():
        for text in (entry.code, entry.label, entry.short, entry.label_en, *entry.synonyms):
            assert text == thai.clean(text)
            assert text or text is entry.label_en


@pytest.mark.parametrize("name", SEEDED)
def test_each_code_and_each_writing_of_it_finds_it_again(name):
    codes = code_list(name)
    for entry in codes.entries.values():
        for text in filter(None, (entry.code, entry.label, entry.short, entry.label_en, *entry.synonyms)):
            assert codes.find(text, parent=entry.parent) == entry.code


@pytest.mark.parametrize("name", SEEDED)
def test_no_two_choices_under_one_parent_read_the_same(name):
    codes = code_list(name)
    labels = [(codes.parent(code), label) for code, label in codes.choices]
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("GRADE", "ป.1", "04"),
        ("GRADE", "ป1", "04"),
        ("GRADE", "ป. ๑", "04"),
        ("GRADE", "ประถมศึกษาปีที่ ๖", "09"),
        ("GRADE", "อบ.1", "01"),
        ("GRADE", "อนุบาล1", "01"),
        ("GRADE", "อนุบาลปีที่ 3", "03"),
        ("GRADE", "ม.3", "12"),
        ("GRADE", "ปวช.3", "18"),
        ("GRADE", "1", None),
        ("GRADE", "ป.7", None),
        ("TITLE", "ด.ช.", "001"),
        ("TITLE", "ดญ", "002"),
        ("TITLE", "1", "001"),
        ("SEX", "ช", "M"),
        ("SEX", "ญ", "F"),
        ("NATION", "ไทย", "099"),
        ("NATION", "99", "099"),
        ("NATION", "เมียนมา", "048"),
        ("NATION", "ฟิลิปปิน", "049"),
        ("NATION", "จีน (ไต้หวัน)", "220"),
        ("NATION", "085", None),
        ("RELIGION", "ซิกข์", "004"),
        ("BLOOD", "a", "A"),
        ("BLOOD", "ARh-", "ARh-"),
        ("BLOOD", "A Rh+", "ARh+"),
        ("RELATION", "พ่อ", "01"),
        ("OCCUPATION", "ค้าขาย", "3"),
        ("DISADV", "ไม่ด้อยโอกาส", "00"),
        ("DISAB", "ความพิการทางการออทิสติก", "08"),
        ("STATUS", "กำลังเรียน", "enrolled"),
        ("SEX", "", None),
        ("SEX", "-", None),
        ("SEX", None, None),
    ],
)
def test_what_people_write_is_understood(name, text, code):
    assert code_list(name).find(text) == code


def test_labels_long_and_short_of_a_grade():
    grades = code_list("GRADE")
    assert (grades.label("01"), grades.short("01")) == ("อนุบาล 1", "อ.1")
    assert (grades.label("04"), grades.short("04")) == ("ประถมศึกษาปีที่ 1", "ป.1")
    assert [grades.fact(code, "level") for code in ("03", "04", "12", "18")] == [
        "pre",
        "primary",
        "lower",
        "upper",
    ]
    assert [grades.fact(code, "age") for code in ("01", "04", "10", "12")] == [3, 7, 13, 15]


def test_an_unknown_code_shows_as_it_is_and_nothing_as_nothing():
    assert [code_list("SEX").label(code) for code in ("X", None, "")] == ["X", "", ""]


def test_a_title_tells_the_sex():
    titles = code_list("TITLE")
    assert {code: titles.fact(code, "sex") for code in titles.codes} == {
        "001": "M",
        "002": "F",
        "003": "M",
        "004": "F",
        "005": "F",
        "832": "M",
    }


def test_destinations_lie_under_the_grade_that_was_finished():
    together = code_list("DESTINATION")
    for name, grade in (("DEST_P6", "09"), ("DEST_M3", "12"), ("DEST_M6", "15")):
        assert together.children(grade) == code_list(name).choices


def test_nationality_defaults_to_thai_and_keeps_withdrawn_codes_readable():
    nations = code_list("NATION")
    assert nations.default == "099"
    assert next(iter(nations.codes)) == "099"
    assert nations.label("121") == "เยอรมนีตะวันออก"
    assert "121" not in dict(nations.choices)
    assert len(nations.codes) == 268


def test_a_withdrawn_code_can_be_chosen_in_earlier_years_only():
    codes = Codes("X", "x", [Entry("1", "หนึ่ง", "หนึ่ง"), Entry("2", "สอง", "สอง", retired_from=2568)])
    assert [code for code, _ in codes.choices_in(2567)] == ["1", "2"]
    assert [code for code, _ in codes.choices_in(2568)] == [code for code, _ in codes.choices] == ["1"]


def test_an_unknown_list_is_a_fault():
    with pytest.raises(KeyError):
        code_list("NO_SUCH_LIST")


def test_seeding_stores_every_list_once():
    assert sorted(codelists.seed()) == SEEDED
    assert codelists.seed() == []
    assert CodeList.objects(name="SEX").get().entries[0]["code"] == "M"
    assert code_list("SEX").version == 1


def test_seeding_never_overwrites_an_edit():
    codelists.seed()
    edit("RELIGION", "003", "คริสต์ (แก้ไข)")
    collection(CodeList).update_one({"_id": "RELIGION"}, {"$set": {"seed_version": 0}})
    assert codelists.seed() == []
    codelists.forget()
    assert code_list("RELIGION").label("003") == "คริสต์ (แก้ไข)"


def test_a_newer_seed_replaces_what_nobody_edited():
    codelists.seed()
    collection(CodeList).update_one({"_id": "SEX"}, {"$set": {"seed_version": 0, "entries": []}})
    assert codelists.seed() == ["SEX"]
    assert code_list("SEX").label("M") == "ชาย"


def test_an_edit_is_seen_by_a_process_that_knew_the_list(monkeypatch):
    codelists.seed()
    assert code_list("RELIGION").label("003") == "คริสต์"
    edit("RELIGION", "003", "คริสต์ศาสนา")
    assert code_list("RELIGION").label("003") == "คริสต์"
    monkeypatch.setattr(codelists, "FRESH_SECONDS", 0)
    assert code_list("RELIGION").label("003") == "คริสต์ศาสนา"
    assert code_list("RELIGION").find("คริสต์ศาสนา") == "003"


def test_a_list_of_the_districts_own_is_asked_like_any_other():
    collection(CodeList).insert_one(
        {
            "_id": "OWN",
            "title": "ของเขต",
            "version": 1,
            "entries": [{"code": "1", "label": "หนึ่ง"}],
            "edited": True,
        }
    )
    assert code_list("OWN").find("หนึ่ง") == "1"


@pytest.mark.parametrize(("name", "number"), [("PROVINCE", 77), ("DISTRICT", 928), ("SUBDISTRICT", 7436)])
def test_places_are_code_lists_too(name, number):
    codes = code_list(name)
    assert len(codes.codes) == len(codes.choices) == number
    assert all(len(code) == {"PROVINCE": 2, "DISTRICT": 4, "SUBDISTRICT": 6}[name] for code in codes.codes)


def test_a_subdistrict_is_found_under_its_district():
    subdistricts = code_list("SUBDISTRICT")
    assert subdistricts.label("340101") == "ในเมือง"
    assert subdistricts.find("ต.ในเมือง") is None
    assert subdistricts.find("ต.ในเมือง", parent="3401") == "340101"
    assert subdistricts.parent("340101") == "3401"
    assert ("340101", "ในเมือง") in subdistricts.children("3401")
    assert code_list("PROVINCE").parent("34") is None


def edit(name, code, label):
    """What an admin's edit of one label does to the stored list."""
    collection(CodeList).update_one(
        {"_id": name, "entries.code": code},
        {"$set": {"entries.$.label": label, "edited": True}, "$inc": {"version": 1}},
    )

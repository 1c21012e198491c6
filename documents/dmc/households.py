"""Households (ที่อยู่ บิดา มารดา ผู้ปกครอง): the blocks of fields a pupil has more than once.

Source of fields and labels: domain.md 3.1.1; other exports' headers are synonyms.
"""

from documents.dmc import student_rules as rules
from documents.formats.telephone import phone
from documents.records.fields import PERSONAL, SENSITIVE, choice, count, text

ADDRESS, FAMILY = "ที่อยู่", "บิดามารดาและผู้ปกครอง"


def address(prefix, place, english, need):
    """The fields of one address, {name: field}; the roster's bare headers (ตำบล) mean the registered one."""
    heading = f"ที่อยู่ตาม{place}" if prefix == "reg" else "ที่อยู่ปัจจุบัน"
    about = {"group": ADDRESS, "section": heading, "personal": PERSONAL}

    def words(label, en, *others):
        bare = [label] if prefix == "reg" else []
        also = (*bare, *(f"{other} ({place})" for other in others))
        return about | {"label": f"{label} ({place})", "en": f"{en} ({english})", "synonyms": also}

    made = {
        "house_id": text(
            **words("เลขรหัสประจำบ้าน", "House ID", "รหัสประจำบ้าน"),
            max_length=20,
            need=need,
            check=rules.house_id,
        ),
        "house_no": text(**words("บ้านเลขที่", "House no.", "เลขที่บ้าน"), max_length=40, need=need),
        "moo": count(**words("หมู่", "Village no.", "หมู่ที่"), max_value=99),
        "soi": text(**words("ซอย", "Lane"), max_length=80),
        "street": text(**words("ถนน", "Street"), max_length=80),
        "subdistrict": choice(
            **words("ตำบล", "Sub-district"), codelist="SUBDISTRICT", parent=f"{prefix}_district", need=need
        ),
        "district": choice(
            **words("อำเภอ", "District"), codelist="DISTRICT", parent=f"{prefix}_province", need=need
        ),
        "province": choice(**words("จังหวัด", "Province"), codelist="PROVINCE", need=need),
        "postcode": text(**words("รหัสไปรษณีย์", "Postcode"), max_length=10, need=need, check=rules.postcode),
        "tel": text(**words("โทรศัพท์", "Telephone", "หมายเลขโทรศัพท์"), max_length=50, check=phone),
    }
    return {f"{prefix}_{name}": field for name, field in made.items()}


def relative(prefix, who, english):
    """The fields of the father, the mother or the guardian, {name: field}."""
    about = {"group": FAMILY, "section": who, "personal": PERSONAL}

    def words(label, en, *others):
        return about | {"label": label, "en": f"{en} ({english})", "synonyms": others}

    made = {
        "id": text(
            **words(f"เลขบัตรของ{who}", "Number", f"หมายเลขบัตรประชาชน{who}", "เลขประจำตัวประชาชน" + who),
            max_length=20,
            check=rules.person_id,
            masked=True,
        ),
        "id_type": choice(**words(f"ประเภทบัตรของ{who}", "Kind of number"), codelist="ID_TYPE"),
        "title": choice(**words(f"คำนำหน้าชื่อ{who}", "Title"), codelist="TITLE"),
        "first_name": text(**words(f"ชื่อ{who}", "First name"), max_length=80, need="R"),
        "last_name": text(**words(f"นามสกุล{who}", "Last name"), max_length=80, need="R"),
        "blood": choice(
            **words(f"กลุ่มเลือดของ{who}", "Blood group") | {"personal": SENSITIVE}, codelist="BLOOD"
        ),
        "occupation": choice(**words(f"อาชีพของ{who}", "Occupation", f"อาชีพ{who}"), codelist="OCCUPATION"),
        "income_year": count(
            **words(f"รายได้ต่อปีของ{who}", "Yearly income") | {"personal": SENSITIVE},
            unit="บาท",
            max_value=99_999_999,
        ),
        "tel": text(
            **words(f"โทรศัพท์ของ{who}", "Telephone", f"หมายเลขโทรศัพท์ของ{who}"),
            max_length=50,
            check=phone,
        ),
    }
    return {f"{prefix}_{name}": field for name, field in made.items()}

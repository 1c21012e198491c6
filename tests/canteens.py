"""A subsystem of the tests' own: small, with every kind of field, a derived one and a rule over two."""

from documents.records.fields import choice, choices, count, date, derived, flag, measure, text
from documents.records.record import Record


class Canteen(Record):
    """One canteen of a school in a round."""

    code = text("รหัสโรงอาหาร", required=True, max_length=10)
    name = text("ชื่อโรงอาหาร", required=True, max_length=60, group="ทั่วไป")
    faith = choice("ศาสนาที่ปรุงให้", "RELIGION", group="ทั่วไป")
    needs = choices("ความต้องการพิเศษ", "DISAB", personal="sensitive")
    seats = count("ที่นั่ง", unit="ที่", max_value=5000)
    size = measure("พื้นที่", unit="ตร.ม.", decimals=1)
    built = date("วันที่สร้าง")
    open_now = flag("เปิดใช้")
    eaters = count("ผู้ใช้บริการ", unit="คน")
    crowding = derived("คนต่อที่นั่ง", lambda plain, round_: _crowding(plain), kind="measure", decimals=1)

    slug = "canteens"
    label = "โรงอาหาร"
    label_en = "Canteens"
    subsystem = "DMC"
    key = ("code",)
    grid = ("school_code", "code", "name", "faith", "seats", "crowding")
    cells = ("name", "seats")
    filters = ("faith", "seats", "open_now")
    search = ("name", "code")
    order = ("name",)

    meta = {"collection": "canteens"}

    @classmethod
    def check(cls, values):
        """No more eaters than three sittings hold."""
        if values.get("eaters", 0) > 3 * values.get("seats", 10**6):
            yield "eaters", "ผู้ใช้บริการเกินสามเท่าของที่นั่ง กรุณาตรวจสอบ"


def _crowding(plain):
    return round(plain["eaters"] / plain["seats"], 1) if plain.get("seats") and plain.get("eaters") else None

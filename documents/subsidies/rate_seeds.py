"""The rates the product begins with, {fiscal year: rows}: amounts in satang, each with where it is from.

Source: domain.md 5. `verified` are those read in an official document or a page that names one; all others are to be
looked up before anybody relies on them, and say so.
"""

GUIDE = "แนวทางการดำเนินงานโครงการสนับสนุนค่าใช้จ่ายฯ ปีงบประมาณ 2567"
UNSEEN = "ตัวเลขที่จำกันมา ยังไม่พบเอกสาร กรุณาตรวจสอบ"
OLD = "อัตราภาคเรียน 1/2557 ยังไม่พบอัตราใหม่กว่า กรุณาตรวจสอบ"


def _teaching(amounts, note, verified):
    return [
        {"item": "teaching", "level": level, "amount": baht * 100, "per": "year", "source_note": note, "verified": verified}
        for level, baht in zip(("pre", "primary", "lower", "upper"), amounts, strict=True)
    ]  # fmt: skip


def _small():
    rows = (("pre", 120, 500), ("primary", 120, 500), ("lower", 300, 1000), ("upper", 300, 1000))
    return [
        {
            "item": "small",
            "level": level,
            "amount": baht * 100,
            "per": "year",
            "size_to": most,
            "source_note": UNSEEN,
        }
        for level, most, baht in rows
    ]


def _poor(term, note, verified):
    rows = (("primary", 500, 40), ("lower", 1500, 30))
    return [
        {"item": "poor", "level": level, "amount": baht * 100, "per": "term", "term": term, "cap": cap, "source_note": note,
         "verified": verified}
        for level, baht, cap in rows
    ]  # fmt: skip


def _lunch():
    note = "มติคณะรัฐมนตรีเรื่องค่าอาหารกลางวัน ตั้งแต่ปีงบประมาณ 2566; 200 วันต่อปี กรุณาตรวจสอบจำนวนวัน"
    sizes = ((1, 40, 36), (41, 100, 27), (101, 120, 24), (121, None, 22))
    return [
        {"item": "lunch", "level": level, "amount": baht * 100, "per": "day", "days": 200, "size_from": least, "size_to": most,
         "source_note": note, "verified": True}
        for level in ("pre", "primary") for least, most, baht in sizes
    ]  # fmt: skip


def _boarding():
    note = "40 บาทต่อวัน 200 วัน เป็น" + UNSEEN
    return [{"item": "boarding", "level": "", "amount": 4000, "per": "day", "days": 200, "source_note": note}]


def _home():
    rows = (("pre", 7767), ("primary", 7950), ("lower", 11098))
    return [
        {
            "item": "home",
            "level": level,
            "amount": baht * 100,
            "per": "year",
            "source_note": GUIDE,
            "verified": True,
        }
        for level, baht in rows
    ]


def _equity():
    note = "กสศ. ปีการศึกษา 2565 เป็นต้นไป"
    rows = (("pre", 4000), ("primary", 5100), ("lower", 4500), ("upper", 9100))
    return [
        {
            "item": "equity",
            "level": level,
            "amount": baht * 100,
            "per": "year",
            "source_note": note,
            "verified": True,
        }
        for level, baht in rows
    ]


BEFORE_2566 = (1700, 1900, 3500, 3800)
TABLES = {
    2557: _poor("1", "หนังสือจัดสรรปัจจัยพื้นฐาน ภาคเรียนที่ 1/2557", True),
    **{year: _teaching(BEFORE_2566, UNSEEN, False) + _small() for year in range(2562, 2566)},
    2566: _teaching((1734, 1938, 3570, 3876), UNSEEN, False) + _small() + _lunch(),
    2567: [
        *_teaching((1836, 2052, 3780, 4104), GUIDE, True), *_small(), *_poor("", OLD, False), *_boarding(), *_lunch(), *_home(),
        *_equity(),
    ],
}  # fmt: skip

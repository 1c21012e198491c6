"""B-OBEC of the demo: about five buildings a school in two years, most with a picture of the front, and the area office's.

The pictures are sketches: a few dozen are drawn once and stored for many schools. Rooms go by the classes of the school,
a few short of what it needs.
"""

from documents.bobec.buildings import Building
from documents.records.codelists import code_list
from documents.records.pictures import put_many
from documents.records.record import Place
from documents.records.writing import Change, write
from scripts.demo import moments, reporting
from scripts.demo.chance import chance
from scripts.demo.entering import put
from scripts.demo.plan import AREA
from scripts.demo.pupils import LAST_YEAR, THIS_YEAR, rooms_for
from scripts.demo.sketches import VARIANTS, sketch

SUBSYSTEM = "B-OBEC"
NOT_ENTERED = ("untouched",)
HALF_WAY = ("entering",)
SIDES = ("photo_back", "photo_left", "photo_right")
# Designs of classroom blocks, their rooms, and between which years they were built.
BLOCKS = (
    ("0107", 6, 2497, 2518), ("0106", 8, 2510, 2526), ("0105", 8, 2512, 2530), ("0103", 3, 2524, 2536), ("0104", 4, 2524, 2538),
    ("0101", 8, 2529, 2546), ("0109", 8, 2530, 2545), ("0110", 12, 2535, 2560), ("0111", 20, 2538, 2563), ("0199", 4, 2540, 2566),
)  # fmt: skip
OTHERS = (  # type, designs, years, baht, share of the schools that have one
    ("02", ("0203", "0202", "0203", "0205"), (2524, 2558), (350_000, 1_800_000), 0.86),
    ("03", ("0301", "0302", "0303"), (2505, 2545), (90_000, 420_000), 0.55),
    ("15", ("1502", "1501", "1504"), (2520, 2566), (60_000, 380_000), 0.5),
    ("16", ("1602", "1601", "1604"), (2528, 2560), (18_000, 95_000), 0.38),
    ("27", ("2701",), (2530, 2565), (80_000, 600_000), 0.3),
    ("82", ("8299",), (2535, 2562), (150_000, 900_000), 0.22),
    ("08", ("0899",), (2540, 2567), (25_000, 120_000), 0.2),
)
OWN_NAMES = {
    "0199": "อาคารเรียนชั่วคราวผ้าป่า",
    "8299": "ห้องสมุดประชาคม",
    "0899": "เครื่องเล่นสนาม",
    "8499": "อาคารสำนักงาน 2 ชั้น",
}
AGES = ((2520, "ก่อน พ.ศ. 2520"), (2540, "พ.ศ. 2520–2539"), (9999, "ตั้งแต่ พ.ศ. 2540"))
LIGHT = ("08", "15", "16", "27")  # what goes up within a year
WORSE = ("good", "fair", "poor")
REPAIRED = (
    "เปลี่ยนกระเบื้องหลังคาและทาสีใหม่ทั้งหลัง งบ สพฐ. ปี 2567",
    "ซ่อมพื้น ฝ้าเพดาน และประตูหน้าต่าง งบบริจาค",
    "ปรับปรุงระบบไฟฟ้าและทาสี งบ อบต.",
)
CONDITIONS = (
    (12, (80, 18, 2)),
    (30, (42, 50, 8)),
    (50, (14, 60, 26)),
    (200, (1, 46, 53)),
)  # by age: good, fair, poor


def enter_then(plans, people):
    """Store what stood at the schools of a cluster last year, with pictures, and hand it in."""
    moments.set_clock(reporting.some_time(plans[0], SUBSYSTEM, reporting.WRITTEN_THEN))
    found = [(school.code, row) for school in plans for row in buildings_then(school)]
    with_pictures(found, {school.code for school in plans if school.account})
    put([Change(Building, reporting.place_then(SUBSYSTEM, code), row) for code, row in found])
    reporting.report_then(plans, people, SUBSYSTEM)


def enter(plans, people):
    """Bring the buildings of one cluster's schools up to date, and make their moves."""
    busy = [school for school in plans if school.story not in NOT_ENTERED]
    if busy:
        moments.set_clock(reporting.some_time(busy[0], SUBSYSTEM))
        begun = reporting.Begun(Building, [school.code for school in busy], Building.key)
        found = [(reporting.place(school), row) for school in busy for row in buildings_of(school)]
        new = [(there.school_code, row) for there, row in found if not begun.holds(there, row)]
        with_pictures(new, set())
        put([begun.change(there, row) for there, row in found])
    reporting.report(plans, people, SUBSYSTEM)


def enter_office_then(people):
    """Store and hand in the buildings of the area office."""
    moments.set_clock(moments.at(2025, 3, 3, 10, 30))
    found = [(AREA, row) for row in of_the_office()]
    with_pictures(found, {AREA})
    put([Change(Building, reporting.place_then(SUBSYSTEM, AREA), row) for _, row in found])
    reporting.report_office_then(people, SUBSYSTEM)


def enter_office(people):
    """An officer looks the buildings of the area office over; he is to confirm them."""
    moments.set_clock(moments.at(2025, 5, 26, 10, 30))
    here, begun = Place(AREA, THIS_YEAR, "1", AREA), reporting.Begun(Building, [AREA], Building.key)
    officer = people.office["officer"]
    write([begun.change(here, row) for row in of_the_office()], officer, "ข้อมูลของสำนักงานเขต")


def of_the_office():
    """The values of the area office's buildings."""
    rng = chance("office", SUBSYSTEM)
    return [
        one(rng, "84", 1, "8499", (2528, 2528), (3_200_000, 3_200_000)) | {"name": "อาคารสำนักงาน"},
        one(rng, "84", 2, "8499", (2547, 2547), (1_450_000, 1_450_000)) | {"name": "อาคารคลังพัสดุ"},
        one(rng, "02", 1, "0204", (2539, 2539), (1_900_000, 1_900_000)) | {"name": "หอประชุม"},
        one(rng, "05", 1, "0502", (2550, 2550), (380_000, 380_000)) | {"seats": 8},
        one(rng, "27", 1, "2701", (2540, 2540), (420_000, 420_000)),
    ]


# ---- what there is ----


def buildings_of(school):
    """The values of a school's buildings, as far as its story goes."""
    rows = [now for _, now in both_years(school)]
    return at_fault(chance(school.code, SUBSYSTEM, "slips"), rows) if school.story in HALF_WAY else rows


def buildings_then(school):
    """The values of a school's buildings last year."""
    return [then for then, _ in both_years(school) if then]


def both_years(school):
    """[(values last year, values this year)] of what stands at a school; None for what was not there yet."""
    rng, past = chance(school.code, SUBSYSTEM), chance(school.code, SUBSYSTEM, LAST_YEAR)
    rows = [*blocks(rng, school), *toilets(rng, school)]
    for kind, designs, years, baht, share in OTHERS:
        if rng.random() < share:
            rows.append(one(rng, kind, 1, rng.choice(designs), years, baht))
    if rng.random() < 0.05:
        rows[-1] |= {"use_status": rng.choice(("unused", "condemned")), "condition": "poor"}
    pairs = [in_both(past, row) for row in rows]
    if past.random() < 0.07:
        house = one(past, "03", 2, "0303", (2495, 2512), (40_000, 90_000)) | {"condition": "poor"}
        pairs.append((house | {"use_status": "condemned"}, house | {"use_status": "demolished"}))
    return pairs


def in_both(rng, row):
    """(values last year, this year) of one building: a few got worse, or were repaired, or are new."""
    if row["built_year"] >= LAST_YEAR or (row["building_type"] in LIGHT and rng.random() < 0.04):
        return None, row | {"built_year": LAST_YEAR, "condition": "good", "use_status": "used"}
    place = WORSE.index(row["condition"])
    if place and rng.random() < 0.12:
        return row | {"condition": WORSE[place - 1]}, row
    if place < 2 and row["built_year"] < 2550 and rng.random() < 0.06:
        return row | {"condition": WORSE[place + 1]}, row | {"repair_note": rng.choice(REPAIRED)}
    return row, row


def blocks(rng, school):
    """The classroom blocks: rooms for the classes the school has, in one school of eight fewer."""
    first, last = int(school.grades[0]), int(school.grades[-1])
    grades = last - first + 1
    needed = grades * rooms_for(max(school.pupils // grades, 1))
    wanted = max(round(needed * (0.8 if rng.random() < 0.12 else rng.uniform(1.0, 1.35))), 2)
    rows, have = [], 0
    while have < wanted:
        left = wanted - have
        fitting = [each for each in BLOCKS if each[1] <= max(left + 2, 4)]
        design, rooms, *years = rng.choice(fitting[-4:])
        row = one(rng, "01", len(rows) + 1, design, years, (rooms * 90_000, rooms * 260_000))
        row |= {
            "rooms_design": rooms,
            "rooms_actual": min(rooms, max(left, 2)),
            "name": f"อาคาร {len(rows) + 1}",
        }
        if design == "0101" and rng.random() < 0.3:
            row["ext_classrooms"] = 3
        if rng.random() < 0.4:
            row["rooms_special"] = rng.randint(1, 3)
        have += row["rooms_actual"] + row.get("ext_classrooms", 0)
        rows.append(row)
    return rows


def toilets(rng, school):
    """The toilets: a seat for some forty pupils."""
    many = 1 if school.pupils < 160 else 2 if school.pupils < 900 else 3
    return [
        one(rng, "05", n + 1, rng.choice(("0501", "0502", "0504")), (2526, 2566), (120_000, 650_000))
        | {"seats": rng.choice((4, 4, 6, 8, 10))}
        for n in range(many)
    ]


def one(rng, kind, number, design, years, baht):
    """The values of one building of a type and design."""
    built = rng.randint(*years)
    row = {
        "building_type": kind, "seq_no": number, "design": design, "built_year": built, "use_status": "used",
        "condition": condition(rng, THIS_YEAR - built),
        "budget_source": rng.choices(("agency", "donated", "local"), (80, 12, 8))[0],
    }  # fmt: skip
    if rng.random() < 0.85:
        row["budget_baht"] = float(rng.randrange(baht[0], baht[1] + 1, 1000))
    if code_list("DESIGN").fact(design, "typed"):
        row["design_text"] = OWN_NAMES[design]
    return row


def condition(rng, age):
    """A condition that goes with an age."""
    weights = next(weights for until, weights in CONDITIONS if age <= until)
    return rng.choices(("good", "fair", "poor"), weights)[0]


def at_fault(rng, rows):
    """What a school that is still entering has so far: not all of it, and here and there a slip."""
    kept = [row for n, row in enumerate(rows) if n < 1 or rng.random() < 0.75]
    if rng.random() < 0.3:
        kept[-1].pop("condition")
    if rng.random() < 0.1:
        kept[0]["built_year"] = 2586
    if rng.random() < 0.1 and kept[0]["building_type"] == "01":
        kept[0]["rooms_actual"] = kept[0]["rooms_design"] + 2
    return kept


# ---- pictures ----


def with_pictures(found, whole):
    """Give the buildings (school code, values) their pictures: most a front, those of the schools in `whole` all sides."""
    wanted = []
    for code, row in found:
        rng = chance(code, row["building_type"], row["seq_no"], "picture")
        sides = SIDES if code in whole and row["building_type"] == "01" and row["seq_no"] == 1 else ()
        if rng.random() < 0.9 or code in whole:
            variant = rng.randrange(VARIANTS)
            wanted += [(code, row, side, variant) for side in ("photo_front", *sides)]
    drawings = [(code, drawn(row, variant)) for code, row, _, variant in wanted]
    for (_, row, side, _), id_ in zip(wanted, put_many(drawings, AREA), strict=True):
        row[side] = id_


def drawn(row, variant):
    """The sketch of a building: six of a classroom block, three of any other type, in three ages."""
    kind, built = row["building_type"], row["built_year"]
    years = next(words for until, words in AGES if built < until)
    words = f"{code_list('BTYPE').short(kind)} · สร้าง{years} (ภาพตัวอย่าง)"
    return sketch(kind, variant if kind == "01" else variant % 3, words)

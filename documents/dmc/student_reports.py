"""The reports of pupils (รายงานสถิติ DMC) as rows: whom each counts, its categories and their order.

Titles, categories and columns are those of the ministry's own files of an area (domain.md 3.1.6). Each file has the row
อายุนอกเกณฑ์, where a pupil outside the counted ages stands instead of in a category, and most the row ข้อมูลผิดปกติ for
a code that is missing or unknown; where a file has none, such pupils are shown under that name all the same.
"""

from documents.dmc import counting, growth, year_end
from documents.dmc.reporting import ALL, ODD, ODD_LABEL, OUTSIDE, OUTSIDE_LABEL, Line, Report
from documents.records.codelists import code_list
from documents.subsidies import money_counts

FAR = 3000  # metres: farther is "ห่างเกิน 3 กม."
OUT, UNKNOWN = Line(OUTSIDE, OUTSIDE_LABEL), Line(ODD, ODD_LABEL)
END = ("3",)  # rounds of the year's end

# ---- expressions ----


def given(name, otherwise=""):
    """A field's value, or `otherwise` where there is none."""
    return {"$ifNull": [f"${name}", otherwise]}


def among(value, codes):
    """Whether a value is one of the codes."""
    return {"$in": [value, list(codes)]}


def born():
    """Whether a birth date is there: dates sort above null."""
    return {"$gt": ["$birth_date", None]}


def is_outside(terms):
    """Whether a pupil is outside the counted ages; nobody is whose birth date or grade is not known."""
    return counting.outside_expression(terms.round.academic_year, terms.rules)


def sorted_into(terms, chosen, category):
    """The lines of a pupil: none unless `chosen`, else the first line and either อายุนอกเกณฑ์ or his categories."""
    lines = {"$concatArrays": [[ALL], category]}
    return {"$cond": [chosen, {"$cond": [is_outside(terms), [ALL, OUTSIDE], lines]}, []]}


def line_of(value, lines, valid=(), other=None):
    """[line] of a code: its own, `other` for one of the list that the ministry's file does not name, else ผิดปกติ."""
    rest = {"$cond": [among(value, valid), [other], [ODD]]} if other else [ODD]
    return {"$cond": [among(value, lines), [value], rest]}


def real(terms, name):
    """The codes of a list that say something, without that for "none"."""
    return [code for code in terms.codes(name) if not code_list(name).fact(code, "none")]


def nothing(name):
    """What stands for "none": no value, and the list's own code for it."""
    return ["", *(code for code in code_list(name).codes if code_list(name).fact(code, "none"))]


def keys(lines):
    """The keys of lines that are codes."""
    return [line.key for line in lines if line.key not in (ALL, OUTSIDE, ODD)]


# ---- whom and into what ----

LACKING = (
    Line("lacks_uniform", "เครื่องแบบนักเรียน"),
    Line("lacks_stationery", "เครื่องเขียน"),
    Line("lacks_textbook", "แบบเรียน(หนังสือยืมเรียน)"),
    Line("lacks_lunch", "อาหารกลางวัน"),
)
DISADVANTAGES = (
    Line("01", "เด็กถูกบังคับให้ขายแรงงาน"), Line("02", "เด็กที่อยู่ในธุรกิจทางเพศ"), Line("03", "เด็กถูกทอดทิ้ง"),
    Line("04", "เด็กในสถานพินิจและคุ้มครองเยาวชน"), Line("05", "เด็กเร่ร่อน"), Line("06", "ผลกระทบจากเอดส์"),
    Line("07", "ชนกลุ่มน้อย"), Line("08", "เด็กที่ถูกทำร้ายทารุณ"), Line("09", "เด็กยากจน"),
    Line("10", "เด็กที่มีปัญหาเกี่ยวกับยาเสพติด"), Line("11", "อื่นๆ"), Line("12", "กำพร้า"),
    Line("13", "ทำงานรับผิดชอบตนเองและครอบครัว"),
)  # fmt: skip
DISABILITIES = (
    Line("01", "ความพิการทางการมองเห็น"), Line("02", "ความพิการทางการได้ยิน"), Line("03", "ความพิการทางสติปัญญา"),
    Line("04", "ความพิการร่างกายและสุขภาพ"), Line("05", "ความพิการทางการเรียนรู้"),
    Line("06", "ความพิการทางการพูดและภาษา"), Line("07", "ความพิการทางการพฤติกรรมและอารมณ์"),
    Line("08", "ความพิการทางการออทิสติก"), Line("09", "ความพิการทางการซ้ำซ้อน"), Line("10", "อื่นๆ"),
)  # fmt: skip
BOARDING = (
    Line("01", "บ้านพักนักเรียน/หอนอน"), Line("02", "บ้านพักครู"), Line("03", "พักรวมกับชุมชน/อื่นๆ"),
)  # fmt: skip
JOURNEYS = (
    Line("01", "เดินเท้า"), Line("02", "ไม่เสียค่าโดยสารโดยใช้พาหนะ"), Line("03", "เสียค่าโดยสารโดยใช้พาหนะ"),
    Line("04", "จักรยานยืมเรียน"),
)  # fmt: skip
RELIGIONS = (
    Line("001", "พุทธ"), Line("002", "อิสลาม"), Line("003", "คริสต์"), Line("004", "ซิกส์"),
    Line("005", "พราหมณ์/ฮินดู"), Line("006", "อื่นๆ"),
)  # fmt: skip
# As the ministry's file orders and spells them; several of its rows take more than one code of the Ministry of Interior.
NATIONS = (
    (Line("099", "ไทย"), ()), (Line("057", "กัมพูชา"), ("257", "264")), (Line("053", "เกาหลีใต้"), ()),
    (Line("044", "จีน"), ()), (Line("059", "ซาอุดีอาระเบีย"), ()), (Line("047", "ญี่ปุ่น"), ()),
    (Line("055", "เนปาล"), ()), (Line("052", "ปากีสถาน"), ()), (Line("048", "เมียนมา"), ("265",)),
    (Line("049", "ฟิลิปปินส์", "ฟิลิปปิน"), ()), (Line("050", "มาเลเซีย"), ()), (Line("056", "ลาว"), ("266",)),
    (Line("046", "เวียดนาม"), ()), (Line("058", "ศรีลังกา"), ()), (Line("054", "สิงคโปร์"), ()),
    (Line("045", "อินเดีย"), ()), (Line("051", "อินโดนีเซีย"), ()), (Line("096", "ไม่ปรากฏสัญชาติ", "ไม่ปรากฎสัญชาติ"), ("098",)),
    (Line("097", "อื่นๆ"), ()),
)  # fmt: skip
NOT_STATED = ("999",)  # of NATION: a code that says nothing
YEARS = tuple(Line(f"{age}", f"{age} ปี") for age in range(2, 21))
DISCHARGES = (
    Line("11", "เรียนจบขั้นสูงสุด"), Line("12", "อายุพ้นเกณฑ์"), Line("13", "ได้รับการยกเว้นตาม พรบ."),
    Line("14", "เสียชีวิต"), Line("15", "ไม่มีตัวตนในเขตพื้นที่"),
)  # fmt: skip
DROPOUTS = (
    Line("21", "มีปัญหาในการปรับตัว"), Line("22", "สมรส"), Line("23", "ต้องคดี/ถูกจับ"),
    Line("24", "เจ็บป่วย/อุบัติเหตุ"), Line("25", "หาเลี้ยงครอบครัว"), Line("26", "อพยพตามผู้ปกครอง"),
    Line("27", "ฐานะยากจน"), Line("28", "มีปัญหาครอบครัว"), Line("29", "กรณีอื่นๆ"),
)  # fmt: skip
FAILED = (
    Line("1", "การประเมินกลุ่มทักษะการเรียนรู้ 8 กลุ่ม"), Line("2", "การประเมินการอ่าน คิด วิเคราะห์ และเขียน"),
    Line("3", "การประเมินคุณลักษณะที่พึงประสงค์ของโรงเรียน"), Line("4", "การประเมินกิจกรรมพัฒนาผู้เรียน"),
)  # fmt: skip
SEVERAL = (Line("n2", "2 เกณฑ์"), Line("n3", "3 เกณฑ์"), Line("n4", "4 เกณฑ์"))
AFTER_P6 = (
    Line("101", "โรงเรียนเดิม"), Line("102", "โรงเรียนอื่น สังกัด สพฐ."), Line("103", "โรงเรียนสังกัดเอกชน"),
    Line("104", "โรงเรียนพระปริยัติธรรม แผนกสามัญ"), Line("105", "สกร."), Line("106", "อื่น ๆ"),
    Line("107", "โรงเรียนอื่น สังกัด อปท.", "โรงเรียนอื่น สังกัด อบท."), Line("108", "ศึกษาต่อต่างประเทศ"),
)  # fmt: skip
AFTER_M3 = (
    Line("201", "ศึกษาต่อ ม.4 โรงเรียนเดิม"), Line("202", "ศึกษาต่อ ม.4 โรงเรียนอื่น ในจังหวัดเดิม"),
    Line("203", "ศึกษาต่อ ม.4 โรงเรียนอื่น ในต่างจังหวัด"), Line("204", "ศึกษาต่อ ม.4 โรงเรียนอื่น ใน กทม."),
    Line("205", "สถาบันอาชีวศึกษาของรัฐบาล"), Line("206", "สถาบันอาชีวศึกษาของเอกชน"),
    Line("207", "ศึกษาต่อสถาบันอื่น ๆ"), Line("208", "ไม่ศึกษาต่อ ทำงานภาคอุตสาหกรรม"),
    Line("209", "ไม่ศึกษาต่อ ทำงานภาคการเกษตร"), Line("210", "ไม่ศึกษาต่อ ทำงานการประมง"),
    Line("211", "ไม่ศึกษาต่อ ทำงานค้าขาย ธุรกิจ"), Line("212", "ไม่ศึกษาต่อ ทำงานบริการ"),
    Line("213", "ไม่ศึกษาต่อ ทำงานรับจ้างทั่วไป"), Line("214", "ไม่ศึกษาต่อ ทำงานอื่น ๆ"), Line("215", "บวชในศาสนา"),
    Line("216", "ไม่ประกอบอาชีพและไม่ศึกษาต่อ"), Line("217", "อื่น ๆ"),
)  # fmt: skip
AFTER_M6 = (
    Line("301", "มหาวิทยาลัยของรัฐ"), Line("302", "มหาวิทยาลัยเปิดของรัฐ"), Line("303", "มหาวิทยาลัยของเอกชน"),
    Line("304", "สถาบันอาชีวศึกษาของรัฐบาล"), Line("305", "สถาบันอาชีวศึกษาของเอกชน"), Line("306", "สถาบันพยาบาล"),
    Line("307", "สถาบันทหาร"), Line("308", "สถาบันตำรวจ"), Line("309", "สถาบันอื่น ๆ"), Line("310", "รับราชการ"),
    Line("311", "ทำงานรัฐวิสาหกิจ"), Line("312", "ภาคอุตสาหกรรม"), Line("313", "ภาคการเกษตร"),
    Line("314", "การประมง"), Line("315", "ค้าขาย ธุรกิจ"), Line("316", "งานบริการ"), Line("317", "รับจ้างทั่วไป"),
    Line("318", "บวชในศาสนา"), Line("319", "ไม่ประกอบอาชีพและไม่ศึกษาต่อ"), Line("320", "อื่น ๆ"),
)  # fmt: skip
TAKEN = (
    Line("y1", "เรียนจบภายในเวลา 1 ปี"), Line("y2", "2 ปี"), Line("over2", "มากกว่า 2 ปี"),
    Line("y3", "เรียนจบภายในเวลา 3 ปี"), Line("y4", "4 ปี"), Line("y5", "5 ปี"), Line("over5", "มากกว่า 5 ปี"),
)  # fmt: skip
RESULTS = (
    Line("passed", "สอบได้"), Line("repeat", "สอบตก ซ้ำชั้น"), Line("graduated", "สอบได้ เรียนจบ"),
    Line("none", "รอดำเนินการ (ยังไม่บันทึกผล)"),
)  # fmt: skip


def _lacking(terms):
    lacks = [{"$cond": [{"$eq": [f"${line.key}", True]}, [line.key], []]} for line in LACKING]
    found = {"$concatArrays": lacks}
    many = {"$cond": [{"$gte": [{"$size": found}, 3]}, ["three"], []]}
    return sorted_into(terms, {"$gt": [{"$size": found}, 0]}, {"$concatArrays": [found, many]})


def _disadvantages(terms):
    said = {"$setDifference": [given("disadvantages", []), nothing("DISADV")]}
    one = line_of({"$arrayElemAt": [said, 0]}, keys(DISADVANTAGES), real(terms, "DISADV"), "11")
    category = {"$cond": [{"$gt": [{"$size": said}, 1]}, ["many"], one]}
    return sorted_into(terms, {"$gt": [{"$size": said}, 0]}, category)


def _coded(name, field, lines, other=None):
    """Cells of those whose field says something: by the lines' codes."""

    def cells(terms):
        category = line_of(given(field), keys(lines), real(terms, name), other)
        return sorted_into(terms, {"$not": [among(given(field), nothing(name))]}, category)

    return cells


def _both(terms):
    disadvantaged = {"$setDifference": [given("disadvantages", []), nothing("DISADV")]}
    known = {"$setIsSubset": [disadvantaged, real(terms, "DISADV")]}
    is_poor = {"$gt": [{"$size": disadvantaged}, 0]}
    is_disabled = {"$not": [among(given("disability"), nothing("DISAB"))]}
    is_known = {"$and": [known, among(given("disability"), ["", *terms.codes("DISAB")])]}
    category = {
        "$cond": [
            {"$and": [is_disabled, is_poor]},
            ["both"],
            {"$cond": [is_disabled, ["disabled"], ["poor"]]},
        ]
    }
    return sorted_into(terms, {"$or": [is_disabled, is_poor]}, {"$cond": [is_known, category, [ODD]]})


def _far(terms):
    way = {"$add": [given(name, 0) for name in ("dist_water_m", "dist_gravel_m", "dist_paved_m")]}
    return sorted_into(terms, {"$gt": [way, FAR]}, line_of(given("journey_type"), keys(JOURNEYS)))


def _ages(terms):
    years = counting.years_on(terms.round.as_of)
    word = {"$toString": years}
    old = {"$cond": [{"$gt": [years, 20]}, ["over"], [word]]}
    line = {"$cond": [{"$lt": [years, 2]}, ["under"], old]}
    return {"$concatArrays": [[ALL], {"$cond": [born(), line, [ODD]]}]}


def _religion(terms):
    return sorted_into(
        terms, True, line_of(given("religion"), keys(RELIGIONS), terms.codes("RELIGION"), "006")
    )


def _nationality(terms):
    value = given("nationality")
    branches = [{"case": among(value, codes), "then": [line.key]} for line, codes in NATIONS if codes]
    valid = [code for code in terms.codes("NATION") if code not in NOT_STATED]
    plain = line_of(value, [line.key for line, _ in NATIONS], valid, "097")
    return sorted_into(terms, True, {"$switch": {"branches": branches, "default": plain}})


def _g_code(terms):
    written = {"$regexMatch": {"input": given("person_id"), "regex": "^G[0-9]{12}$"}}
    return {"$cond": [{"$or": [{"$eq": ["$id_type", "G"]}, written]}, [ALL], []]}


def _reasons(lines):
    """Cells of those who left: by the reason of leaving."""
    return lambda terms: sorted_into(terms, True, line_of(given("leave_reason"), keys(lines)))


def _failed(terms):
    said = given("fail_reasons", [])
    several = {"$concat": ["n", {"$toString": {"$size": said}}]}
    one = line_of({"$arrayElemAt": [said, 0]}, keys(FAILED))
    many = {"$cond": [among(several, keys(SEVERAL)), [several], [ODD]]}
    category = {"$switch": {
        "branches": [{"case": {"$eq": [{"$size": said}, 0]}, "then": [ODD]},
                     {"case": {"$eq": [{"$size": said}, 1]}, "then": one}],
        "default": {"$cond": [{"$setIsSubset": [said, keys(FAILED)]}, many, [ODD]]},
    }}  # fmt: skip
    chosen = {"$eq": ["$year_result", "repeat"]}
    return {"$cond": [chosen, {"$concatArrays": [[ALL], category]}, []]}


def _after(grade, lines):
    """Cells of those who finish a grade: by where they go."""

    def cells(terms):
        chosen = {"$and": [{"$eq": ["$grade", grade]}, {"$eq": ["$year_result", "graduated"]}]}
        return {"$cond": [chosen, {"$concatArrays": [[ALL], line_of(given("destination"), keys(lines))]}, []]}

    return cells


# The grades that finish a stage, in the ministry's groups of columns.
STAGES = (
    ("อนุบาล", ("03",)),
    ("ป.3", ("06",)),
    ("ป.6", ("09",)),
    ("ม.3", ("12",)),
    ("ม.6", ("15",)),
    ("ปวช.", ("18",)),
)


def _taken(terms):
    finishing = [grade for _, grades in STAGES for grade in grades]
    years = given("years_taken", 0)
    told = {"$and": [{"$eq": ["$year_result", "passed"]}, among("$grade", ["03", "06"]), {"$gt": [years, 0]}]}
    chosen = {
        "$and": [among(given("grade"), finishing), {"$or": [{"$eq": ["$year_result", "graduated"]}, told]}]
    }
    # ประถม is recorded as six years, the ministry's file counts its last stage of three.
    stage = {
        "$cond": [
            {"$and": [{"$eq": ["$grade", "09"]}, {"$gte": [years, 6]}]},
            {"$subtract": [years, 3]},
            years,
        ]
    }
    small = _steps(stage, ((1, "y1"), (2, "y2")), "over2")
    large = _steps(stage, ((3, "y3"), (4, "y4"), (5, "y5")), "over5")
    line = {"$cond": [{"$eq": ["$grade", "03"]}, small, large]}
    category = {"$cond": [{"$gt": [years, 0]}, [line], [ODD]]}
    return {"$cond": [chosen, {"$concatArrays": [[ALL], category]}, []]}


def _steps(value, steps, beyond):
    branches = [{"case": {"$lte": [value, most]}, "then": line} for most, line in steps]
    return {"$switch": {"branches": branches, "default": beyond}}


def _results(terms):
    line = {"$cond": [among(given("year_result"), ["", *terms.codes("YEAR_RESULT")]),
                      {"$cond": [among(given("year_result"), [""]), ["none"], ["$year_result"]]}, [ODD]]}  # fmt: skip
    return {"$concatArrays": [[ALL], line]}


def stands(terms):
    """Why a pupil counts for money or does not (documents/dmc/counting.py)."""
    return counting.standing_expression(terms.round.academic_year, terms.rules, terms.doubles)


def _claims(round_):
    """The claims of other agencies in a round that runs: opened and settled without a write; a lock froze them."""
    return None if round_.sealed else tuple(sorted(money_counts.claims_of_agencies(round_)))


def _for_money(terms):
    return {"$concatArrays": [[ALL], [stands(terms)]]}


def _for_money_too(chosen):
    """Cells of those who count for money and of whom `chosen(terms)` says yes."""
    return lambda terms: {
        "$cond": [{"$and": [chosen(terms), {"$eq": [stands(terms), counting.COUNTED]}]}, [ALL], []]
    }


def is_poor(terms):
    """Whether a pupil is reported as poor."""
    return {"$in": [counting.POOR, given("disadvantages", [])]}


def is_boarder(terms):
    """Whether a pupil boards."""
    return among(given("boarding"), real(terms, "BOARD"))


# ---- the rows ----

FOR_MONEY = tuple(Line(key, label) for key, (label, _) in counting.STANDINGS.items())
LEFT_IN_ROUND = "นับรายการของรอบนี้ที่มีสถานะ"
REPORTS = (
    Report("grade-sex", "จำนวนนักเรียนแยกชั้น,เพศ", "แยกชั้น เพศ", "Pupils by grade and sex",
           "นักเรียนที่นับเป็นยอดทุกคน พร้อมจำนวนห้องที่โรงเรียนแจ้ง", (), layout=94),
    Report("age", "จำนวนนักเรียนจำแนกตามอายุ", "อายุ", "Age", "อายุเต็มปี ณ วันที่ของรอบ", ("birth_date",),
           (Line(ALL, "นักเรียนทั้งหมด"), Line("under", "น้อยกว่า 2 ปี"), *YEARS, Line("over", "20 ปีขึ้นไป")), _ages),
    Report("religion", "จำนวนนักเรียนแยกตามศาสนา", "ศาสนา", "Religion", "นักเรียนที่นับเป็นยอดทุกคน", ("religion",),
           (Line(ALL, "นักเรียนทั้งหมด"), *RELIGIONS, UNKNOWN, OUT), _religion),
    Report("nationality", "จำนวนนักเรียนแยกตามสัญชาติ", "สัญชาติ", "Nationality", "นักเรียนที่นับเป็นยอดทุกคน",
           ("nationality",), (Line(ALL, "นักเรียนทั้งหมด"), *(line for line, _ in NATIONS), UNKNOWN, OUT), _nationality),
    Report("g-code", "จำนวนนักเรียนรหัส G", "รหัส G", "Pupils with a G-code", "นักเรียนที่ใช้รหัส G แทนเลขประจำตัวประชาชน",
           ("person_id",), (Line(ALL, "นักเรียนรหัส G"),), _g_code, layout=71),
    Report("lacking", "จำนวนนักเรียนขาดแคลน", "ขาดแคลน", "Lacking school things",
           "คนหนึ่งอยู่ได้หลายหมวด ยอดรวมนับคนละครั้ง", ("lacks_uniform",),
           (Line(ALL, "นักเรียนขาดแคลนทั้งหมด"), *LACKING, Line("three", "ขาดแคลน 3 รายการหรือมากกว่า"), OUT), _lacking,
           disjoint=False, group="สวัสดิการ"),
    Report("disadvantage", "จำนวนนักเรียนด้อยโอกาส", "ด้อยโอกาส", "Disadvantaged pupils",
           "ผู้มีหลายประเภทอยู่ในหมวดมากกว่า 1 ประเภทหมวดเดียว", ("disadvantages",),
           (Line(ALL, "นักเรียนด้อยโอกาสทั้งหมด"), *DISADVANTAGES, Line("many", "มีความด้อยโอกาสมากกว่า 1 ประเภท"), OUT),
           _disadvantages, group="สวัสดิการ"),
    Report("disability", "จำนวนนักเรียนพิการ", "พิการ", "Pupils with a disability", "“ซ้ำซ้อน” คือพิการมากกว่าหนึ่งอย่าง",
           ("disability",), (Line(ALL, "นักเรียนพิการทั้งหมด"), *DISABILITIES, UNKNOWN, OUT),
           _coded("DISAB", "disability", DISABILITIES, "10"), group="สวัสดิการ"),
    Report("both", "จำนวนนักเรียนพิการและด้อยโอกาส", "พิการและด้อยโอกาส", "Disabled and disadvantaged",
           "นักเรียนที่พิการ ด้อยโอกาส หรือทั้งสองอย่าง", ("disability", "disadvantages"),
           (Line(ALL, "นักเรียนพิการและด้อยโอกาสทั้งหมด"), Line("disabled", "นักเรียนพิการ"), Line("poor", "นักเรียนด้อยโอกาส"),
            Line("both", "นักเรียนพิการและด้อยโอกาส"), UNKNOWN, OUT), _both, group="สวัสดิการ"),
    Report("boarding", "จำนวนนักเรียนพักนอน", "พักนอน", "Boarders", "นักเรียนที่พักนอนประจำ", ("boarding",),
           (Line(ALL, "นักเรียนพักนอนทั้งหมด"), *BOARDING, UNKNOWN, OUT), _coded("BOARD", "boarding", BOARDING),
           group="สวัสดิการ"),
    Report("far", "จำนวนนักเรียนที่อยู่ห่างเกิน 3 กม.จำแนกตามการเดินทาง", "ห่างเกิน 3 กม.", "Farther than 3 km",
           "ระยะทางน้ำ ลูกรัง และลาดยางรวมกันเกิน 3,000 เมตร", ("dist_paved_m",),
           (Line(ALL, "นักเรียนอยู่ห่างเกิน 3 กม."), *JOURNEYS, UNKNOWN, OUT), _far, group="สวัสดิการ"),
    Report("weight", "ภาวะโภชนาการ น้ำหนักตามเกณฑ์ส่วนสูง", "น้ำหนักตามเกณฑ์ส่วนสูง", "Weight for height",
           "ตามตารางเกณฑ์การเจริญเติบโตที่เขตนำเข้า", ("weight_kg", "height_cm"),
           (Line(ALL, "นักเรียนทั้งหมด"), *growth.WEIGHTS, Line("off", "ค่านอกเกณฑ์"), OUT),
           lambda terms: sorted_into(terms, True, growth.weight_line(terms)), group="โภชนาการ", needs="weight", depends=lambda round_: growth.kinds_of(round_.area_code).get("weight")),
    Report("height", "ภาวะโภชนาการ ส่วนสูงตามเกณฑ์อายุ", "ส่วนสูงตามเกณฑ์อายุ", "Height for age",
           "ตามตารางเกณฑ์การเจริญเติบโตที่เขตนำเข้า อายุเป็นเดือน ณ วันที่ของรอบ", ("height_cm", "birth_date"),
           (Line(ALL, "นักเรียนทั้งหมด"), *growth.HEIGHTS, Line("off", "ส่วนสูงนอกเกณฑ์"), OUT),
           lambda terms: sorted_into(terms, True, growth.height_line(terms)), group="โภชนาการ", needs="height", depends=lambda round_: growth.kinds_of(round_.area_code).get("height")),
    Report("discharged", "จำนวนนักเรียนจำหน่าย", "จำหน่าย", "Discharged", f"{LEFT_IN_ROUND}จำหน่าย ตามสาเหตุ ยอดทั้งปีอยู่ในตรวจพินิจต้นปี–สิ้นปี",
           ("leave_reason",), (Line(ALL, "นักเรียนโดนจำหน่ายทั้งหมด"), *DISCHARGES, OUT), _reasons(DISCHARGES),
           who="discharged", group="เข้าออก"),
    Report("dropped-out", "จำนวนนักเรียนออกกลางคัน", "ออกกลางคัน", "Dropped out", f"{LEFT_IN_ROUND}ออกกลางคัน ตามสาเหตุ ยอดทั้งปีอยู่ในตรวจพินิจต้นปี–สิ้นปี",
           ("leave_reason",), (Line(ALL, "นักเรียนออกกลางคันทั้งหมด"), *DROPOUTS, OUT), _reasons(DROPOUTS),
           who="dropped_out", group="เข้าออก"),
    Report("reconciliation", "ตารางตรวจพินิจข้อมูลนักเรียน", "ตรวจพินิจต้นปี–สิ้นปี", "Reconciliation of the year",
           "ต้นปี + ย้ายมา − ย้ายไป − ออกกลางคัน − จำหน่าย/ตาย = วันสิ้นปี", ("leave_reason",),
           (Line("opening", "นักเรียนต้นปีการศึกษา"), Line("came", "ย้ายมาเรียนระหว่างปี"),
            Line("moved_out", "ย้ายไปเรียนรร.อื่นระหว่างปี"), Line("dropped_out", "ออกกลางคัน"),
            Line("discharged", "จำหน่าย/ตาย"),
            Line("closing", "นักเรียนในวันสิ้นปีการศึกษา", "นักเรียนในวันสินปีการศึกษา")),
           rounds=END, disjoint=False, group="สิ้นปี", table=year_end.reconciled),
    Report("results", "ผลการเรียนสิ้นปีรายชั้น", "ผลสิ้นปีรายชั้น", "Results of the year by grade",
           "ทุกคนต้องมีผล ไม่มีใครค้างรอดำเนินการ", ("year_result",), (Line(ALL, "นักเรียนทั้งหมด"), *RESULTS), _results,
           rounds=END, group="สิ้นปี"),
    Report("failed", "จำนวนนักเรียนไม่ผ่านการตัดสินการประเมินปลายปีจำแนกตามเกณฑ์รายชั้น", "ไม่ผ่านปลายปี ตามเกณฑ์",
           "Failed, by criterion", "ผู้ไม่ผ่านหลายเกณฑ์นับในจำนวนเกณฑ์ ไม่นับซ้ำ", ("fail_reasons",),
           (Line(ALL, "นักเรียนไม่ผ่านการประเมินทั้งหมด"), *FAILED, *SEVERAL), _failed, rounds=END, group="สิ้นปี"),
    Report("after-p6", "จำนวนนักเรียนจบ ป.6 ศึกษาต่อจำแนกตามเพศ สังกัด", "จบ ป.6 ศึกษาต่อ", "After Primary 6",
           "นักเรียน ป.6 ที่บันทึกผลสอบได้ เรียนจบ", ("destination",), (Line(ALL, "นักเรียนจบทั้งหมด"), *AFTER_P6),
           _after("09", AFTER_P6), rounds=END, layout=24, group="สิ้นปี"),
    Report("after-m3", "จำนวนนักเรียนจบการศึกษา ม.3 ศึกษาต่อ.ไม่ศึกษาต่อ", "จบ ม.3 ศึกษาต่อ", "After Secondary 3",
           "นักเรียน ม.3 ที่บันทึกผลสอบได้ เรียนจบ", ("destination",), (Line(ALL, "นักเรียนจบทั้งหมด"), *AFTER_M3),
           _after("12", AFTER_M3), rounds=END, layout=6, group="สิ้นปี"),
    Report("after-m6", "จำนวนนักเรียนจบการศึกษา ม.6 ศึกษาต่อ.ไม่ศึกษาต่อ", "จบ ม.6 ศึกษาต่อ", "After Secondary 6",
           "นักเรียน ม.6 ที่บันทึกผลสอบได้ เรียนจบ", ("destination",), (Line(ALL, "นักเรียนจบทั้งหมด"), *AFTER_M6),
           _after("15", AFTER_M6), rounds=END, layout=6, group="สิ้นปี"),
    Report("for-money", "จำนวนนักเรียนที่นับเพื่อจัดสรรงบประมาณ", "นับเพื่อจัดสรร", "Pupils who count for money",
           "นักเรียนในทะเบียนทุกคนตามเกณฑ์การนับของปี", ("birth_date",), (Line(ALL, "นักเรียนในทะเบียน"), *FOR_MONEY),
           _for_money, who="roll", depends=_claims, group="จัดสรรงบประมาณ"),
    Report("boarding-money", "จำนวนนักเรียนประจำพักนอนที่นับเพื่อจัดสรรงบประมาณ", "พักนอน นับเพื่อจัดสรร", "Boarders who count for money",
           "นักเรียนประจำพักนอนที่นับเพื่อจัดสรร", ("boarding",), cells=_for_money_too(is_boarder), who="roll", depends=_claims, group="จัดสรรงบประมาณ"),
    Report("poor-money", "จำนวนนักเรียนยากจนที่นับเพื่อจัดสรรงบประมาณ", "ยากจน นับเพื่อจัดสรร", "Poor pupils who count for money",
           "นักเรียนที่บันทึกความด้อยโอกาสว่าเด็กยากจน และนับเพื่อจัดสรร", ("disadvantages",), cells=_for_money_too(is_poor),
           who="roll", depends=_claims, group="จัดสรรงบประมาณ"),
    Report("years-taken", "จำนวนนักเรียนจบชั้นอนุบาล, ป.3, ป.6, ม.3, ม.6 และปวช. จำแนกตามเวลาที่ใช้เรียน", "เวลาที่ใช้เรียน",
           "Years taken", "ผู้จบช่วงชั้นที่บันทึกจำนวนปีที่เรียน ประถม 6 ปีนับเป็นช่วงชั้นละ 3 ปี", ("years_taken",),
           (Line(ALL, "นักเรียนจบทั้งหมด"), *TAKEN), _taken, rounds=END, layout=21, group="สิ้นปี"),
)  # fmt: skip
BY_KEY = {report.key: report for report in REPORTS}


def reports_of(round_):
    """The reports that a round has, in order; those on the growth table only where the area has one."""
    growing = growth.kinds_of(round_.area_code)
    return [
        one for one in REPORTS if round_.code in one.rounds and (one.needs is None or one.needs in growing)
    ]

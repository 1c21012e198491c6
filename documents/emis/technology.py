"""School technology (เทคโนโลยีโรงเรียน, EMIS): one profile a school a year: computers, internet, power and water.

Source of fields and labels: domain.md 3.2.1. What another subsystem counts (pupils, equipment, buildings) is not
asked here; it is shown beside the form by the panels the declaration names.
"""

from documents.records.codelists import code_list
from documents.records.fields import choice, choices, count, derived, flag, measure, text
from documents.records.record import Record

COMPUTERS, INTERNET = "คอมพิวเตอร์", "อินเทอร์เน็ตและเครือข่าย"
RENTED, NETWORK = "ระบบเครือข่ายอินเทอร์เน็ตที่โรงเรียนเช่าเอง", "ระบบเครือข่ายในโรงเรียน"
UTILITIES, MEDIA = "ไฟฟ้าและแหล่งน้ำ", "สื่อการสอน"
PURPOSES = {"teach": ("การเรียนการสอน", "teaching"), "admin": ("การบริหารจัดการ", "administration")}
OF_A_LINE = ("net_provider", "net_down_mbps", "net_up_mbps", "net_status")  # required where there is a line
NONE_ALONE = ("water", "media")  # several of a list, one of which says "none"
NOTHING = (None, "", [])


def computers(purpose):
    """The five figures of the computers of one purpose, {name: field}."""
    place, english = PURPOSES[purpose]
    prefix = f"pc_{purpose}"

    def words(label, en, *others):
        return {
            "label": f"{label} ({place})",
            "en": f"{en} ({english})",
            "synonyms": tuple(f"{place}_{each}" for each in (label, *others)),
            "group": COMPUTERS,
            "section": f"คอมพิวเตอร์เพื่อ{place}",
            "unit": "เครื่อง",
        }

    def total(plain, round_):
        return computers_of(plain, purpose)

    number = {"max_value": 9_999, "need": "R"}
    return {
        f"{prefix}_obec": count(**words("งบประมาณ สพฐ.", "Bought by OBEC"), **number),
        f"{prefix}_own": count(**words("จัดหาเอง/บริจาค", "Bought by the school or given"), **number),
        f"{prefix}_total": derived(
            work=total, sums=(f"{prefix}_obec", f"{prefix}_own"), **words("รวม", "Total")
        ),
        f"{prefix}_ok": count(**words("ใช้งานได้", "Working"), **number),
        f"{prefix}_broken": count(**words("ใช้งานไม่ได้", "Not working"), **number),
    }


def computers_of(values, purpose):
    """How many computers of one purpose a school has, however they came; None where nobody said."""
    parts = [values.get(f"pc_{purpose}_{source}") for source in ("obec", "own")]
    known = [part for part in parts if part is not None]
    return sum(known) if known else None


def speed(values, round_=None):
    """Down and up as officers write it: "100/100"; None without a speed."""
    parts = [values.get(name) for name in ("net_down_mbps", "net_up_mbps")]
    return None if parts == [None, None] else "/".join("-" if part is None else str(part) for part in parts)


def has_line(values):
    """Whether the school rents a line of its own; None where nobody said."""
    kind = values.get("net_type")
    return None if not kind else not code_list("NET_TYPE").fact(kind, "none", False)


class Technology(Record):
    """Computers, internet, power and water of one school in one round. Source: domain.md 3.2.1."""

    vars().update(computers("teach"))
    vars().update(computers("admin"))

    net_type = choice(
        "ประเภท (อินเทอร์เน็ต)",
        "NET_TYPE",
        en="Kind of internet line",
        need="R",
        group=INTERNET,
        section=RENTED,
        synonyms=("โรงเรียนเช่าเอง_ประเภท", "ประเภท", "ประเภทอินเทอร์เน็ต"),
        help="ถ้าไม่ได้เช่าให้เลือก “ไม่มี”",
    )
    net_provider = text(
        "ผู้ให้บริการ (อินเทอร์เน็ต)",
        en="Internet provider",
        need="C",
        max_length=100,
        group=INTERNET,
        section=RENTED,
        synonyms=("โรงเรียนเช่าเอง_ผู้ให้บริการ", "ผู้ให้บริการ", "ผู้ให้บริการอินเทอร์เน็ต"),
    )
    net_down_mbps = count(
        "ความเร็วดาวน์โหลด",
        en="Download speed",
        unit="Mbps",
        min_value=1,
        max_value=100_000,
        need="C",
        group=INTERNET,
        section=RENTED,
        synonyms=("ดาวน์โหลด",),
    )
    net_up_mbps = count(
        "ความเร็วอัปโหลด",
        en="Upload speed",
        unit="Mbps",
        min_value=1,
        max_value=100_000,
        need="C",
        group=INTERNET,
        section=RENTED,
        synonyms=("อัปโหลด",),
    )
    net_speed = derived(
        "ความเร็ว (ดาวน์โหลด/อัปโหลด)",
        speed,
        kind="text",
        en="Internet speed",
        unit="Mbps",
        group=INTERNET,
        section=RENTED,
    )
    net_status = choice(
        "สถานะการใช้งาน (อินเทอร์เน็ต)",
        "NET_STATUS",
        en="State of the internet line",
        need="C",
        group=INTERNET,
        section=RENTED,
        synonyms=("โรงเรียนเช่าเอง_สถานะการใช้งาน", "สถานะการใช้งาน", "สถานะการใช้งานอินเทอร์เน็ต"),
    )
    net_cost_month = measure(
        "งบประมาณ/เดือน (อินเทอร์เน็ต)",
        en="Internet cost a month",
        unit="บาท",
        decimals=2,
        max_value=9_999_999,
        group=INTERNET,
        section=RENTED,
        synonyms=("โรงเรียนเช่าเอง_งบประมาณ/เดือน", "งบประมาณ/เดือน", "งบประมาณอินเทอร์เน็ตต่อเดือน"),
    )
    has_lan = flag(
        "ระบบเครือข่าย LAN",
        en="LAN",
        need="R",
        group=INTERNET,
        section=NETWORK,
        synonyms=("ระบบเครือข่าย (LAN)", "LAN"),
    )
    has_wlan = flag(
        "ระบบเครือข่าย Wireless LAN",
        en="Wireless LAN",
        need="R",
        group=INTERNET,
        section=NETWORK,
        synonyms=("Wireless LAN", "WLAN", "ระบบเครือข่ายไร้สาย (Wireless LAN)"),
    )
    electricity = choice(
        "ไฟฟ้า", "ELECTRICITY", en="Electricity", need="R", group=UTILITIES, synonyms=("ระบบไฟฟ้า",)
    )
    water = choices(
        "แหล่งน้ำ", "WATER", en="Sources of water", need="R", group=UTILITIES, synonyms=("แหล่งน้ำที่ใช้",)
    )
    media = choices("สื่อเทคโนโลยีการสอน", "MEDIA", en="Teaching media", group=MEDIA, synonyms=("สื่อการสอน",))
    dltv = flag("ใช้การศึกษาทางไกลผ่านดาวเทียม (DLTV)", en="Uses DLTV", group=MEDIA, synonyms=("DLTV", "ใช้ DLTV"))

    slug = "technology"
    label = "เทคโนโลยีโรงเรียน"
    label_en = "School technology"
    subsystem = "EMIS"
    unit = "โรงเรียน"
    single = True
    panels = ("students", "equipment", "buildings")
    sheet_title = "แบบข้อมูลเทคโนโลยีและสาธารณูปโภคของโรงเรียน"
    search_hint = "ค้นหาผู้ให้บริการอินเทอร์เน็ต"
    grid = (
        "school_code",
        "pc_teach_total",
        "pc_teach_ok",
        "pc_teach_broken",
        "pc_admin_total",
        "pc_admin_ok",
        "pc_admin_broken",
        "net_type",
        "net_provider",
        "net_speed",
        "net_status",
        "has_lan",
        "has_wlan",
        "electricity",
        "water",
        "dltv",
    )
    cells = (
        "pc_teach_ok", "pc_teach_broken", "pc_admin_ok", "pc_admin_broken", "net_provider", "net_status",
        "electricity",
    )  # fmt: skip
    filters = (
        "net_type", "net_status", "net_down_mbps", "has_lan", "has_wlan", "electricity", "water", "media", "dltv",
        "pc_teach_ok", "pc_teach_broken",
    )  # fmt: skip
    quick = ("net_type", "electricity")
    search = ("net_provider",)
    order = ("school_code",)
    groups = (COMPUTERS, INTERNET, UTILITIES, MEDIA)

    meta = {"collection": "technology"}

    tallied = tuple(
        f"pc_{purpose}_{what}" for purpose in PURPOSES for what in ("obec", "own", "ok", "broken")
    )

    @classmethod
    def check(cls, values):
        """What belongs to a line without a line; "none" beside others of a list."""
        if has_line(values) is False:
            for name in (*OF_A_LINE, "net_cost_month"):
                if values.get(name) not in NOTHING:
                    yield (
                        name,
                        f"เลือกประเภทอินเทอร์เน็ตว่า “ไม่มี” จึงไม่มี{cls._fields[name].verbose_name} กรุณาแก้อย่างใดอย่างหนึ่ง",
                    )
        for name in NONE_ALONE:
            codes, known = values.get(name) or [], code_list(cls._fields[name].codelist)
            none = next((code for code in codes if known.fact(code, "none")), None)
            if none and len(codes) > 1:
                yield name, f"เลือก “{known.label(none)}” พร้อมกับรายการอื่นไม่ได้ กรุณาเลือกอย่างใดอย่างหนึ่ง"

    @classmethod
    def required_by_condition(cls, values):
        """What a rented line is told by."""
        return OF_A_LINE if has_line(values) else ()

    @classmethod
    def missing_query(cls):
        """MongoDB filters for the schools with a line that is not told of in full."""
        kinds = code_list("NET_TYPE")
        lines = [code for code in kinds.codes if not kinds.fact(code, "none", False)]
        return [{"net_type": {"$in": lines}, name: {"$in": [None, "", []]}} for name in OF_A_LINE]

    @classmethod
    def tally(cls, values):
        """One profile, and its computers by purpose: all, working and not."""
        counters = {"technology": 1}
        for purpose in PURPOSES:
            counters[f"pc_{purpose}"] = computers_of(values, purpose) or 0
            for state in ("ok", "broken"):
                counters[f"pc_{purpose}_{state}"] = values.get(f"pc_{purpose}_{state}") or 0
        return counters

    @classmethod
    def headline(cls, values):
        """What the one profile of a school is called."""
        return "เทคโนโลยีโรงเรียน"

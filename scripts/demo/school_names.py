"""Names of schools that do not exist, of the shapes that the district's schools bear."""

from scripts.demo.chance import words

HEADS = [
    "หนอง",
    "โนน",
    "ดอน",
    "นา",
    "โพน",
    "คำ",
    "ท่า",
    "ห้วย",
    "โคก",
    "ดง",
    "กุด",
    "วัง",
    "ป่า",
    "บึง",
    "เหล่า",
    "ทุ่ง",
    "ขาม",
    "สร้าง",
    "ปากห้วย",
    "หัวดง",
]
TAILS = words(
    "กอกงาม กกไผ่ แก้วฟ้า ขนวน ข่าโคม คูณแก้ว แคนงาม จิกน้อย ชาดทอง ซำแฮด ดู่ลาย ตาลเดี่ยว ติ้วแดง ทองหลางคู่ ทามใหญ่ นกเอี้ยง "
    "บัวขาวลือ บากเรือ เบ็นน้อย ผักกาดหญ้า ผือฮี ไผ่ลำ ฝางคำ พะยอมหอม พอกใหญ่ โพธิ์ลอย ฟานหมอบ มะเกลือดำ มะค่าน้อย "
    "มะดันแก้ว ยางเครือ ยูงทอง รังแร้ง ลาดควาย เลิงแฝก ว่านไฟ แวงฮี สมอใหญ่ ส้มโฮง สะแบงลาย หมากแซว หวายหลึม หว้าเทิง "
    "อ้อยหนูช้าง ฮังแก้ว แฮดเฒ่า"
)
PATRONS = words("วิทยานุกูลชัย ประชาร่วมสร้าง ราษฎร์ร่วมคิด คุรุราษฎร์พัฒนา")
TEMPLES = words("วัดโพธิ์ศรีเรือง วัดป่าแสงทอง วัดสว่างดารา วัดทุ่งเกษมงาม วัดบูรพาน้ำคำ วัดศรีบัวบาน วัดเวฬุวันงาม วัดแจ้งคำบุ")


def villages(rng, number):
    """So many different names of villages, in no order: หนองแคนงาม; with more than there are, numbered."""
    names = [head + tail for head in HEADS for tail in TAILS]
    rng.shuffle(names)
    lap = len(names)
    return [names[i % lap] + (f" {i // lap + 1}" if i >= lap else "") for i in range(number)]


def school_name(rng, village, band, rank):
    """The name of a school by its village and size band; `rank` is its place from the largest, 0 the first."""
    if rank == 0:
        return "อนุบาลอุบลธานีศรีวนา"
    if band in ("xl", "l"):
        return f"{'อนุบาล' if rng.random() < 0.4 else 'ชุมชนบ้าน'}{village}"
    chance = rng.random()
    if chance < 0.06:
        return f"ชุมชนบ้าน{village}"
    if chance < 0.11:
        return f"{rng.choice(TEMPLES)} ({village})"
    if chance < 0.17:
        return f"บ้าน{village} ({rng.choice(PATRONS)})"
    return f"บ้าน{village}"

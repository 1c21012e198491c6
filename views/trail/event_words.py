"""The words of the log: what its events, subjects, ways of writing, files and refusals are called."""

from documents import subsystems
from documents.district.school_moves import MOVES as SCHOOL_MOVES
from documents.gcode.gcode import GCodeRequest

OF_ACCOUNTS = {
    "suspend": "ระงับบัญชี",
    "activate": "เปิดใช้บัญชีอีกครั้ง",
    "reset": "ตั้งรหัสผ่านใหม่ที่เคาน์เตอร์",
    "password": "เจ้าของตั้งรหัสผ่านเอง",
    "link": "ส่งลิงก์ตั้งรหัสผ่าน",
    "activated": "เจ้าของเปิดใช้บัญชีจากลิงก์",
    "reset_by_link": "เจ้าของตั้งรหัสผ่านใหม่จากลิงก์",
    "leave": "พ้นหน้าที่ที่โรงเรียน",
    "transfer": "ย้ายโรงเรียน",
    "recertify": "ยืนยันบัญชีประจำปี",
    "lapse": "ระงับเพราะไม่ได้ยืนยันประจำปี",
    "two_step_on": "เปิดใช้การยืนยันตัวตนสองชั้น",
    "two_step_off": "ปิดการยืนยันตัวตนสองชั้น",
    "two_step_codes": "ออกรหัสสำรองชุดใหม่",
    "two_step_recovery": "เข้าสู่ระบบด้วยรหัสสำรอง",
    "two_step_clear": "ล้างการยืนยันตัวตนสองชั้นที่เคาน์เตอร์",
}
ACTIONS = {
    "create": "เพิ่ม",
    "update": "แก้ไข",
    "remove": "ลบ",
    "export": "ส่งออกไฟล์",
    "compare": "กระทบยอด",
    "reveal": "เปิดดูเลขเต็ม",
    "view_sensitive": "เปิดดูข้อมูลอ่อนไหว",
    "lookup": "ค้นนักเรียนจากเลขประจำตัว",
    "evidence": "เปิดดูหลักฐาน",
    "attach": "แนบหลักฐาน",
    "detach": "นำหลักฐานออก",
    **{name: GCodeRequest.steps[name].label for name in ("replace", "renew", "cancel")},
    "code": "บันทึกรหัส G",
    "settings": "ตั้งค่า",
    "explain": "ชี้แจงคำเตือน",
    "pass_error": "ให้ผ่านข้อผิดพลาด",
    **OF_ACCOUNTS,
    "erase": "ลบค่าในประวัติตามกำหนดเวลาเก็บ",
    "appoint": "แต่งตั้งรักษาการ",
    "dismiss": "สิ้นสุดการรักษาการ",
    **{name: move.label for name, move in SCHOOL_MOVES.items()},
    "refuse": "ถูกปฏิเสธ",
    "accept": "รับทราบประกาศ",
    "tidy": "ลบเมื่อครบกำหนดเก็บ",
    "move": "เปลี่ยนลำดับ",
    "add": "เพิ่มค่า",
    "retire": "เลิกใช้ค่า",
    "publish": "แจ้งข่าวโรงเรียน",
    "withdraw": "ถอนประกาศ",
    "let_count": "ให้กฎมีผล",
    "retire_rule": "เลิกใช้กฎ",
}
OF_RECORDS_ALONE = ("remove",)
TONES = {"create": "ok", "remove": "bad", "export": "warn", "reveal": "warn", "view_sensitive": "warn"}
TONES |= {"refuse": "bad", "suspend": "bad", "erase": "bad", "update": "info", "settings": "info"}
OTHERS = {
    "gcode": GCodeRequest.label,
    "schools": "โรงเรียนในสังกัด",
    "users": "บัญชีผู้ใช้",
    "fields": "ข้อมูลที่ต้องกรอก",
    "field_definitions": "ช่องข้อมูลที่เพิ่มเอง",
    "surveys": "แบบสำรวจ",
    "findings": "ผลการตรวจสอบ",
    "checks": "เกณฑ์การตรวจสอบ",
    "rules": "กฎตรวจสอบของเขต",
    "layouts": "รูปแบบไฟล์ส่งออก",
    "codelists": "รายการรหัส",
    "rates": "อัตราเงินอุดหนุน",
    "home_learners": "ผู้เรียนการศึกษาโดยครอบครัว",
    "signing_keys": "กุญแจลงนามของเขต",
    "access": "การเข้าถึงข้อมูล",
    "history": "ประวัติการแก้ไข",
    "security": "ความปลอดภัย",
    "privacy": "ข้อมูลส่วนบุคคล",
    "announcements": "ประกาศ",
}
VIAS = {
    "form": "แบบฟอร์ม",
    "cell": "แก้ในตาราง",
    "sheet": "แบบกรอกเป็นตาราง",
    "import": "นำเข้าจากไฟล์",
    "undo": "เลิกทำการนำเข้า",
    "action": "ทำหลายรายการ",
    "demo": "ข้อมูลตัวอย่าง",
    "carry_over": "ยกมาจากรอบก่อน",
    "put_back": "คืนข้อมูลตามฉบับเดิม",
    "transfer": "คำขอย้ายเข้า",
    "id_change": "คำขอแก้เลข",
    "results": "หน้าผลสิ้นปี",
}
ABOUT_ACCESS = {
    "what": "เรื่อง",
    "subsystem": "ระบบ",
    "round": "รอบ",
    "school": "โรงเรียน",
    "rows": "จำนวนรายการ",
    "table": "ตาราง",
    "schools": "จำนวนโรงเรียน",
    "kind": "ชนิดไฟล์",
    "before": "ก่อนวันที่",
    "events": "จำนวนเหตุการณ์",
    "number": "เลขที่ค้น",
    "for": "ค้นให้โรงเรียน",
    "found": "พบที่โรงเรียน",
    "case": "คำขอ",
    "piece": "หลักฐาน",
    "report": "รายงาน",
    "full": "มีเลขประจำตัวเต็ม",
    "full_sensitive": "มีข้อมูลอ่อนไหว",
    "sensitive": "ข้อที่เกี่ยวกับข้อมูลอ่อนไหว",
}
WHATS = {
    "audit": "บันทึกการใช้งาน",
    "submissions": "การส่งข้อมูล",
    "jobs": "งานเบื้องหลัง",
    "workbook": "สมุดงานของรอบ",
    "package": "แพ็กเกจส่งกระทรวง",
    "money": "ประมาณการงบประมาณ",
    "money_letter": "จดหมายประมาณการงบประมาณ",
    "report": "รายงานจำนวนนักเรียน",
    "statistics": "ไฟล์สถิติจำนวนนักเรียน",
    "summary": "รายงานสรุป",
    "pupil_report": "รายงานสถิตินักเรียน",
    "handover": "ทะเบียนส่งต่อระบบผลการเรียน",
    "confirmation": "ใบยืนยันข้อมูล",
    "changes": "สิ่งที่เปลี่ยนจากฉบับก่อน",
    "class_list": "บัญชีรายชื่อนักเรียน",
    "contacts": "รายชื่อผู้ติดต่อ",
    "building_report": "รายงานสิ่งก่อสร้าง",
    "equipment_report": "รายงานครุภัณฑ์",
    "record_sheet": "แบบข้อมูลรายบุคคล",
    "gcode_form": "แบบนักเรียนติด G",
    "gcode_report": "รายงานรหัส G",
    "gcode_ministry": "ไฟล์ขอรหัส G จากระบบของกระทรวง",
    "gcode_registry": "ไฟล์ขอเลข 13 หลักจากสำนักทะเบียน",
    "id_changes": "คำขอแก้เลข",
    "duplicates": "นักเรียนซ้ำซ้อน",
    "registrations": "คำขอลงทะเบียนผู้ใช้",
    "school_list": "ผลการตรวจรายชื่อโรงเรียน",
    "schools": "ข้อมูลพื้นฐานโรงเรียน",
    "reconciliation": "กระทบยอดนักเรียน",
}
REFUSED = {"what": "ลักษณะ", "where": "ที่หน้า", "times": "ในชั่วโมงนี้"}
DEEDS = {
    "write": "บันทึกรายการ",
    "move": "ขั้นตอนการส่งข้อมูล",
    "aside": "เวลาและการพักการรายงาน",
    "advance": "คำขอ",
    "lock_round": "ล็อกรอบ",
    "lock_school": "ล็อกโรงเรียน",
}
# What an edit of a code list tells of.
OF_A_LIST = {
    "code": "รหัส", "label": "คำ", "label_en": "ภาษาอังกฤษ", "short": "คำย่อ", "retired_from": "เลิกใช้ตั้งแต่ปี", "place": "ลำดับที่",
    "title": "ชื่อรายการ", "values": "ค่า",
}  # fmt: skip
OF_AN_ANNOUNCEMENT = {"for": "ถึง", "schools": "จำนวนโรงเรียน"}
OF_A_LAYOUT = {"name": "ชื่อรูปแบบไฟล์", "columns": "คอลัมน์"}
PAGES = {"security": "เข้าสู่ระบบ"}
KINDS = {"print": "พิมพ์จากหน้าจอ"}


def documents():
    """{slug: words} of every kind of subject an event may have."""
    return {document.slug: document.label for document in subsystems()} | OTHERS

"""An officer at a window: a list mapped and stored, an acting director appointed, a note struck out."""

from documents.schools import School
from tests.people import SCHOOL
from tests.test_accessibility import Watch
from tests.test_schools import LIST

FILE = {"name": "รายชื่อ.csv", "mimeType": "text/csv", "buffer": LIST.encode()}


def test_an_officer_imports_the_list_and_looks_after_a_school(open_round, officer, teacher, director, window):
    one, watch = window(officer), Watch()
    one.go("/admin/schools/import/")
    one.page.set_input_files("input[type=file]", files=[FILE])
    one.press("อ่านไฟล์")
    watch.look(one.page, "columns")
    one.shot("school-map")
    one.press("ตรวจ")
    watch.look(one.page, "plan")
    one.page.check("[name=partly]")
    one.press("บันทึก 3 โรงเรียน")
    school = School.objects.get(code=SCHOOL)
    one.page.goto(f"{one.base}/admin/schools/details/?id={school.id}")
    one.page.get_by_text("แต่งตั้งรักษาการ", exact=True).click()
    one.page.select_option("#acting-person", label=teacher.name)
    typed = {
        "since": "01/06/2568",
        "until": "30/06/2568",
        "order_number": "9/2568",
        "order_day": "31/05/2568",
    }
    for name, text in typed.items():
        one.page.fill(f"#acting-{name}", text)
    one.press("บันทึกการรักษาการ")
    one.page.fill("#note-text", "โทรแล้วไม่รับสาย")
    one.press("เพิ่มบันทึก")
    one.page.get_by_text("ขีดฆ่า", exact=True).click()
    one.page.fill(".notes input[name=reason]", "ผิดโรงเรียน")
    one.press("ขีดฆ่าบันทึก")
    watch.look(one.page, "school")
    one.shot("school-page")
    assert "รักษาการอยู่" in one.page.content()
    assert one.page.locator(".notes .struck").count() == 1
    one.go("/admin/schools/contacts/?search=ครูหนึ่ง")
    watch.look(one.page, "contacts")
    assert "รักษาการถึง 30 มิ.ย. 68" in one.page.content()
    assert not watch.found, watch.said()

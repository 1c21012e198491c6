"""The contact list: whom to call at each school, and whom schools ask in the district."""

import io

from flask import abort, request, send_file
from flask_admin import BaseView, expose
from flask_login import current_user

from documents import clock
from documents.district import contacts
from documents.district.schools import School
from documents.errors import NotAllowed
from documents.formats import buddhist, thai
from documents.people import access
from documents.trail import history
from exports.district.contacts import contacts_file_name, contacts_workbook
from views import here
from views.pages import Page
from views.records.exporting import XLSX
from views.records.files_out import SCOPE, hands_out

TITLE = "รายชื่อผู้ติดต่อ"
SHOWN = 500  # schools on the page; the workbook has them all


class Contacts(Page, BaseView):
    """One page for officers and schools: officers see the area, a school itself and the district's people."""

    roles = contacts.READERS

    def __init__(self):
        super().__init__(name=TITLE, endpoint="contacts", url="/admin/schools/contacts")

    @expose("/")
    def index(self):
        """The list, narrowed by a search and a cluster."""
        area, sees_area = asked_area()
        wanted = {name: thai.clean(request.args.get(name))[:100] for name in ("search", "cluster")}
        clusters = School.objects(area_code=area).distinct("cluster") if sees_area else []
        entries = contacts.entries_of(current_user, area, **wanted)
        return self.render(
            "district/contacts.html",
            title=TITLE,
            entries=entries[:SHOWN],
            found=len(entries),
            wanted=wanted,
            clusters=sorted(filter(None, clusters), key=thai.sort_key),
            sees_area=sees_area,
            district=contacts.district_people(area),
            area_name=here.area_name(area),
            today=buddhist.format_long(clock.today()),
            format_short=buddhist.format_short,
        )

    @expose("/export/xlsx/")
    @hands_out(SCOPE)
    def export_view(self):
        """The list as a workbook, for officers; noted before it is sent."""
        area, sees_area = asked_area()
        if not sees_area:
            raise NotAllowed("เฉพาะเจ้าหน้าที่เขตเท่านั้นที่ส่งออกรายชื่อผู้ติดต่อได้")
        wanted = {name: thai.clean(request.args.get(name))[:100] for name in ("search", "cluster")}
        entries = contacts.entries_of(current_user, area, **wanted)
        person = current_user._get_current_object()
        about = {"what": [None, "contacts"], "rows": [None, len(entries)], "kind": [None, "xlsx"]}
        history.note_event(area, person, "export", "access", person.id, about)
        content = contacts_workbook(entries, here.area_name(area), clock.today())
        return send_file(
            io.BytesIO(content), mimetype=XLSX, as_attachment=True, download_name=contacts_file_name(area)
        )


def asked_area():
    """(the area this person works in, whether he sees all its schools); 403 without any."""
    area = here.area_code()
    if area is None:
        abort(403)
    codes = access.open_schools(current_user, area)
    if codes == []:
        mine = [
            each
            for each in current_user.areas(*access.AREA_READERS, *access.SCHOOL_READERS)
            if access.open_schools(current_user, each) != []
        ]
        area = next(iter(mine), None) or abort(403)
        codes = access.open_schools(current_user, area)
    return area, codes is None

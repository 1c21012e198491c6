"""Every route of the application, tried as each of the six roles: who may, and nothing else.

`TABLE` has a line for each method of each route; a route without a line fails. Strangers and requests without a token
are walked in test_security.py.
"""

import pytest

from documents import subsystems
from documents.gcode.gcode import GCodeRequest
from documents.people.users import ROLES
from tests.discreet import leaks, numbers_of
from tests.test_security import PUBLIC, routes
from tests.world import Stored, tersely
from views.records import files_out

EVERYONE = "school director district approver executive admin"
READERS = "school director district approver"
ROUND_READERS = f"{READERS} executive"
AREA_READERS = "district approver"
OVERSEERS = "district approver executive"

# Of each subsystem: method, end of the rule, what is asked, and {status: roles}; whoever is not named gets 403.
OF_RECORDS = [
    ("GET", "", "", {200: READERS}),
    ("GET", "new/", "?school={school}", {200: "school district", 302: "director approver"}),
    ("GET", "edit/", "?id={record}", {200: "school district", 302: "director approver"}),
    ("GET", "details/", "?id={record}", {200: READERS}),
    ("GET", "history/", "?id={record}", {200: READERS}),
    ("GET", "sheet/", "?id={record}", {200: READERS}),
    ("GET", "sheet/pdf/", "?id={record}", {200: READERS}),
    ("GET", "places/", "?field={choice}&q=ก", {200: READERS}),
    ("GET", "file/", "?id={record}&name={choice}", {404: READERS}),  # no file: see test_added_fields.py
    ("GET", "export/<export_type>/", "", {200: READERS}),
    ("POST", "export/<export_type>/", {"reason": "ทดสอบ"}, {200: READERS}),
    ("GET", "import/", "", {200: "school district"}),
    ("GET", "import/plan/", "?id={record}", {400: READERS}),  # no such plan; a plan is its owner's alone
    ("GET", "import/plan/file/", "?id={record}", {400: READERS}),
    ("GET", "import/ask/", "?id={record}", {400: "school district"}),  # no such file; a file is its owner's alone
    ("GET", "import/past/", "", {200: "school district"}),
    ("GET", "import/template/", "", {200: READERS}),
    ("POST", "new/", {"school": "{school}", "reason": "ทดสอบ"},
     {422: "school district", 302: "director approver"}),
    ("POST", "edit/?id={record}", {"reason": "ทดสอบ", "room": "9"},
     {409: "school district", 302: "director approver"}),
    ("POST", "delete/", {"id": "{record}", "reason": "ทดสอบ"}, {302: READERS}),
    ("POST", "action/", {"action": "delete", "rowid": "{record}", "reason": "ทดสอบ"}, {302: "school district"}),
    ("POST", "ajax/update/", {"pk": "{record}", "name": "{cell}", "value": "2", "reason": "ทดสอบ"},
     {409: "school district"}),
    ("POST", "reveal/", {"id": "{record}", "name": "{choice}"}, {200: READERS}),
    ("POST", "search/", {"search": "ก"}, {303: READERS}),
    ("POST", "import/", {}, {400: "school district"}),
    ("POST", "import/ask/", {"id": "{record}"}, {400: "school district"}),
    ("POST", "import/apply/", {"id": "{record}"}, {302: READERS}),
    ("POST", "import/undo/", {"id": "{record}", "reason": "ทดสอบ"}, {302: "school district"}),  # no such import
    ("GET", "removed/", "?school={school}", {200: READERS}),
    ("POST", "removed/?school={school}", {"id": "{record}", "reason": "ทดสอบ"}, {302: "school district"}),  # it stands
]  # fmt: skip

SURVEY = "/admin/surveys/<key>/"
TABLE = [
    ("GET", "/", "", {302: EVERYONE}),
    ("GET", "/account/", "", {200: EVERYONE}),
    ("POST", "/account/end/", {}, {302: EVERYONE}),
    ("POST", "/account/digest/", {"on": "0"}, {302: EVERYONE}),
    ("POST", "/account/phone/", {"phone": "ไม่มี"}, {422: EVERYONE}),
    ("GET", "/account/notice/", "", {200: EVERYONE}),
    ("POST", "/account/notice/", {"version": "0"}, {303: EVERYONE}),
    ("GET", "/admin/privacy/", "", {200: "district admin"}),
    ("POST", "/admin/privacy/", {"reason": ""}, {422: "district admin"}),
    ("GET", "/account/two-step/", "", {200: EVERYONE}),
    ("POST", "/account/two-step/", {"code": "1"}, {422: EVERYONE}),
    ("POST", "/account/two-step/codes/", {"password": "x"}, {302: EVERYONE}),
    ("POST", "/account/two-step/off/", {"password": "x"}, {302: EVERYONE}),
    ("GET", "/change", "", {200: EVERYONE}),
    ("POST", "/change", {}, {200: EVERYONE}),
    ("POST", "/logout", {}, {302: EVERYONE}),
    ("GET", "/admin/", "", {200: EVERYONE}),
    ("GET", "/admin/choose/", "?round={round}", {302: EVERYONE}),
    ("GET", "/admin/control-room/", "", {200: OVERSEERS}),
    ("POST", "/admin/control-room/bulk/", {"do": "verify", "ids": "{submission}.1"}, {200: "district"}),
    ("GET", "/admin/rounds/", "", {200: ROUND_READERS}),
    ("GET", "/admin/rounds/details/", "?id={round}", {200: ROUND_READERS}),
    ("GET", "/admin/rounds/new/", "", {200: "district"}),
    ("POST", "/admin/rounds/new/", {"year": "2568", "subsystem": "DMC"}, {303: "district"}),
    ("GET", "/admin/rounds/edit/", "?id={round}", {200: "district"}),
    ("POST", "/admin/rounds/edit/", {"id": "{round}", "as_of": "10/06/2568"}, {422: "district"}),
    ("POST", "/admin/rounds/propose/", {"id": "{round}", "revision": "{revision}"}, {409: "district"}),
    ("POST", "/admin/rounds/order/",
     {"id": "{round}", "revision": "{revision}", "number": "1", "day": "01/06/2568", "text": "ให้เปิด"},
     {409: "executive"}),
    ("POST", "/admin/rounds/open/", {"id": "{round}", "revision": "{revision}"}, {409: "approver"}),
    ("POST", "/admin/rounds/publish/", {"id": "{round}", "revision": "{revision}"}, {409: "approver"}),
    ("GET", "/admin/rounds/lock/", "?id={round}", {200: "approver"}),
    ("POST", "/admin/rounds/lock/", {"id": "{round}", "counted": "x"}, {409: "approver"}),
    ("GET", "/admin/rounds/carry/", "?id={round}", {409: "district approver"}),  # there is no round before
    ("POST", "/admin/rounds/carry/", {"id": "{round}"}, {409: "district approver"}),
    ("GET", "/admin/rounds/letters/", "?id={round}&kind=schools", {200: OVERSEERS}),
    ("POST", "/admin/rounds/letters/", {"id": "{round}", "revision": "{revision}", "kind": "memo", "number": "", "day": "5/6/2568"},
     {422: "district", 403: "approver executive"}),
    ("GET", "/admin/rounds/letters/file/", "?id={round}&kind=memo&as=docx", {200: OVERSEERS}),
    ("GET", "/admin/rounds/files/", "?id={round}", {200: OVERSEERS}),
    ("GET", "/admin/rounds/export/xlsx/", "?id={round}", {200: OVERSEERS}),
    ("GET", "/admin/rounds/export/csv/", "?id={round}", {200: OVERSEERS}),
    ("GET", "/admin/reports/", "", {200: ROUND_READERS}),
    ("GET", "/admin/reports/show/", "?report=disability", {200: ROUND_READERS}),
    ("GET", "/admin/reports/export/xlsx/", "?report=disability", {200: ROUND_READERS}),
    ("GET", "/admin/reports/export/csv/", "?report=disability", {200: ROUND_READERS}),
    ("GET", "/admin/reports/handover/", "", {404: "district"}),  # not a locked year's end; a real one: test_year_end.py
    ("GET", "/admin/reports/growth/", "", {200: "district"}),
    ("POST", "/admin/reports/growth/", {"kind": "weight"}, {422: "district"}),
    ("GET", "/admin/pictures/", "?id=0", {404: EVERYONE}),  # no such picture; test_pictures.py has some
    ("GET", "/admin/year-end/", "", {404: READERS}),  # not the round of the year's end; real ones: test_year_end.py
    ("POST", "/admin/year-end/save/", {"school": "{school}"}, {404: READERS}),
    ("GET", "/admin/papers/", "", {200: ROUND_READERS}),
    ("GET", "/admin/money/", "", {200: ROUND_READERS}),
    ("GET", "/admin/money/export/xlsx/", "", {404: ROUND_READERS}),  # no round is locked: test_money_pages.py
    ("GET", "/admin/money/export/letter/", "", {404: ROUND_READERS}),
    ("POST", "/admin/money/home-learners/", {"pre": "1"}, {404: ROUND_READERS}),
    ("GET", "/admin/rates/", "", {200: "district approver executive admin"}),
    ("GET", "/admin/rates/edit/", "?table={school_id}", {}),  # no such table
    ("POST", "/admin/rates/edit/?table={school_id}", {}, {}),
    ("POST", "/admin/rates/remove/", {"table": "{school_id}"}, {}),
    ("POST", "/admin/rates/delete/", {"table": "{school_id}"}, {}),
    ("POST", "/admin/rates/new/", {"fiscal_year": "1"}, {422: "admin"}),
    ("POST", "/admin/rates/seed/", {}, {303: "admin"}),
    ("GET", "/admin/packages/", "", {200: "district approver executive admin"}),
    ("POST", "/admin/packages/", {}, {422: "district approver executive admin"}),  # no file
    # The round stands in the address: test_package.py.
    ("POST", "/admin/packages/make/", {"id": "{round}"}, {404: "district approver executive admin"}),
    ("POST", "/admin/packages/changes/", {"id": "{round}"}, {404: "district approver executive admin"}),
    ("GET", "/admin/packages/key/", "?fingerprint=0", {404: "district approver executive admin"}),
    ("GET", "/admin/papers/confirmation/", "?id={submission}", {409: ROUND_READERS}),  # nobody has confirmed yet
    ("GET", "/admin/papers/confirmation/pdf/", "?id={submission}", {409: ROUND_READERS}),
    ("GET", "/admin/class-lists/", "?school={school}&grade=", {200: READERS}),
    ("GET", "/admin/class-lists/pdf/", "?school={school}&grade=none", {404: READERS}),
    ("GET", "/admin/submissions/", "", {200: ROUND_READERS}),
    ("GET", "/admin/submissions/export/xlsx/", "", {200: ROUND_READERS}),
    ("GET", "/admin/submissions/details/", "?id={submission}", {200: ROUND_READERS}),
    # The rooms of the marked school are not those of its pupils: what the checks found stands in the way.
    ("POST", "/admin/submissions/move/", {"id": "{submission}", "move": "confirm"}, {422: "school"}),
    ("POST", "/admin/submissions/hold/", {"id": "{submission}", "reason": "พัก"}, {303: "district"}),
    ("POST", "/admin/submissions/lift/", {"id": "{submission}"}, {409: "district"}),
    ("POST", "/admin/submissions/extend/",
     {"id": "{submission}", "until": "20/06/2568", "whom": "school", "reason": "ขอเวลา"}, {303: "district"}),
    ("POST", "/admin/submissions/lock/", {"id": "{submission}"}, {409: "approver"}),
    ("POST", "/admin/submissions/aside/", {"id": "{submission}", "aside": "prolong", "until": "20/06/2568", "reason": "ช้า"},
     {409: "approver"}),  # not reopened
    ("POST", "/admin/submissions/time/", {"id": "{submission}", "whom": "school", "reason": "ไฟดับ"},
     {409: "school director"}),  # a request is open
    ("POST", "/admin/submissions/back/", {"id": "{submission}", "reason": "เลิก"}, {409: "approver"}),
    ("GET", "/admin/reopening/", "", {200: READERS}),
    ("GET", "/admin/reopening/details/", "?kind=extension&id={request}", {200: READERS}),
    ("GET", "/admin/reopening/ask/", "?id={submission}", {}),  # nothing is locked
    ("POST", "/admin/reopening/ask/", {"id": "{submission}", "reason": "แก้"}, {}),
    ("POST", "/admin/reopening/step/",
     {"kind": "extension", "id": "{request}", "step": "grant", "until": "20/06/2568"}, {303: "district"}),
    ("GET", "/admin/changes/", "?id={submission}", {409: READERS}),  # the first version
    ("GET", "/admin/changes/xlsx/", "?id={submission}", {409: READERS}),
    ("GET", "/admin/students/roll/", "?deed=leave&rowid={record}", {200: "school district"}),
    ("POST", "/admin/students/roll/", {"deed": "arrange", "rowid": "{record}", "revision": "1", "stage": "do",
     "room": "9", "reason": "จัดห้องใหม่"}, {303: "school district"}),
    ("GET", "/admin/gcode/", "", {200: READERS}),
    ("GET", "/admin/gcode/export/xlsx/", "", {200: READERS}),
    ("GET", "/admin/gcode/new/", "?school={school}", {200: "school"}),
    ("POST", "/admin/gcode/new/", {"school": "{school}", "do": "search", "first_name": "ก"}, {422: "school"}),
    ("GET", "/admin/gcode/details/", "?id={gcode}", {200: READERS}),
    ("GET", "/admin/gcode/edit/", "?id={gcode}", {302: READERS}),  # it was sent, and nobody has taken it up
    ("POST", "/admin/gcode/edit/", {"id": "{gcode}", "grade": "08"}, {409: "school district"}),
    ("GET", "/admin/gcode/places/", "?field=nationality&q=ล", {200: READERS}),
    ("GET", "/admin/gcode/evidence/", "?id={gcode}&piece={piece}", {200: READERS}),
    ("POST", "/admin/gcode/evidence/attach/", {"id": "{gcode}", "kind": "form"}, {409: "school district"}),
    ("POST", "/admin/gcode/evidence/remove/", {"id": "{gcode}", "piece": "{piece}"}, {409: "school district"}),
    ("GET", "/admin/gcode/form/", "?id={gcode}", {200: READERS}),
    ("POST", "/admin/gcode/reveal/", {"id": "{gcode}", "name": "mother_passport"}, {200: READERS}),
    ("GET", "/admin/gcode/settings/", "", {200: "district"}),
    ("POST", "/admin/gcode/settings/", {"kinds": "form"}, {303: "district"}),
    ("POST", "/admin/gcode/search/", {"search": "ก"}, {303: READERS}),
    ("POST", "/admin/gcode/action/", {"action": "take", "rowid": "{gcode}"}, {302: "district"}),
    ("GET", "/admin/gcode/certify/", "?id={gcode}", {200: "approver"}),
    ("POST", "/admin/gcode/certify/", {"id": "{gcode}", "ticked": "{gcode}"}, {409: "approver"}),
    ("POST", "/admin/gcode/step/", {"id": "{gcode}", "step": "take", "revision": "{asked}"}, {303: "district"}),
    ("GET", "/admin/gcode/code/", "?id={gcode}&do=record", {200: "district"}),
    ("POST", "/admin/gcode/code/", {"id": "{gcode}", "revision": "{asked}", "do": "record", "code": "1"}, {422: "district"}),
    ("POST", "/admin/gcode/code/mode/", {"mode": "issued", "reason": "ทดสอบ"}, {303: "district"}),
    ("GET", "/admin/gcode/reports/", "", {200: ROUND_READERS}),
    ("GET", "/admin/gcode/reports/export/xlsx/", "?what=nation", {200: ROUND_READERS}),
    ("GET", "/admin/gcode/register/", "", {}),  # only with the mark for what is sensitive: test_gcode_register.py
    ("POST", "/admin/gcode/register/", {}, {}),
    ("GET", "/admin/gcode/register/template/", "", {}),
    ("GET", "/admin/gcode/register/plan/", "?id={gcode}", {400: "approver"}),  # no such plan
    ("POST", "/admin/gcode/register/undo/", {"id": "{gcode}", "reason": "ทดสอบ"}, {}),
    ("POST", "/admin/gcode/register/apply/", {"id": "{gcode}", "reason": "ทดสอบ"}, {400: "approver"}),
    ("GET", "/admin/gcode/exchange/", "", {}),  # only with the mark for what is sensitive: test_gcode_codes.py
    ("POST", "/admin/gcode/exchange/", {}, {}),
    ("GET", "/admin/gcode/exchange/export/xlsx/", "?kind=registry", {}),
    ("GET", "/admin/gcode/exchange/plan/", "?id={gcode}", {400: "district"}),  # no such plan
    ("POST", "/admin/gcode/exchange/apply/", {"id": "{gcode}", "reason": "ทดสอบ"}, {400: "district"}),
    ("GET", "/admin/transfers/", "", {200: READERS}),
    ("GET", "/admin/transfers/details/", "?id={pupil}", {}),  # no such request; real ones: test_pupils_pages.py
    ("GET", "/admin/transfers/new/", "?school={school}", {200: "school district"}),
    ("POST", "/admin/transfers/new/", {"school": "{school}", "number": "123"}, {422: "school district"}),
    ("POST", "/admin/transfers/step/", {"id": "{pupil}", "step": "agree"}, {}),
    ("POST", "/admin/transfers/days/", {"days": "9"}, {303: "district"}),
    ("GET", "/admin/id-changes/", "", {200: READERS}),
    ("GET", "/admin/id-changes/details/", "?id={pupil}", {}),
    ("GET", "/admin/id-changes/evidence/", "?id={pupil}", {}),
    ("GET", "/admin/id-changes/new/", "?record={pupil}", {200: "school district"}),
    ("POST", "/admin/id-changes/new/", {"record": "{pupil}", "number": "1"}, {409: "school district"}),
    ("POST", "/admin/id-changes/reveal/", {"id": "{pupil}"}, {}),
    ("POST", "/admin/id-changes/step/", {"id": "{pupil}", "step": "approve"}, {}),
    ("GET", "/admin/findings/", "", {200: ROUND_READERS}),
    ("GET", "/admin/findings/export/xlsx/", "", {200: READERS}),
    ("POST", "/admin/findings/answer/", {"ids": "{submission}", "reason": "เหตุผล"}, {422: "school district"}),
    ("POST", "/admin/findings/refresh/", {}, {303: "district"}),
    ("GET", "/admin/duplicates/", "", {200: READERS}),
    ("GET", "/admin/duplicates/details/", "?id={pupil}", {}),  # no such case; real ones: test_duplicates_pages.py
    ("GET", "/admin/duplicates/evidence/", "?id={pupil}&school={school}", {}),
    ("POST", "/admin/duplicates/step/", {"id": "{pupil}", "step": "ours"}, {}),
    ("POST", "/admin/duplicates/scan/", {}, {303: "district"}),
    ("POST", "/admin/duplicates/list/", {"agency": "เทศบาล"}, {400: "district"}),
    ("GET", "/admin/reconcile/", "", {200: AREA_READERS}),
    ("POST", "/admin/reconcile/", {"round": "{round}"}, {400: AREA_READERS}),
    ("GET", "/admin/reconcile/details/", "?id={school_id}", {}),  # no such comparison; a real one: test_reconciling.py
    ("GET", "/admin/reconcile/export/xlsx/", "?id={school_id}", {}),
    ("GET", "/admin/schools/", "", {200: EVERYONE}),
    ("GET", "/admin/schools/details/", "?id={school_id}", {200: EVERYONE}),
    ("GET", "/admin/schools/places/", "?q=ในเมือง", {200: EVERYONE}),
    ("GET", "/admin/schools/edit/", "?id={school_id}", {200: "school district admin"}),
    ("POST", "/admin/schools/edit/", {"id": "{school_id}", "fax": "045-1", "website": "www.a.ac.th"},
     {409: "school district admin"}),
    ("GET", "/admin/jobs/", "?all=1", {200: EVERYONE}),
    ("GET", "/admin/jobs/export/xlsx/", "?all=1", {200: EVERYONE}),
    ("GET", "/admin/jobs/details/", "?id={job}", {200: "school district approver"}),
    ("GET", "/admin/jobs/status/", "?id={job}", {200: "school district approver"}),
    ("GET", "/admin/jobs/result/", "?id={job}", {200: "school"}),
    ("GET", "/admin/jobs/corner/", "", {200: EVERYONE}),
    ("POST", "/admin/jobs/seen/", {"id": "{job}"}, {200: "school district approver"}),
    ("POST", "/admin/jobs/cancel/", {"id": "{job}"}, {409: "school"}),
    ("POST", "/admin/schools/acting/", {"id": "{school_id}"}, {422: "district admin"}),
    ("POST", "/admin/schools/acting/end/", {"id": "{school_id}"}, {422: "district admin"}),
    ("POST", "/admin/schools/notes/", {"id": "{school_id}", "text": " "}, {422: "district approver"}),
    ("POST", "/admin/schools/notes/strike/", {"id": "{school_id}", "reason": "ผิด"}, {409: "district approver"}),
    ("GET", "/admin/schools/export/xlsx/", "", {200: EVERYONE}),
    ("GET", "/admin/schools/new/", "", {200: "district"}),
    ("POST", "/admin/schools/new/", {"code": "34010099"}, {422: "district"}),
    ("GET", "/admin/schools/move/", "?id={school_id}&move=merge", {200: "district"}),
    ("POST", "/admin/schools/move/", {"id": "{school_id}", "move": "close"}, {422: "district"}),
    ("POST", "/admin/schools/round/", {"id": "{school_id}", "round": "{round}", "reason": "ก"}, {409: "district"}),
    ("GET", "/admin/schools/import/", "", {200: "district admin"}),
    ("POST", "/admin/schools/import/", {}, {400: "district admin"}),
    ("GET", "/admin/schools/import/map/", "?id={school_id}", {400: EVERYONE}),  # a file is its owner's alone
    ("POST", "/admin/schools/import/map/", {"id": "{school_id}"}, {400: EVERYONE}),
    ("GET", "/admin/schools/import/plan/", "?id={school_id}", {400: EVERYONE}),
    ("GET", "/admin/schools/import/rows/", "?id={school_id}", {400: EVERYONE}),
    ("POST", "/admin/schools/import/apply/", {"id": "{school_id}"}, {400: EVERYONE}),
    ("POST", "/admin/schools/import/undo/", {"id": "{school_id}"}, {400: EVERYONE}),
    ("GET", "/admin/schools/contacts/", "", {200: READERS}),
    ("GET", "/admin/schools/contacts/export/xlsx/", "", {200: AREA_READERS}),
    ("GET", "/admin/registrations/", "", {200: AREA_READERS}),
    ("GET", "/admin/registrations/details/", "?id={pupil}", {}),  # no such registration; real ones: test_registering.py
    ("GET", "/admin/registrations/letter/", "?id={pupil}", {}),
    ("POST", "/admin/registrations/step/", {"id": "{pupil}", "step": "check"}, {}),
    ("GET", "/admin/registrations/invite/", "", {200: "district"}),
    ("POST", "/admin/registrations/invite/", {"role": "school"}, {422: "district"}),
    ("GET", "/admin/people/", "", {200: "district admin"}),
    ("GET", "/admin/people/school/", "?code={school}", {200: "district admin"}),
    ("GET", "/admin/people/details/", "?id={person}", {200: "district admin"}),
    ("POST", "/admin/people/leave/", {"id": "{person}", "held": "school {school}"}, {409: "district admin"}),
    ("POST", "/admin/people/transfer/", {"id": "{person}", "held": "school {school}"}, {409: "district admin"}),
    ("POST", "/admin/people/confirm/", {"code": "{school}", "ids": "{person}"}, {303: "district admin"}),
    ("POST", "/admin/people/begin/", {"due": "1/1/2568"}, {422: "district admin"}),
    ("POST", "/admin/people/end/", {"reason": "เลิก"}, {409: "district admin"}),
    ("GET", "/admin/recertification/", "", {200: "district approver admin"}),
    ("POST", "/admin/recertification/confirm/", {"ids": "{person}"}, {303: "district admin"}),
    ("POST", "/admin/users/link/", {"id": "{person}"}, {}),  # no mail goes out here
    ("GET", "/admin/users/", "", {200: "admin"}),
    ("GET", "/admin/users/export/xlsx/", "", {200: "admin"}),
    ("GET", "/admin/summaries/", "?id={round}", {404: f"{READERS} executive"}),  # pupils have reports of their own
    ("GET", "/admin/users/new/", "", {200: "admin"}),
    ("POST", "/admin/users/new/", {}, {200: "admin"}),
    ("GET", "/admin/users/slips/", "?job={job}", {}),
    ("POST", "/admin/users/slips/", {"job": "{job}"}, {}),
    ("GET", "/admin/users/edit/", "?id={person}", {200: "admin"}),
    ("POST", "/admin/users/edit/?id={person}", {}, {200: "admin"}),
    ("GET", "/admin/users/details/", "?id={person}", {200: "admin"}),
    ("POST", "/admin/users/suspend/", {"id": "{person}", "reason": "ลาออก"}, {302: "admin"}),
    ("POST", "/admin/users/activate/", {"id": "{person}"}, {302: "admin"}),
    ("POST", "/admin/users/reset/", {"id": "{person}", "reason": "ลืม"}, {200: "admin"}),
    ("POST", "/admin/users/two-step/", {"id": "{person}", "reason": "หาย"}, {302: "admin"}),
    ("POST", "/admin/users/action/", {"action": "suspend", "rowid": "{person}", "reason": "ลาออก"}, {302: "admin"}),
    ("GET", "/admin/users/schools/", "", {200: "admin"}),
    ("POST", "/admin/users/schools/", {}, {200: "admin"}),
    ("GET", "/admin/fields/", "", {200: "admin"}),
    ("POST", "/admin/fields/", {}, {422: "admin"}),
    ("GET", "/admin/fields/export/xlsx/", "", {200: "admin"}),
    ("GET", "/admin/fields/new/", "", {200: "admin"}),
    ("POST", "/admin/fields/new/", {}, {422: "admin"}),
    ("GET", "/admin/fields/edit/", "", {404: "admin"}),
    ("POST", "/admin/fields/edit/", {}, {404: "admin"}),
    ("POST", "/admin/fields/stop/", {}, {404: "admin"}),
    ("POST", "/admin/fields/move/", {}, {404: "admin"}),
    ("POST", "/admin/fields/preview/", {}, {200: "admin"}),
    ("GET", "/admin/surveys/", "", {200: EVERYONE}),
    ("GET", "/admin/surveys/new/", "", {200: "admin"}),
    ("POST", "/admin/surveys/new/", {}, {422: "admin"}),
    ("GET", "/admin/surveys/edit/", "", {404: "admin"}),
    ("POST", "/admin/surveys/edit/", {}, {404: "admin"}),
    ("GET", "/admin/surveys/copy/", "", {404: "admin"}),
    ("POST", "/admin/surveys/copy/", {}, {404: "admin"}),
    ("POST", "/admin/surveys/round/", {}, {404: "admin"}),
    ("POST", "/admin/surveys/retire/", {}, {404: "admin"}),
    ("GET", "/admin/limits/", "", {200: "admin"}),
    ("POST", "/admin/limits/", {}, {422: "admin"}),
    ("GET", "/admin/rules/", "", {200: "district admin"}),
    ("GET", "/admin/rules/new/", "", {200: "admin"}),
    ("POST", "/admin/rules/new/", {}, {422: "admin"}),
    ("POST", "/admin/rules/conditions/", {"document": "students", "field": "room"}, {200: "district admin"}),
    ("GET", "/admin/rules/details/", "?id={pupil}", {404: "district admin"}),  # no such rule; real ones: test_rules_pages.py
    ("GET", "/admin/rules/edit/", "?id={pupil}", {404: "district admin"}),
    ("POST", "/admin/rules/edit/", {"id": "{pupil}"}, {404: "district admin"}),
    ("POST", "/admin/rules/try/", {"id": "{pupil}"}, {404: "district admin"}),
    ("POST", "/admin/rules/count/", {"id": "{pupil}"}, {404: "district admin"}),
    ("POST", "/admin/rules/retire/", {"id": "{pupil}", "reason": "เลิก"}, {404: "district admin"}),
    ("GET", "/admin/layouts/", "", {200: "district admin"}),
    ("GET", "/admin/layouts/edit/", "?document=staff", {200: "district admin"}),
    ("POST", "/admin/layouts/edit/", {"name": "ไม่มีคอลัมน์"}, {422: "district admin"}),
    ("POST", "/admin/layouts/remove/", {"id": "{pupil}"}, {}),  # no such one; real ones: test_layouts.py
    ("GET", "/admin/buildings/reports/", "", {200: f"{READERS} executive"}),
    ("GET", "/admin/buildings/reports/export/xlsx/", "", {200: f"{READERS} executive"}),
    ("GET", "/admin/equipment/reports/", "", {200: f"{READERS} executive"}),
    ("GET", "/admin/equipment/reports/export/xlsx/", "", {200: f"{READERS} executive"}),
    ("POST", "/admin/equipment/lines/", {"school": "{school}"}, {422: "school district"}),
    ("GET", "/admin/codelists/", "", {200: EVERYONE}),
    ("GET", "/admin/codelists/details/", "?id=GRADE", {200: EVERYONE}),
    ("GET", "/admin/codelists/export/xlsx/", "?id=RELIGION", {200: EVERYONE}),
    ("GET", "/admin/codelists/new/", "?id=RELIGION", {200: "admin"}),
    ("POST", "/admin/codelists/new/", {"id": "RELIGION", "seen": "0"}, {422: "admin"}),
    ("GET", "/admin/codelists/edit/", "?id=RELIGION&code=001", {200: "admin"}),
    ("POST", "/admin/codelists/edit/", {"id": "RELIGION", "code": "001", "seen": "0"}, {422: "admin"}),
    ("POST", "/admin/codelists/move/", {"id": "RELIGION", "code": "001", "seen": "7"}, {409: "admin"}),
    ("GET", "/admin/announcements/", "", {200: ROUND_READERS}),
    ("GET", "/admin/announcements/details/", "?id={pupil}", {}),  # no such one; real ones: test_announcements.py
    ("GET", "/admin/announcements/new/", "", {200: AREA_READERS}),
    ("POST", "/admin/announcements/new/", {"title": ""}, {422: AREA_READERS}),
    ("POST", "/admin/announcements/withdraw/", {"id": "{pupil}"}, {}),
    ("POST", "/admin/announcements/line/", {"group": ""}, {303: AREA_READERS}),
    ("GET", "/admin/notices/", "?unread=1", {200: EVERYONE}),
    ("GET", "/admin/notices/open/", "?id={pupil}", {}),  # none of theirs; real ones: test_notices.py
    ("POST", "/admin/notices/read/", {}, {303: EVERYONE}),
    ("GET", "/admin/mails/", "?state=failed", {200: "admin"}),
    ("POST", "/admin/mails/again/", {"id": "{person}"}, {}),  # no such message; real ones: test_mail.py
    ("GET", "/admin/audit/", "", {200: f"{READERS} admin"}),
    ("GET", "/admin/audit/export/xlsx/", "", {200: f"{READERS} admin"}),
    ("GET", "/admin/audit/access/", "", {200: f"{READERS} admin"}),
    ("POST", "/admin/audit/access/learner/", {"number": "1103702071811"}, {303: f"{READERS} admin"}),
    ("GET", "/admin/audit/details/", "?id={event}", {200: READERS, 404: "admin"}),
]  # fmt: skip


def table():
    """(method, rule, address, form, {status: roles}) of every line, those of each subsystem written out."""
    of_records = [
        # The bare address of what a school has one record of opens that; its grid is asked for in some order.
        (
            method,
            f"/admin/{document.slug}/{end}",
            "?sort=0" if document.single and not end else asked,
            outcome,
        )
        for document in subsystems()
        for method, end, asked, outcome in OF_RECORDS
    ]
    # No survey is in this world: its pages are there for whoever reads records, and none of that key (test_surveys.py).
    of_records += [(method, f"{SURVEY}{end}", asked, {404: READERS}) for method, end, asked, _ in OF_RECORDS]
    for method, path, asked, outcome in [*TABLE, *of_records]:
        rule, mark, query = path.partition("?")
        query = mark + query if method == "POST" else asked
        form = asked if method == "POST" else None
        yield (
            method,
            rule,
            rule.replace("<export_type>", "xlsx").replace("<key>", "none") + query,
            form,
            outcome,
        )


def test_every_method_of_every_route_has_a_line(app):
    there = {(method, rule) for rule, _, methods in routes(app) for method in methods if rule not in PUBLIC}
    assert {(method, rule) for method, rule, *_ in table()} == there


def test_no_route_takes_another_method(app):
    taken = {method for rule in app.url_map.iter_rules() for method in rule.methods}
    assert taken <= {"GET", "HEAD", "OPTIONS", "POST"}


@pytest.fixture
def there(world):
    """What the addresses and forms of the table name: all of the teacher's school."""
    known = {
        "school": world.submission.school_code,
        "round": world.round.id,
        "revision": world.round.revision,
        "submission": world.submission.id,
        "school_id": _school_id(world),
        "person": world.people["neighbour"].id,
        "event": world.event,
        "job": world.job.id,
        "request": world.request,
        "gcode": world.gcode,
        "asked": GCodeRequest.objects.get(id=world.gcode).revision,
        "piece": world.piece,
        "pupil": world.own["students"][0],
    }
    of_kind = {
        document.slug: {
            "record": world.own[document.slug][0],
            "cell": document.cells[0],
            "choice": next(name for name in document.filters if document._fields[name].codelist),
        }
        for document in subsystems()
    }
    of_kind["surveys"] = {"record": world.own["students"][0], "cell": "x_any", "choice": "x_any"}
    return lambda text, rule: text.format(
        **known | of_kind.get(rule.split("/")[2] if "/" in rule[1:] else "", {})
    )


def _school_id(world):
    from documents.district.schools import school

    return school(world.round.area_code, world.submission.school_code).id


def says_what(app, answer):
    """Whether the view that gave an answer says what its files hold (views/records/files_out.py)."""
    endpoint, _ = app.url_map.bind("localhost").match(answer.request.path, method=answer.request.method)
    return getattr(app.view_functions[endpoint], "hands_out", None) in files_out.KINDS


@pytest.mark.parametrize("role", list(ROLES))
def test_each_role_may_open_and_do_what_the_table_says_and_nothing_else(role, world, there, sign_in, app):
    asked = {"reading": [], "refused": [], "done": []}
    for method, rule, address, form, outcome in table():
        expected = next((status for status, roles in outcome.items() if role in roles.split()), 403)
        part = "reading" if method == "GET" else "refused" if expected == 403 else "done"
        form = form and {name: there(value, rule) for name, value in form.items()}
        asked[part].append((there(address, rule), form, expected))
    stored, browser, wrong, numbers = Stored(), tersely(sign_in(world.people[role])), [], numbers_of()
    for part, lines in asked.items():
        for address, form, expected in lines:
            answer = browser.get(address) if part == "reading" else browser.send(address, form)
            if answer.status_code != expected:
                wrong.append((part, address, answer.status_code, "instead of", expected))
            wrong += [(part, address, *leak) for leak in leaks(answer, numbers)]
            if "attachment" in answer.headers.get("Content-Disposition", "") and not says_what(app, answer):
                wrong.append((part, address, "hands out a file and does not say what it holds"))
            if part == "done" and (stored.put_back() or address == "/logout"):
                browser = tersely(sign_in(world.people[role]))
        if changed := stored.changed():
            wrong.append((part, "changed", changed))
    assert not wrong, "\n".join(map(str, wrong))

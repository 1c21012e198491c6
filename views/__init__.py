"""What people see: thin Flask-Admin views over documents, in menu order."""

from documents import subsystems
from documents.records.pictures import LARGEST, TAKEN, fields_of
from views import shell
from views.bobec.buildings import BuildingReports, BuildingView
from views.bobec.pictures import Pictures
from views.bobec.pictures import url as picture_url
from views.checking.duplicates import Duplicates
from views.checking.findings import Findings
from views.checking.limits import Limits
from views.checking.rules import Rules
from views.collecting.carrying import Carrying
from views.collecting.changes import Changes
from views.collecting.control_room import ControlRoom
from views.collecting.packages import LARGEST as LARGEST_PACKAGE
from views.collecting.packages import Packages
from views.collecting.papers import Papers
from views.collecting.reopening import Reopening
from views.collecting.round_files import RoundFiles
from views.collecting.round_letters import RoundLetters
from views.collecting.rounds import Rounds
from views.collecting.submissions import Submissions
from views.collecting.summaries import Summaries
from views.district.contacts import Contacts
from views.district.schools import Schools
from views.dmc.class_lists import ClassListPages
from views.dmc.id_changes import IdChanges
from views.dmc.pupil_reports import Reports
from views.dmc.pupils import PupilView
from views.dmc.reconcile import Reconcile
from views.dmc.transfers import Transfers
from views.dmc.year_end import YearEnd
from views.gcode.gcode import GCode
from views.gcode.gcode_codes import GCodeCodes
from views.gcode.gcode_exchange import GCodeExchange
from views.gcode.gcode_register import GCodeRegister
from views.gcode.gcode_reports import GCodeReports
from views.home import Home
from views.jobs import Jobs
from views.mobec.equipment import EquipmentReports, EquipmentView
from views.notifying.announcements import Announcements
from views.notifying.mails import Mails
from views.notifying.notices import Notices
from views.people.account import Account
from views.people.joining import joining
from views.people.privacy import Notice, Privacy
from views.people.recertification import Recertification
from views.people.registrations import Registrations
from views.people.school_people import SchoolPeople
from views.people.users import Users
from views.public import public
from views.records.codelists import CodeLists
from views.records.fields import Fields
from views.records.layouts import Layouts
from views.records.line_sheet import LineSheetView
from views.records.record import RecordView
from views.records.surveys import Surveys, SurveyView
from views.subsidies.money import Money
from views.subsidies.rates import Rates
from views.trail.access_log import AccessLog
from views.trail.audit import Audit

SPARE = 4 * 2**20  # bytes of a form beside its pictures
OWN_VIEWS = {
    "students": PupilView,
    "buildings": BuildingView,
    "equipment": EquipmentView,
}  # of the subsystems with pages of their own beside those that all have


def home():
    """The page after signing in (/admin/), which Flask-Admin takes as its index."""
    return Home(name="หน้าหลัก", endpoint="admin", url="/admin")


def pages():
    """Every view, in the order of the menu."""
    subjects = [
        OWN_VIEWS.get(document.slug, LineSheetView if document.sheet else RecordView)(document)
        for document in subsystems()
    ]
    return [
        ControlRoom(name="ติดตามการรายงาน", endpoint="control_room", url="/admin/control-room"),
        *subjects,
        SurveyView(),
        Surveys(),
        BuildingReports(),
        EquipmentReports(),
        YearEnd(),
        GCode(),
        GCodeCodes(),
        GCodeReports(),
        GCodeExchange(),
        GCodeRegister(),
        Transfers(),
        IdChanges(),
        Rounds(name="รอบการจัดเก็บข้อมูล", endpoint="rounds", url="/admin/rounds"),
        Submissions(),
        Reopening(name="คำขอของโรงเรียน", endpoint="reopening", url="/admin/reopening"),
        Changes(),
        Findings(name="ผลการตรวจสอบ", endpoint="findings", url="/admin/findings"),
        Duplicates(),
        Reconcile(),
        Schools(),
        Contacts(),
        RoundFiles(),
        RoundLetters(),
        Summaries(),
        Reports(),
        Carrying(),
        Papers(),
        Packages(),
        Money(),
        Rates(),
        Jobs(),
        ClassListPages(),
        Registrations(),
        SchoolPeople(),
        Recertification(),
        Users(),
        Fields(),
        Limits(),
        Rules(),
        Layouts(),
        CodeLists(),
        Announcements(),
        Notices(),
        Mails(),
        Audit(),
        AccessLog(),
        Privacy(),
        Account(),
        Notice(),
        Pictures(),
    ]


def register(admin, app):
    """Add every view to the menu, and to templates what all of them need. Called once, before the first request."""
    for page in pages():
        admin.add_view(page)
    app.register_blueprint(joining)
    app.register_blueprint(public)
    app.jinja_env.globals.update(picture_url=picture_url, picture_taken=TAKEN)
    app.config["KHET_LARGER"] = {place: size for kind in subsystems() for place, size in larger(kind)}
    app.config["KHET_LARGER"]["packages.index"] = LARGEST_PACKAGE + SPARE
    shell.install(app)


def larger(document):
    """Yield (endpoint, bytes) of the forms that take more at once than others: four photographs, say."""
    if names := fields_of(document):
        for form in ("create_view", "edit_view"):
            yield f"{document.slug}.{form}", LARGEST * len(names) + SPARE

"""What people see: thin Flask-Admin views over documents, in menu order."""

from documents import subsystems
from documents.pictures import LARGEST, TAKEN, fields_of
from views import shell
from views.access_log import AccessLog
from views.account import Account
from views.announcements import Announcements
from views.audit import Audit
from views.buildings import BuildingReports, BuildingView
from views.carrying import Carrying
from views.changes import Changes
from views.class_lists import ClassListPages
from views.codelists import CodeLists
from views.contacts import Contacts
from views.control_room import ControlRoom
from views.duplicates import Duplicates
from views.equipment import EquipmentReports, EquipmentView
from views.fields import Fields
from views.findings import Findings
from views.gcode import GCode
from views.gcode_codes import GCodeCodes
from views.gcode_exchange import GCodeExchange
from views.gcode_register import GCodeRegister
from views.gcode_reports import GCodeReports
from views.home import Home
from views.id_changes import IdChanges
from views.jobs import Jobs
from views.joining import joining
from views.layouts import Layouts
from views.limits import Limits
from views.line_sheet import LineSheetView
from views.mails import Mails
from views.money import Money
from views.notices import Notices
from views.packages import LARGEST as LARGEST_PACKAGE
from views.packages import Packages
from views.papers import Papers
from views.people import SchoolPeople
from views.pictures import Pictures
from views.pictures import url as picture_url
from views.privacy import Notice, Privacy
from views.pupil_reports import Reports
from views.pupils import PupilView
from views.rates import Rates
from views.reconcile import Reconcile
from views.record import RecordView
from views.registrations import Registrations
from views.reopening import Reopening
from views.round_files import RoundFiles
from views.round_letters import RoundLetters
from views.rounds import Rounds
from views.rules import Rules
from views.schools import Schools
from views.submissions import Submissions
from views.summaries import Summaries
from views.surveys import Surveys, SurveyView
from views.transfers import Transfers
from views.users import Users
from views.year_end import YearEnd

SPARE = 4 * 2**20  # bytes of a form beside its pictures
OWN_VIEWS = {
    "students": PupilView,
    "buildings": BuildingView,
    "equipment": EquipmentView,
}  # of the subsystems with pages of their own beside those that all have


def home():
    """The page after signing in (/admin/), which Flask-Admin takes as its index."""
    return Home(name="หน้าหลัก", endpoint="admin", url="/admin")


def register(admin, app):
    """Add every view to the menu, and to templates what all of them need. Called once, before the first request."""
    admin.add_view(ControlRoom(name="ห้องควบคุมรอบ", endpoint="control_room", url="/admin/control-room"))
    for document in subsystems():
        usual = LineSheetView if document.sheet else RecordView
        admin.add_view(OWN_VIEWS.get(document.slug, usual)(document))
    admin.add_view(SurveyView())
    admin.add_view(Surveys())
    admin.add_view(BuildingReports())
    admin.add_view(EquipmentReports())
    admin.add_view(YearEnd())
    admin.add_view(GCode())
    admin.add_view(GCodeCodes())
    admin.add_view(GCodeReports())
    admin.add_view(GCodeExchange())
    admin.add_view(GCodeRegister())
    admin.add_view(Transfers())
    admin.add_view(IdChanges())
    admin.add_view(Rounds(name="รอบการจัดเก็บข้อมูล", endpoint="rounds", url="/admin/rounds"))
    admin.add_view(Submissions())
    admin.add_view(Reopening(name="คำขอของโรงเรียน", endpoint="reopening", url="/admin/reopening"))
    admin.add_view(Changes())
    admin.add_view(Findings(name="ผลการตรวจสอบ", endpoint="findings", url="/admin/findings"))
    admin.add_view(Duplicates())
    admin.add_view(Reconcile())
    admin.add_view(Schools())
    admin.add_view(Contacts())
    admin.add_view(RoundFiles())
    admin.add_view(RoundLetters())
    admin.add_view(Summaries())
    admin.add_view(Reports())
    admin.add_view(Carrying())
    admin.add_view(Papers())
    admin.add_view(Packages())
    admin.add_view(Money())
    admin.add_view(Rates())
    admin.add_view(Jobs())
    admin.add_view(ClassListPages())
    admin.add_view(Registrations())
    admin.add_view(SchoolPeople())
    admin.add_view(Users())
    admin.add_view(Fields())
    admin.add_view(Limits())
    admin.add_view(Rules())
    admin.add_view(Layouts())
    admin.add_view(CodeLists())
    admin.add_view(Announcements())
    admin.add_view(Notices())
    admin.add_view(Mails())
    admin.add_view(Audit())
    admin.add_view(AccessLog())
    admin.add_view(Privacy())
    admin.add_view(Account())
    admin.add_view(Notice())
    app.register_blueprint(joining)
    admin.add_view(Pictures())
    app.jinja_env.globals.update(picture_url=picture_url, picture_taken=TAKEN)
    app.config["KHET_LARGER"] = {place: size for kind in subsystems() for place, size in larger(kind)}
    app.config["KHET_LARGER"]["packages.index"] = LARGEST_PACKAGE + SPARE
    shell.install(app)


def larger(document):
    """Yield (endpoint, bytes) of the forms that take more at once than others: four photographs, say."""
    if names := fields_of(document):
        for form in ("create_view", "edit_view"):
            yield f"{document.slug}.{form}", LARGEST * len(names) + SPARE

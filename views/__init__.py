"""What people see: thin Flask-Admin views over documents, in menu order."""

from documents import subsystems
from views.account import Account
from views.home import Home
from views.record import RecordView
from views.users import Users


def home():
    """The page after signing in (/admin/), which Flask-Admin takes as its index."""
    return Home(name="หน้าหลัก", endpoint="admin", url="/admin")


def register(admin, app):
    """Add every view to the menu, and to templates what all of them need. Called once, before the first request."""
    for document in subsystems():
        admin.add_view(RecordView(document))
    admin.add_view(Users())
    admin.add_view(Account())

"""The home page (หน้าหลัก): what waits for whoever signed in."""

from flask_admin import AdminIndexView, expose

from views.pages import Page


class Home(Page, AdminIndexView):
    """The page after signing in."""

    @expose("/")
    def index(self):
        """The page."""
        return self.render("khet/home.html")

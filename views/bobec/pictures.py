"""Pictures: the one way out for photographs and site plans, and how pages name and show them."""

from flask import Response, abort, g, request, url_for
from flask_admin import BaseView, expose
from flask_login import current_user
from markupsafe import Markup

from documents.errors import Invalid
from documents.people import access
from documents.records import pictures
from views.pages import Page
from views.records.files_out import NOBODY, hands_out

OUT = "-"  # what the box that takes a picture out sends
KEEPING = "private, max-age=600"  # by this browser alone; then it asks whether the picture is still the same


class Pictures(Page, BaseView):
    """A picture by its id, for whoever may see its school; in no menu."""

    def __init__(self):
        super().__init__(name="ภาพถ่าย", endpoint="pictures", url="/admin/pictures")

    def is_visible(self):
        """Nobody looks for a picture in the menu."""
        return False

    @expose("/")
    @hands_out(NOBODY)
    def index(self):
        """The large picture, or with `size=thumb` the small one; 304 where the browser has it."""
        thumb = request.args.get("size") == "thumb"
        found = pictures.find(current_user, request.args.get("id"), thumb) or abort(404)
        answer = Response(mimetype=pictures.MEDIA_TYPE)
        answer.set_etag(found.metadata["digest"][:32])
        g.keeping = KEEPING
        if request.if_none_match.contains(answer.get_etag()[0]):
            answer.status_code = 304
            return answer
        answer.data = found.read()  # a few hundred KB at most: it was made here
        answer.headers["Content-Disposition"] = 'inline; filename="picture.jpg"'
        answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        return answer


def url(id_, size=None):
    """The address of a picture; `size` "thumb" for the small one."""
    return url_for("pictures.index", id=id_, size=size)


def thumbnail(id_, label):
    """A picture in a cell of a grid: its thumbnail, which opens the large one."""
    return Markup(
        '<a class="thumb" href="{}" data-picture="{}"><img src="{}" alt="{}" loading="lazy" width="64" height="48"></a>'
    ).format(url(id_), label, url(id_, "thumb"), label)


def taken_in(upload, user, area_code, school_code):
    """The id of an uploaded file's picture, stored for a school that this person writes for.

    Raises Invalid with one sentence, under the name "picture".
    """
    if not school_code or access.writes_as(user, area_code, school_code) is None:
        raise Invalid({0: {"picture": "กรุณาเลือกโรงเรียนก่อนแนบภาพ"}})
    return pictures.store(upload.stream, area_code, school_code)

"""A small application that wears the look: one Flask-Admin grid of six rows in memory, served for a real browser.

It carries the product's policy header, so that what the policy would refuse is refused here; what reached the
server is noted in `received`.
"""

import threading
from contextlib import contextmanager

from flask import Flask, flash, jsonify, request
from flask_admin import Admin
from flask_admin.actions import action
from flask_admin.model import BaseModelView
from flask_admin.model.fields import InlineFieldList
from flask_admin.theme import Bootstrap4Theme
from flask_babel import Babel
from flask_wtf import CSRFProtect
from werkzeug.serving import make_server
from wtforms import Form, HiddenField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from admin_app import theme
from admin_app.security import POLICY, csp_nonce
from views.pages import SecureForm

WAYS = [SelectChoice("01", "เดินเท้า"), SelectChoice("04", "จักรยานยืมเรียน")]
SHELL = {
    "menu": [{"section": "ระบบข้อมูล", "items": [{"label": "นักเรียน", "href": "/admin/pupils/", "count": 6}]}],
    "area_name": "สพป. ทดสอบ เขต 1",
    "user": {"id": "7", "name": "ครูทดสอบ", "place": "บ้านหนึ่ง", "initial": "ค"},
    "years": [{"label": "2568", "href": "#", "active": True}],
    "rounds": [{"label": "DMC ภาคเรียนที่ 1", "href": "#", "active": True}],
    "notices": 0,
    "ribbon": "ข้อมูลสาธิต",
}


class Pupil:
    """One row; `id` counts from 1."""

    def __init__(self, number):
        self.id, self.revision, self.name, self.weight, self.way = (
            number,
            1,
            f"เด็กชายปู่ที่ {number}",
            "28.5",
            "01",
        )


class PupilForm(SecureForm):
    """The whole form of a row."""

    revision = HiddenField(default="1")
    name = StringField("ชื่อ", [InputRequired("กรอกชื่อ")])
    birth_date = StringField("วันเกิด", render_kw={"data-kind": "date"})
    reg_place = StringField("ตำบล", render_kw={"data-typeahead": "/places", "data-text": "ในเมือง"})
    cur_place = StringField("ตำบลปัจจุบัน", render_kw={"data-typeahead": "/places"})
    phones = InlineFieldList(StringField("โทรศัพท์"), label="โทรศัพท์")


class CellForm(Form):
    """The editors of the grid's cells."""

    weight = StringField("น้ำหนัก")
    way = SelectField("วิธีเดินทาง", choices=WAYS)


class PupilView(BaseModelView):
    """The grid, with the optional words of admin/model/list.html."""

    can_view_details = True
    column_list = ("name", "weight", "way")
    column_labels = {"name": "ชื่อ", "weight": "น้ำหนัก", "way": "วิธีเดินทาง"}
    column_editable_list = ("weight", "way")
    form_base_class = SecureForm

    def __init__(self, *args, **more):
        self.rows, self.received = {n: Pupil(n) for n in range(1, 7)}, []
        super().__init__(*args, **more)

    def get_pk_value(self, model):
        return model.id

    def scaffold_list_columns(self):
        return list(self.column_list)

    def scaffold_sortable_columns(self):
        return {}

    def init_search(self):
        return False

    def scaffold_form(self):
        return PupilForm

    def get_list_form(self):
        return CellForm

    def get_list(self, *args, **more):
        return len(self.rows), list(self.rows.values())

    def get_one(self, id):
        return self.rows.get(int(id))

    def update_model(self, form, model):
        self.received.append(dict(request.form.lists()))
        return True

    def delete_model(self, model):
        self.received.append(dict(request.form.lists()))
        return self.rows.pop(model.id, None) is not None

    @action("review", "ทบทวนแล้ว", "ของบ้านหนึ่ง")
    def review(self, ids):
        self.received.append(dict(request.form.lists()))
        flash(f"ทบทวนแล้ว {len(ids)} คน", "success")

    def change_cell(self):
        """What /ajax/update/ answers: refuses 999, and says 409 for a revision that is not the row's."""
        self.received.append(dict(request.form.lists()))
        row = self.rows[int(request.form["list_form_pk"])]
        name = next(each for each in self.column_editable_list if each in request.form)
        if request.form[name] == "999":
            return jsonify(error="น้ำหนักเกิน 150 กก."), 422
        if int(request.form["revision"]) != row.revision:
            both = {"name": name, "label": "น้ำหนัก", "mine": request.form[name], "theirs": getattr(row, name)}
            return jsonify(error="มีคนแก้ก่อน", revision=row.revision, by="เจ้าหน้าที่เขต", conflict=[both]), 409
        setattr(row, name, request.form[name])
        row.revision += 1
        return jsonify(value=request.form[name], shown=request.form[name], revision=row.revision)

    def render(self, template, **more):
        return super().render(
            template,
            column_meta={"name": {"keep": True, "link": True}, "weight": {"num": True, "unit": "กก."}},
            row_name=lambda row: row.name,
            row_revision=lambda row: row.revision,
            cell_value=lambda row, name: getattr(row, name),
            grid_unit="คน",
            match_count=40,
            history_url="./history/",
            **more,
        )


def made():
    """(application, its view)."""
    app = Flask("admin_app", static_url_path="/static")
    app.secret_key = "only for the look"
    Babel(app, default_locale="th")
    CSRFProtect(app)
    theme.install(app)
    app.context_processor(lambda: {"shell": SHELL})
    app.jinja_env.globals["csp_nonce"] = csp_nonce
    admin = Admin(app, theme=Bootstrap4Theme(), csp_nonce_generator=csp_nonce)
    view = PupilView(Pupil, name="นักเรียน", endpoint="pupils", url="/admin/pupils")
    admin.add_view(view)
    app.view_functions["pupils.ajax_update"] = view.change_cell
    app.add_url_rule(
        "/places", "places", view_func=lambda: jsonify([{"id": "340102", "text": "หัวเรือ", "sub": "34000"}])
    )
    app.add_url_rule(
        "/admin/pupils/history/", "told", view_func=lambda: "<ol class='timeline'><li>ชั่งใหม่</li></ol>"
    )

    @app.after_request
    def seal(response):
        response.headers["Content-Security-Policy"] = POLICY.format(nonce=csp_nonce())
        return response

    return app, view


@contextmanager
def served():
    """(address, view) while the application is served on a free port of this machine."""
    app, view = made()
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.port}", view
    finally:
        server.shutdown()

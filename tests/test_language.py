"""Thai reaches the pages: a real Flask-Admin grid and form, Flask-Security's pages, Flask-WTF's refusals."""

import io
import re
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import flask_security
import pytest
from flask import Flask, render_template, session
from flask_admin import Admin, babel
from flask_admin.contrib.mongoengine import ModelView
from flask_admin.form import SecureForm
from flask_babel import get_locale, get_timezone
from flask_security import MongoEngineUserDatastore, Security, hash_password
from flask_wtf import CSRFProtect, FlaskForm
from flask_wtf.csrf import CSRFError, generate_csrf
from flask_wtf.file import FileAllowed, FileField
from mongoengine import Document
from mongoengine.fields import IntField, StringField
from werkzeug.datastructures import MultiDict
from wtforms import IntegerField, validators

from admin_app import language
from documents.people.users import Role, User
from tests.test_no_english import english_on

SHIPPED = ["Toggle navigation", "Close", "menu image"]  # plain English in Flask-Admin's own base templates


class Desk(Document):
    """A piece of furniture: something for a grid and a form to show."""

    name = StringField(verbose_name="ชื่อโต๊ะ", required=True, max_length=5)
    kind = StringField(verbose_name="ชนิด", choices=[("w", "ไม้"), ("s", "เหล็ก")], required=True)
    legs = IntField(verbose_name="จำนวนขา", min_value=3, max_value=8)
    meta = {"collection": "desks", "auto_create_index": False}


class DeskView(ModelView):
    form_base_class = SecureForm
    can_export = can_view_details = can_set_page_size = True
    column_filters = ("name", "legs")
    column_searchable_list = ("name",)
    column_labels = {"name": "ชื่อโต๊ะ", "kind": "ชนิด", "legs": "จำนวนขา"}
    export_types = ("csv", "xlsx")

    def search_placeholder(self):
        return "ค้นหาชื่อโต๊ะ"


@pytest.fixture
def app(tmp_path):
    """A small application with the libraries' own templates, so that it is their words which are seen."""
    app = Flask("desks", root_path=str(tmp_path))
    app.config.update(
        TESTING=True,
        SECRET_KEY="s" * 40,
        SECURITY_PASSWORD_SALT="p" * 40,
        SECURITY_RECOVERABLE=True,
        SECURITY_CHANGEABLE=True,
        WTF_CSRF_ENABLED=False,
    )
    language.init_app(app)
    Security(app, MongoEngineUserDatastore(None, User, Role))
    admin = Admin(app, name="โต๊ะ", translations_path=language.TRANSLATIONS)
    admin.add_view(DeskView(Desk, name="โต๊ะ", endpoint="desks"))
    return app


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def teacher(app):
    with app.app_context():
        password = hash_password("right-password")
    return User(email="kru@school.example", name="ครู", password=password, fs_uniquifier="1" * 32).save()


def sent(client, **form):
    """The page that answers a form for a new desk, sent with a good token unless another is given."""
    page = client.get("/admin/desks/new/").text
    form.setdefault("csrf_token", re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1])
    return client.post("/admin/desks/new/", data=form, follow_redirects=True).text


# Flask-Admin


@pytest.mark.parametrize("path", ["", "?flt0_0=x&search=y", "new/"])
def test_a_grid_and_a_form_are_thai(client, path):
    Desk(name="หนึ่ง", kind="w", legs=4).save()
    assert english_on(client.get(f"/admin/desks/{path}").text, also=SHIPPED) == []


def test_details_and_edit_are_thai(client):
    desk = Desk(name="หนึ่ง", kind="w", legs=4).save()
    for page in ("edit", "details"):
        assert english_on(client.get(f"/admin/desks/{page}/?id={desk.id}").text, also=SHIPPED) == []


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"name": ""}, "กรุณากรอกข้อมูลในช่องนี้"),
        ({"name": "ยาวเกินไป"}, "ต้องยาวไม่เกิน 5 ตัวอักษร"),
        ({"legs": "2"}, "ตัวเลขต้องอยู่ระหว่าง 3 ถึง 8"),
        ({"legs": "สาม"}, "กรุณากรอกเป็นจำนวนเต็ม"),
        ({"kind": "x"}, "ตัวเลือกไม่ถูกต้อง"),
        ({"csrf_token": "forged"}, "ยังไม่ได้บันทึก"),
    ],
)
def test_a_form_refuses_in_thai(client, wrong, says):
    page = sent(client, **{"name": "โต๊ะ", "kind": "w", "legs": "4"} | wrong)
    assert says in page
    assert english_on(page, also=SHIPPED) == []


class LapsedForm(SecureForm):
    class Meta:
        csrf_time_limit = timedelta(seconds=-60)


@pytest.mark.parametrize(
    ("form", "token", "says"),
    [
        (SecureForm, "", "ไม่พบรหัสป้องกันของแบบฟอร์ม"),
        (SecureForm, "20991231000000##0", "ตรวจสอบแบบฟอร์มไม่ผ่าน"),
        (LapsedForm, None, "แบบฟอร์มนี้เปิดค้างไว้นานเกินไป"),
    ],
)
def test_flask_admins_token_is_refused_in_thai(app, form, token, says):
    with app.test_request_context("/"):
        given = form().csrf_token.current_token if token is None else token
        refused = form(MultiDict({"csrf_token": given}))
        assert not refused.validate()
        assert refused.errors["csrf_token"][0].startswith(says)


def test_a_saved_record_is_said_in_thai(client):
    assert "บันทึกข้อมูลเรียบร้อยแล้ว" in sent(client, name="โต๊ะ", kind="w", legs="4")


@pytest.mark.parametrize("number", [1, 3])
def test_many_deleted_records_are_counted_in_thai(app, number):
    one, many = "Record was successfully deleted.", "%(count)s records were successfully deleted."
    with app.test_request_context("/"):
        assert babel.ngettext(one, many, number, count=number) == f"ลบ {number} รายการเรียบร้อยแล้ว"


def test_a_message_outside_a_view_is_thai_before_and_after_one(app, client):
    with app.test_request_context("/"):
        assert babel.gettext("Save") == "บันทึก"
    assert "บันทึก" in client.get("/admin/desks/new/").text


def test_a_field_of_flask_admins_own_refuses_in_thai(app):
    with app.test_request_context("/"):
        assert babel.Translations().gettext("Not a valid choice").startswith("ตัวเลือกไม่ถูกต้อง")


# Flask-Security


@pytest.mark.parametrize("path", ["/login", "/reset"])
def test_sign_in_pages_are_thai(client, path):
    assert english_on(client.get(path).text) == []


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"email": "", "password": "x"}, "กรุณากรอกอีเมล"),
        ({"email": "kru@school.example", "password": ""}, "กรุณากรอกรหัสผ่าน"),
        ({"email": "kru@school.example", "password": "wrong-password"}, "รหัสผ่านไม่ถูกต้อง"),
        ({"email": "nobody@school.example", "password": "wrong-password"}, "ไม่พบบัญชีผู้ใช้นี้"),
    ],
)
def test_a_sign_in_is_refused_in_thai(client, teacher, form, says):
    page = client.post("/login", data=form).text
    assert says in page
    assert english_on(page) == []


def test_a_sign_in_that_tells_nothing_is_refused_in_thai(app, client):
    app.config["SECURITY_RETURN_GENERIC_RESPONSES"] = True
    page = client.post("/login", data={"email": "nobody@school.example", "password": "wrong-password"}).text
    assert "อีเมลหรือรหัสผ่านไม่ถูกต้อง" in page
    assert english_on(page) == []


MAILS = sorted(
    path.name for path in (Path(flask_security.__file__).parent / "templates/security/email").iterdir()
)


@pytest.mark.parametrize("mail", MAILS)
def test_a_mail_is_thai(app, mail):
    links = dict.fromkeys(("link", "login_link", "reset_link", "confirmation_link"), "https://khet.example/x")
    person = SimpleNamespace(email="kru@school.example", username="๑๒๓")
    with app.test_request_context("/"):
        words = {"user": person, "within": "2 ชั่วโมง", "login_token": "123456", "token": "123456"}
        page = render_template(
            f"security/email/{mail}", security=app.extensions["security"], **words, **links
        )
    assert english_on(page) == []


# Flask-WTF


class ChairForm(FlaskForm):
    legs = IntegerField(validators=[validators.InputRequired()])
    picture = FileField(validators=[FileAllowed(["png"])])


def test_a_form_of_flask_wtf_refuses_in_thai(app):
    with app.test_request_context(
        "/", method="POST", data={"legs": "สาม", "picture": (io.BytesIO(b"x"), "a.exe")}
    ):
        form = ChairForm()
        assert not form.validate()
        assert form.errors == {
            "legs": ["กรุณากรอกเป็นจำนวนเต็ม"],
            "picture": ["ชนิดของไฟล์ไม่ถูกต้อง ใช้ได้เฉพาะ: png"],
        }


@pytest.mark.parametrize(
    ("token", "limit", "says"),
    [
        (None, 3600, "ไม่พบรหัสป้องกันของแบบฟอร์ม"),
        ("forged", 3600, "แบบฟอร์มนี้ใช้ไม่ได้แล้ว"),
        ("good", -1, "แบบฟอร์มนี้เปิดค้างไว้นานเกินไป"),
    ],
)
def test_a_form_without_a_good_token_is_refused_in_thai(app, token, limit, says):
    app.config.update(WTF_CSRF_ENABLED=True, WTF_CSRF_TIME_LIMIT=limit)
    with app.test_request_context("/", method="POST"):
        given = generate_csrf() if token == "good" else token
        form = ChairForm(formdata=MultiDict({"legs": "3"} | ({"csrf_token": given} if given else {})))
        assert not form.validate()
        assert form.errors["csrf_token"][0].startswith(says)


def test_a_refused_request_can_be_explained_in_thai(app, client):
    app.config["WTF_CSRF_ENABLED"] = True
    CSRFProtect(app)
    app.register_error_handler(CSRFError, lambda error: (language.translated(error.description), 400))
    answer = client.post("/login", data={"email": "kru@school.example"})
    assert (answer.status_code, english_on(answer.text)) == (400, [])


# The reader's language


@pytest.mark.parametrize(
    ("chosen", "reads"), [(None, "th"), ("th", "th"), ("en", "en"), ("de", "th"), ("../etc", "th"), (3, "th")]
)
def test_the_session_chooses_between_the_languages_there_are(app, chosen, reads):
    with app.test_request_context("/"):
        session["language"] = chosen
        assert str(get_locale()) == reads


def test_english_stays_english_beside_thai(app):
    for chosen, word in (("th", "บันทึก"), ("en", "Save"), ("th", "บันทึก")):
        with app.test_request_context("/"):
            session["language"] = chosen
            assert babel.gettext("Save") == word


def test_outside_a_request_the_language_is_thai_and_the_time_is_bangkoks(app):
    with app.app_context():
        assert (str(get_locale()), str(get_timezone())) == ("th", "Asia/Bangkok")
        assert babel.gettext("Save") == "บันทึก"

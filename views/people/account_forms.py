"""The form of an account: the person, and a row for each role he holds where the administrator may give it."""

import re
from itertools import starmap

from flask import request
from wtforms import (
    BooleanField,
    FieldList,
    Form,
    FormField,
    IntegerField,
    SelectField,
    StringField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length
from wtforms.widgets import HiddenInput

from documents.district.schools import Area, School
from documents.errors import Invalid
from documents.formats import thai
from documents.people import accounts
from documents.people.users import EVERY_AREA, ROLES, SCHOOL_ROLES, Grant
from views.pages import SecureForm

FREE_ROWS = 2  # empty rows below the roles already held
MOST_ROWS = 30


class GrantRow(Form):
    """One role: what, in which area, at which schools."""

    role = SelectField(
        "บทบาท", choices=[SelectChoice("", "— ไม่ให้สิทธิ์ —"), *starmap(SelectChoice, ROLES.items())]
    )
    area_code = SelectField("เขต", validate_choice=False)
    schools = StringField("โรงเรียน", render_kw={"list": "schools-known", "autocomplete": "off"})
    sensitive = BooleanField("เห็นข้อมูลอ่อนไหว")


class AccountForm(SecureForm):
    """What an administrator writes down of a person."""

    name = StringField("ชื่อ-สกุล", [Length(max=200)], render_kw={"data-need": "R", "autocomplete": "off"})
    email = StringField(
        "อีเมลหรือชื่อบัญชี",
        [Length(max=254)],
        description="ใช้เข้าสู่ระบบ เขียนแบบ ชื่อ@โดเมน ไม่จำเป็นต้องรับจดหมายได้จริง",
        render_kw={"data-need": "R", "autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"},
    )
    position = StringField("ตำแหน่ง", [Length(max=200)])
    phone = StringField("โทรศัพท์", [Length(max=30)], render_kw={"inputmode": "tel"})
    grants = FieldList(FormField(GrantRow), max_entries=MOST_ROWS)
    reason = StringField("เหตุผล", [Length(max=500)], description="บันทึกไว้ในประวัติ (ไม่บังคับ)")
    revision = IntegerField(widget=HiddenInput(), default=0)

    @classmethod
    def for_administrator(cls, actor, person=None):
        """The form as posted, else filled with the person as stored (roles outside the actor's areas left out)."""
        form = cls(request.form) if request.method == "POST" else cls(data=stored_values(actor, person))
        areas = [SelectChoice(area.code, area.short_name or area.name) for area in areas_of(actor)]
        if accounts.administers(actor, EVERY_AREA):
            areas.append(SelectChoice(EVERY_AREA, "ทุกเขต (ผู้ดูแลระบบกลาง)"))
        for row in form.grants:
            row.form.area_code.choices = areas
        return form

    def values(self):
        """What documents.people.accounts takes. Raises Invalid for a school that is not found by its name."""
        rows = [row.form for row in self.grants if row.form.role.data]
        return {name: getattr(self, name).data for name in accounts.PERSONAL} | {
            "grants": [grant_of(row) for row in rows]
        }

    def against(self, person, latest):
        """What k.conflict_dialog shows where somebody else saved first: each text that differs, mine and his.

        The form takes on the stored revision, so that what is saved next was chosen knowingly.
        """
        self.revision.raw_data, self.revision.data = None, person.revision
        names = [
            name for name in accounts.PERSONAL if (self[name].data or "") != (getattr(person, name) or "")
        ]
        fields = [
            {
                "name": name,
                "label": accounts.LABELS[name],
                "mine": self[name].data,
                "theirs": getattr(person, name),
            }
            for name in names
        ]
        told = latest or {"who": None, "when": None}
        return {"by": told["who"], "when": told["when"], "revision": person.revision, "fields": fields}

    def show(self, refusal):
        """Put a refusal's sentences beside the fields they are about, or above the form."""
        found = refusal.errors[0] if isinstance(refusal, Invalid) else {}
        for name, sentence in found.items():
            field = self._fields.get(name)
            if field is None or name == "grants":
                self.form_errors.append(sentence)
            else:
                field.errors = [*field.errors, sentence]
        if not found:
            self.form_errors.append(refusal.message)


def areas_of(actor):
    """The areas an administrator looks after, by code."""
    codes = actor.areas("admin")
    return list((Area.objects() if EVERY_AREA in codes else Area.objects(code__in=codes)).order_by("code"))


def stored_values(actor, person):
    """The form's values of a stored person, with free rows below his roles; of nobody, one free row more."""
    free = [{}] * FREE_ROWS
    if person is None:
        return {"grants": [{}, *free]}
    rows = [
        {
            "role": grant.role,
            "area_code": grant.area_code,
            "schools": ", ".join(grant.school_codes),
            "sensitive": grant.sensitive,
        }
        for grant in person.grants
        if accounts.administers(actor, grant.area_code)
    ]
    kept = {name: getattr(person, name) for name in accounts.PERSONAL}
    return {**kept, "grants": rows + free, "revision": person.revision}


def grant_of(row):
    """The Grant of a row of the form."""
    area_code, role = row.area_code.data or "", row.role.data
    codes = school_codes(row.schools.data, area_code) if role in SCHOOL_ROLES else []
    return Grant(role=role, area_code=area_code, school_codes=codes, sensitive=bool(row.sensitive.data))


def school_codes(text, area_code):
    """Codes of the schools named in a line: codes, codes with names after them, or whole names, by commas."""
    pieces = [thai.clean(piece) for piece in re.split(r"[,;\n]", thai.arabic_digits(text or ""))]
    return [_code(piece, area_code) for piece in pieces if piece]


def _code(piece, area_code):
    if found := re.match(r"\d{8}(?!\d)", piece):
        return found[0]
    named = School.objects(area_code=area_code, name__in=[piece, piece.removeprefix("โรงเรียน")]).limit(2)
    codes = list(named.scalar("code"))
    if len(codes) != 1:
        trouble = "ไม่พบโรงเรียน" if not codes else "มีมากกว่าหนึ่งโรงเรียนชื่อ"
        raise Invalid({0: {"grants": f"{trouble} “{piece[:60]}” กรุณาระบุด้วยรหัส 8 หลัก"}})
    return codes[0]

"""A round's letters (หนังสือราชการ): the memo and the letter to schools, to look over, take out and put a number on."""

import io

from flask import abort, flash, make_response, redirect, request, send_file, url_for
from flask_admin import BaseView, expose
from flask_login import current_user

from documents import clock
from documents.collecting import letters, reminders
from documents.collecting.letter_words import letter_of
from documents.collecting.letters import KINDS
from documents.collecting.rounds import DRAFTS, get_round
from documents.errors import Invalid
from documents.formats import buddhist
from exports.collecting.letter_files import DOCX, heads_of, letter_docx, letter_file_name, letter_pdf, signed
from views import here, links
from views.collecting.control_room import home_address
from views.collecting.round_words import read_day
from views.pages import Page
from views.records.files_out import NOBODY, hands_out


class RoundLetters(Page, BaseView):
    """The letters of one round, reached from its page."""

    roles = ("district", "approver", "executive")

    def __init__(self):
        super().__init__(name="หนังสือราชการ", endpoint="round_letters", url="/admin/rounds/letters")

    def is_visible(self):
        """Not in the menu: a round's letters are a page of the round."""
        return False

    @expose("/", methods=("GET", "POST"))
    def index(self):
        """One letter as it will look, its files, and the form of its number; posted, the number is recorded."""
        if request.method == "GET":
            return self._page(asked_round(request.args.get("id")), asked_kind(request.args.get("kind")))
        kind = asked_kind(request.form.get("kind"))
        round_ = asked_round(request.form.get("id"), request.form.get("revision"))
        try:
            day = read_day(request.form.get("day"), "day")
            fresh = letters.record(round_, kind, request.form.get("number"), day, here.person())
        except Invalid as refusal:
            return make_response(self._page(round_, kind, refusal.errors[0]), refusal.status)
        flash(f"บันทึกเลขที่{KINDS[kind]}แล้ว", "success")
        return redirect(url_for(".index", id=str(fresh.id), kind=kind), 303)

    def _page(self, round_, kind, wrong=None):
        letter, kept = letter_of(round_, kind, here.person()), (round_.letters or {}).get(kind, {})
        typed = request.form if wrong else {"number": kept.get("number", "")}
        return self.render(
            "collecting/round_letters.html",
            round=round_,
            kinds=KINDS,
            kind=kind,
            letter=letter,
            heads=heads_of(letter),
            signed=signed(letter),
            shown={name: letters.shown(round_, name) for name in KINDS},
            may_record=letters.may_record(round_, current_user),
            typed=typed,
            day=request.form.get("day") if wrong else buddhist.format_date(kept.get("day") or clock.today()),
            wrong=wrong or {},
            share=reminders.notice_text(round_, home_address()) if round_.state not in DRAFTS else None,
            round_href=links.round_page(round_),
        )

    @expose("/file/")
    @hands_out(NOBODY)
    def file(self):
        """A letter as a Word document or a PDF."""
        round_, kind = asked_round(request.args.get("id")), asked_kind(request.args.get("kind"))
        letter, ending = letter_of(round_, kind, here.person()), request.args.get("as")
        if ending not in ("docx", "pdf"):
            abort(404)
        content = letter_docx(letter) if ending == "docx" else letter_pdf(round_, letter)
        return send_file(
            io.BytesIO(content),
            mimetype=DOCX if ending == "docx" else "application/pdf",
            as_attachment=True,
            download_name=letter_file_name(round_, letter, ending),
        )


def asked_round(id_, revision=None):
    """The round of an id within the areas of an officer or superior. Raises Unknown, WrongState."""
    return get_round(current_user.areas(*RoundLetters.roles), id_, revision)


def asked_kind(name):
    """A kind of letter; the memo for none, 404 for an unknown one."""
    if name and name not in KINDS:
        abort(404)
    return name or letters.MEMO

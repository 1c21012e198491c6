"""Opening a round and carrying over (เปิดรอบ ยกข้อมูลจากรอบก่อน): what will be done to how many records, then the job."""

from flask import redirect, request, url_for
from flask_admin import BaseView, expose
from flask_login import current_user

from documents.background.jobs import ask
from documents.collecting import round_moves
from documents.collecting.rounds import get_round
from documents.errors import NotAllowed, RuleBroken
from documents.records import carrying
from documents.records.kinds import documents_in
from views import here, links
from views.jobs import follow
from views.pages import Page


class Carrying(Page, BaseView):
    """The page before a round is opened, or filled from the one before, reached from the round's own page."""

    roles = ("district", "approver")

    def __init__(self):
        self._default_view = "carry"  # its own first page lies beneath the pages of rounds
        super().__init__(name="ยกข้อมูลจากรอบก่อน", endpoint="carrying", url="/admin/rounds")

    def is_visible(self):
        """Not in the menu: it is a page of a round."""
        return False

    @expose("/carry/", methods=["GET", "POST"])
    def carry(self):
        """What becomes of how many records of how many schools; posted, the job that does it, opening the round first."""
        round_ = get_round(current_user.areas(*self.roles), request.values.get("id"))
        try:
            if request.method == "POST":
                return self._do(round_)
            if round_.state not in here.DRAFTS:
                carrying.refuse_unable(round_, here.person())
        except RuleBroken as refusal:
            if isinstance(refusal, NotAllowed):
                raise
            fresh = get_round(current_user.areas(*self.roles), str(round_.id))  # it may be open by now
            return self._page(fresh, refusal), refusal.status
        return self._page(round_)

    def _do(self, round_):
        if round_.state == "proposed":
            seen = get_round(current_user.areas(*self.roles), str(round_.id), request.form.get("revision"))
            round_ = round_moves.open_round(seen, here.person())
            if not request.form.get("carry"):
                return redirect(links.round_page(round_), 303)
        carrying.refuse_unable(round_, here.person())
        asked, back = {"round_id": str(round_.id)}, links.round_page(round_)
        job = ask(
            "carry_over", here.person(), round_.area_code, round_, arguments=asked, alone=True, href=back
        )
        return follow(job)

    def _page(self, round_, refusal=None):
        opening = round_.state in here.DRAFTS
        if opening and not current_user.holds("approver", round_.area_code):
            raise NotAllowed("เฉพาะผู้รับรองระดับเขตเท่านั้นที่เปิดรอบได้")
        outlook = carrying.outlook(round_)
        return self.render(
            "collecting/round_carry.html",
            round=round_,
            opening=opening,
            outlook=outlook,
            kinds=kinds_of(round_, outlook) if outlook else [],
            refusal=refusal,
            back=links.round_page(round_),
            before_page=links.round_page(outlook.from_round) if outlook else None,
            post=url_for(".carry"),
        )


def kinds_of(round_, outlook):
    """[{label, unit, rows: [(words, tone, number)]}] of the documents that have records to carry over."""
    kinds = []
    for document in documents_in(round_):
        counts = outlook.records.get(document.slug, {})
        words = carrying.outcomes_of(document)
        rows = [(words[name][0], words[name][2], counts[name]) for name in words if counts.get(name)]
        if rows:
            kinds.append({"label": document.label, "unit": document.unit, "rows": rows})
    return kinds

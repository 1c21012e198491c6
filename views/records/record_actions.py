"""Bulk actions: on exactly the rows that were shown and chosen, with a count before and the history after."""

from bson import ObjectId
from flask import abort, flash, g, redirect, request
from flask_admin import expose
from flask_admin.actions import action
from flask_login import current_user

from documents.background.jobs import ask
from documents.errors import Invalid, RuleBroken, StaleRevision
from documents.records import listing
from documents.records.bulk import DONE, deed
from views.jobs import follow

COMES_BACK = "นำกลับมาได้ที่ “รายการที่ลบ” เหนือตารางของโรงเรียน"
MOST_AT_ONCE = 3000  # about half a second in one transaction; more becomes a job, a school at a time


class ActionsMixin:
    """The part of RecordView behind the bar of chosen rows."""

    action_looks = {
        "delete": {
            "tone": "risk",
            "icon": "trash",
            "reason": "reason",
            "undo": "นำกลับมาได้ที่ “รายการที่ลบ” เหนือตาราง",
        },
        "review": {"icon": "check"},
    }

    @expose("/action/", methods=("POST",))
    def action_view(self):
        """Do one action to the chosen rows, or to all that match when `all_matching` is set."""
        if not self.validate_form(self.action_form()):
            abort(400)
        name = request.form.get("action")
        if name not in self._actions_data or not self.can_edit:
            abort(403)
        if request.form.get("all_matching"):
            wanted = self.wanted
            count, _ = listing.count_of(wanted, current_user, exactly=True)
            if count > MOST_AT_ONCE and name in DONE:
                return follow(self._job(name, wanted, count))
            if count > MOST_AT_ONCE:
                flash(f"เลือกไว้ {count:,} รายการ ทำได้ครั้งละไม่เกิน {MOST_AT_ONCE:,} กรุณากรองให้แคบลง", "error")
                return redirect(self._back())
            rows = list(listing.all_of(wanted, current_user))
        else:
            rows = self._chosen()
        answer = self._actions_data[name][0](rows) if rows else None
        return redirect(self._back()) if answer is None else answer

    def _job(self, name, wanted, count):
        """The job that does an action to all that match."""
        round_, user = self.round, current_user._get_current_object()
        title = f"{DONE[name]} {self.model.label} {count:,} รายการ รอบ {round_.label}"
        asked = {
            "round_id": str(round_.id),
            "action": name,
            "count": count,
            "reason": request.form.get("reason"),
        }
        asked["asked"] = listing.as_arguments(wanted)
        return ask("bulk", user, round_.area_code, round_, title, asked, href=self._back()[:500])

    def _back(self):
        from flask_admin.helpers import get_redirect_target

        return get_redirect_target() or self.get_url(".index_view")

    def _chosen(self):
        """The stored dicts of the chosen rows, only those this person has; says so when some are not there."""
        ids = [
            ObjectId(id_) for id_ in dict.fromkeys(request.values.getlist("rowid")) if ObjectId.is_valid(id_)
        ]
        if not ids or len(ids) > MOST_AT_ONCE:
            flash(f"กรุณาเลือก 1 ถึง {MOST_AT_ONCE:,} รายการ", "error")
            return []
        round_ = self.round
        everything = listing.Wanted(
            self.model,
            round_.area_code,
            round_.academic_year,
            round_.code,
            school=self.school,
            ids=tuple(ids),
        )
        rows = list(listing.all_of(everything, current_user))
        if len(rows) != len(set(ids)):
            g.status, g.refused = 404, ("unknown", None)
            flash("บางรายการที่เลือกไม่มีอยู่หรือท่านไม่มีสิทธิ์ จึงไม่ได้ทำรายการใดเลย กรุณาเลือกใหม่", "error")
            return []
        return rows

    @action("review", "ทบทวนแล้ว", "ทำเครื่องหมายว่าทบทวนรายการที่เลือกแล้วใช่หรือไม่")
    def action_review(self, rows):
        """Mark records as looked over (ทบทวนแล้ว)."""
        self._do(rows, "review")

    @action("delete", "ลบ", "ลบรายการที่เลือกออกจากรอบนี้ใช่หรือไม่")
    def action_delete(self, rows):
        """Remove records; every value stays in the history."""
        self._do(rows, "delete")

    def _do(self, rows, name):
        """Do an action to rows, all or none, and say what was done to how many of which schools."""
        try:
            deed(self.model, name, rows, current_user._get_current_object(), request.form.get("reason"))
        except StaleRevision:
            flash("มีผู้อื่นแก้ไขบางรายการที่เลือกไปก่อน จึงไม่ได้ทำรายการใดเลย กรุณาเลือกใหม่", "error")
        except Invalid as invalid:
            flash(invalid.message, "error")
        except RuleBroken as refusal:
            flash(refusal.message, "error")
        else:
            schools = len({row["school_code"] for row in rows})
            flash(f"{DONE[name]} {len(rows):,} รายการ ของ {schools} โรงเรียน", "success")
            if name == "delete":
                flash(COMES_BACK, "info")

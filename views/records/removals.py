"""What was removed from a school's round (รายการที่ลบ), and the way back."""

from itertools import groupby

from flask import abort, flash, redirect, request, url_for
from flask_admin import expose
from flask_login import current_user

from documents.errors import NotAllowed, RuleBroken
from documents.formats import buddhist
from documents.records.removed import bring_back, removed_from


class RemovalsMixin:
    """The part of RecordView behind the list of removed records."""

    @expose("/removed/")
    def removed_view(self):
        """What was removed from the school that the page is about, as it was removed together."""
        if not self.sees_school:
            abort(404)
        events = removed_from(self.model, self._place(self.school))
        batches = [(by, list(rows)) for by, rows in groupby(events, _together)]
        return self.render(
            "records/removed.html",
            batches=[{"who": by[0], "reason": by[1], "when": by[2], "rows": rows} for by, rows in batches],
            may_bring_back=self._writable(self.school) is not None,
        )

    @expose("/removed/", methods=("POST",))
    def bring_back_view(self):
        """Bring removed records back, all or none."""
        if not self.sees_school or not self.can_edit:
            raise NotAllowed("ท่านไม่มีสิทธิ์นำรายการของโรงเรียนนี้กลับมา")
        actor, ids = current_user._get_current_object(), request.form.getlist("id")
        try:
            done = bring_back(self.model, self._place(self.school), ids, actor, request.form.get("reason"))
        except RuleBroken as refusal:
            flash(refusal.message, "error")
        else:
            flash(f"นำกลับมาแล้ว {len(done):,} รายการ", "success")
        return redirect(url_for(".removed_view", school=self.school))


def _together(event):
    """By whom, why and when records were removed together, to the minute."""
    return event["actor_name"], event.get("reason"), buddhist.format_datetime(event["at"])

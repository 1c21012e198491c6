"""The control room (ติดตามการรายงาน): one page that shows where every school stands, and acts on those it shows."""

import datetime as dt
from dataclasses import dataclass
from functools import partial

from bson import ObjectId
from flask import current_app, g, request, url_for
from flask_admin import BaseView, expose
from flask_login import current_user

from documents import clock
from documents.background.jobs import ask
from documents.checking.hindrances import hindrance_of
from documents.clock import utc
from documents.collecting import letters, reminders
from documents.collecting.bulk_moves import AT_ONCE, BULK, LABELS, move_many
from documents.collecting.progress import LOOKS, board_of, noun_of
from documents.collecting.round_steps import checklist
from documents.collecting.rounds import STEPS
from documents.collecting.submissions import WRITABLE
from documents.errors import Invalid, NotAllowed
from documents.formats import buddhist, thai
from documents.people.access import AREA_READERS
from documents.records.kinds import documents_of
from views import here, instants, links, shell
from views.checking.findings import freshness_said
from views.collecting.reopening import waiting_requests
from views.dmc.pupil_reports import heads_href
from views.jobs import follow
from views.pages import Page

LONGEST_SEARCH = 60
WAITING, RED, FOUND = "waiting", "red", "found"  # groups of schools, beside the looks themselves
FIRST_WAITING = 7  # names shown beside the map


@dataclass(frozen=True)
class Wanted:
    """What the officer narrowed the page to."""

    cluster: str = ""
    state: str = ""
    search: str = ""

    def takes(self, standing):
        """Whether a school is shown."""
        if self.cluster and standing.cluster != self.cluster:
            return False
        if self.state == WAITING and standing.state not in WRITABLE:
            return False
        if self.state == RED and not standing.is_red:
            return False
        if self.state == FOUND and not standing.found_late:
            return False
        if (
            self.state
            and self.state not in (WAITING, RED, FOUND)
            and self.state not in (standing.look, standing.state)
        ):
            return False
        looked = thai.search_key(standing.name, standing.code)
        return not self.search or thai.search_term(self.search) in looked

    @property
    def narrow(self):
        """Whether anything is left out on purpose."""
        return bool(self.cluster or self.state or self.search)


def wanted_of(args):
    """What an address or form asks for, cleaned; an unknown state is no state."""
    state = args.get("state", "")
    known = state in (*LOOKS, WAITING, RED, FOUND)
    return Wanted(
        thai.clean(args.get("cluster"))[:100],
        state if known else "",
        thai.clean(args.get("q"))[:LONGEST_SEARCH],
    )


class ControlRoom(Page, BaseView):
    """Schools by cluster, coloured by state; counts, what is missing, hours left; bulk verify and return."""

    roles = ("district", "approver", "executive")

    @expose("/")
    def index(self):
        """The page for the current round."""
        round_ = shell.current_round()
        if round_ is None or round_.state in here.DRAFTS:
            return self.render("collecting/control_room_empty.html", round=round_)
        return self._page(round_, wanted_of(request.args))

    def _page(self, round_, wanted, **more):
        now = clock.now()
        board = board_of(round_, current_user, now)
        shown = [each for each in board.schools if wanted.takes(each)]
        waiting = board.waiting_schools()
        officer = current_user.holds("district", round_.area_code)
        return self.render(
            "collecting/control_room.html",
            round=round_,
            board=board,
            noun_of=noun_of,
            heads_href=partial(heads_href, round_),
            wanted=wanted,
            shown=shown,
            clusters=[cluster_of(name, schools, self._tile) for name, schools in board.by_cluster(shown)],
            names=sorted({each.cluster for each in board.schools if each.cluster}),
            legend=self._legend(board, wanted),
            steps=steps_of(round_, now),
            timing=timing(round_, now),
            waiting=waiting,
            first_waiting=waiting[:FIRST_WAITING],
            reminder=reminders.not_confirmed_text(round_, waiting, home_address(), now) if waiting else "",
            bulk=bulk_forms(shown) if officer and round_.running else {},
            found=[each for each in board.schools if each.found_late],
            requests=waiting_requests(current_user, round_.area_code, round_),
            as_table=request.args.get("view") == "table",
            tile=self._tile,
            found_href=links.findings_of,
            page_of=lambda standing: links.submission_page(standing.id),
            format_datetime=buddhist.format_datetime,
            as_of=buddhist.format_long(round_.as_of),
            fresh=freshness_said(round_),
            deadline=deadline(round_, now),
            until_default=default_until(round_),
            address=self._address,
            **more,
        )

    def _tile(self, standing):
        """A school's tile: where a press leads, and what is said of it."""
        sees_records = any(current_user.holds(role, here.area_code()) for role in AREA_READERS)
        at_fault = sees_records and standing.incomplete and standing.is_red
        slug = links.main_slug(shell.current_round())
        href = links.rows_at_fault(slug, standing.code) if at_fault else links.submission_page(standing.id)
        number = standing.incomplete if standing.look == "error" and standing.incomplete < 100 else None
        return {
            "state": standing.look,
            "href": href,
            "title": said_of(standing, documents_of(shell.current_round().subsystem)[0].unit),
            "hold": bool(standing.hold),
            "found": bool(standing.found_late and standing.errors),
            "number": number,
        }

    def _legend(self, board, wanted):
        """How many schools each look has; a press shows those alone."""
        items = [{"label": "ทั้งหมด", "count": len(board.schools), "href": self._address(wanted, state=""),
                  "active": not wanted.state}]  # fmt: skip
        for look in LOOKS:
            if board.looks[look] or (look in ON_THE_WAY and board.round.running):
                state = "" if wanted.state == look else look
                items.append({"state": look, "count": board.looks[look], "active": wanted.state == look,
                              "href": self._address(wanted, state=state)})  # fmt: skip
        return items

    def _address(self, wanted, **other):
        """This page narrowed in another way."""
        asked = {"cluster": wanted.cluster, "state": wanted.state, "q": wanted.search}
        asked |= {"view": request.args.get("view")} | other
        return url_for(".index", **{name: value for name, value in asked.items() if value})

    @expose("/bulk/", methods=["POST"])
    def bulk(self):
        """Verify or return exactly the schools whose ids were posted, many by a job; says which were refused and why."""
        round_ = shell.current_round()
        name = request.form.get("do", "")
        if name not in BULK or round_ is None or not current_user.holds("district", round_.area_code):
            raise NotAllowed("ท่านไม่มีสิทธิ์ทำรายการนี้")
        reason = thai.clean(request.form.get("reason"), lines=True)
        if name == "return" and not reason:
            raise Invalid({0: {"reason": "โปรดระบุเหตุผลที่ส่งกลับแก้ไข"}})
        until = typed_until()
        seen = tokens()
        if len(seen) > AT_ONCE:
            return follow(self._ask(round_, name, seen, reason, until))
        results = list(move_many(round_, name, seen, here.person(), reason, until))
        if any(one.id is None for one in results):
            g.refused = "unknown", None
        return self.render(
            "collecting/bulk_result.html",
            round=round_,
            do=name,
            results=results,
            label=LABELS[name],
            page_of=links.submission_page,
        )

    def _ask(self, round_, name, seen, reason, until):
        asked = {"round_id": str(round_.id), "name": name, "seen": seen, "reason": reason}
        asked |= {"until": until.astimezone(dt.UTC).replace(tzinfo=None).isoformat() if until else None}
        title = f"{LABELS[name]} {len(seen):,} โรงเรียน รอบ {round_.label}"
        return ask(
            "bulk_moves", here.person(), round_.area_code, round_, title, asked, href=url_for(".index")
        )


ON_THE_WAY = (
    "idle",
    "draft",
    "confirmed",
    "certified",
    "verified",
)  # in the legend of a running round, though 0


def said_of(standing, unit):
    """The words on a tile: name, heads against the last round, what is missing."""
    before = "" if standing.heads_before is None else f" (รอบก่อน {standing.heads_before:,})"
    parts = [standing.name, f"{standing.heads:,} {unit}{before}"]
    if standing.errors or standing.warnings:
        parts.append(f"ข้อผิดพลาด {standing.errors:,} คำเตือน {standing.warnings:,}")
    if standing.incomplete:
        parts.append(f"ไม่ครบ {standing.incomplete:,} {unit}")
    return " · ".join(parts)


def cluster_of(name, schools, tile):
    """One cluster as khet/parts.html draws it, its schools by urgency."""
    schools = sorted(schools, key=lambda each: LOOKS.index(each.look))
    done = sum(each.state in ("verified", "locked") for each in schools)
    bar = [("veri", done, "ตรวจสอบแล้ว"), ("cert", sum(each.state == "certified" for each in schools), "รับรองแล้ว"),
           ("conf", sum(each.state == "confirmed" for each in schools), "ยืนยันแล้ว")]  # fmt: skip
    segments = [{"tone": tone, "value": value, "label": label} for tone, value, label in bar]
    return {"name": name, "tiles": [tile(each) for each in schools], "done": done, "total": len(schools),
            "segments": segments}  # fmt: skip


# ---- bulk ----


def bulk_forms(shown):
    """{bulk move: [(token, name)]} of the schools shown that could take it; the move itself is asked again.

    Beside `verify` stand the schools it leaves out for their errors, and those it takes that have warnings.
    """
    forms = {}
    for name, by_state in BULK.items():
        able = [each for each in shown if each.state in by_state and not (name == "verify" and each.hold)]
        if name == "verify":
            forms["left_out"] = [each for each in able if hindrance_of(name, each.found)]
            able = [each for each in able if not hindrance_of(name, each.found)]
            forms["warned"] = [each for each in able if each.warnings]
        if able:
            forms[name] = [(f"{each.id}.{each.writes}", each.name) for each in able]
    return forms


def tokens():
    """The posted (id, write counter as seen), each once; what is no such pair is left out."""
    found = {}
    for text in request.form.getlist("ids"):
        id_, _, writes = text.partition(".")
        if ObjectId.is_valid(id_) and writes.isascii() and writes.isdecimal() and len(writes) < 12:
            found[id_] = int(writes)
    if not found:
        raise Invalid({0: {"ids": "ยังไม่ได้เลือกโรงเรียน กรุณาเปิดหน้าติดตามการรายงานใหม่แล้วลองอีกครั้ง"}})
    return list(found.items())


def typed_until():
    """The typed 'until' of a return, an aware instant or None; raises Invalid for what is no day."""
    try:
        return instants.read_instant(request.form.get("until", ""), request.form.get("until_time", ""))
    except ValueError as error:
        raise Invalid({0: {"until": str(error)}}) from error


def default_until(round_):
    """Until when a return gives time unless a day is typed: the end of the district's window, in words."""
    window = round_.window("verify") or round_.window("enter")
    return buddhist.format_datetime(utc(window.closes_at)) if window else ""


def home_address():
    """The address of the product as people open it, for messages to the schools."""
    return current_app.config.get("KHET_PUBLIC_URL") or request.host_url.rstrip("/")


# ---- the five steps of the work, and the time left ----


def steps_of(round_, now):
    """The manual's five steps in short, with what is known of each (documents/collecting/round_steps.py)."""
    proposed, order = round_.proposed_at, round_.order or {}
    state = round_.state_at(now)
    watch = round_.window("enter")
    ordered = f"สั่งการ {_short(order['at'])}" if order else ("เสนอแล้ว รอสั่งการ" if proposed else "")
    letter = (round_.letters or {}).get(letters.TO_SCHOOLS)
    opened = f"เปิดรอบ {_short(round_.opened_at)}" if round_.opened_at else ""
    if watch and now < utc(watch.opens_at):
        watching = f"เริ่ม {_short(utc(watch.opens_at))}"
    elif watch and state in ("draft", "proposed", "open"):
        watching = f"ถึง {instants.brief(utc(watch.closes_at), now)}"
    else:
        watching = "ปิดรับข้อมูลแล้ว"
    summed = f"ล็อก {_short(round_.locked_at)}" if round_.locked_at else "ตามปฏิทิน"
    rows = [
        ("วางแผน", f"เสนอ {_short(proposed)}" if proposed else "กำหนดช่วงเวลา"),
        ("เสนอผู้บังคับบัญชา", ordered),
        ("แจ้งโรงเรียน", letter["number"] if letter else opened),
        ("ติดตามและตรวจสอบ", watching),
        ("สรุปและรายงาน", summed),
    ]
    steps = [
        {"label": label, "note": note, "state": "done" if step.done else ""}
        for (label, note), step in zip(rows, checklist(round_), strict=True)
    ]
    following = next((step for step in steps if not step["state"]), None)
    if following:
        following["state"] = "now"
    return steps


def _short(instant):
    return buddhist.format_short(clock.in_bangkok(instant)) if instant else ""


def deadline(round_, now):
    """'ยืนยันและรับรองถึง 10 มิ.ย. 16.30 น.': the schools' end, with the directors' where it is the same."""
    entering, certifying = round_.window("enter"), round_.window("certify")
    if entering is None:
        return ""
    same = certifying is None or certifying.closes_at == entering.closes_at
    return f"{'ยืนยันและรับรอง' if same else 'ยืนยัน'}ถึง {instants.brief(utc(entering.closes_at), now)}"


def timing(round_, now):
    """[(step, who, until, left)] of the windows that are not over yet, for the page's head; none once locked."""
    rows = []
    if not round_.running:
        return rows
    for window in round_.windows:
        if now < utc(window.closes_at) and window.step != "process":
            what, who = STEPS[window.step]
            rows.append(
                (what, who, instants.brief(utc(window.closes_at), now), instants.left(window.closes_at, now))
            )
    return rows

"""The home page (หน้าหลัก): what waits for whoever signed in, and where his schools or his area stand."""

import datetime as dt

from flask import abort, redirect, request, url_for
from flask_admin import AdminIndexView, expose
from flask_login import current_user

from documents import clock
from documents.checking import findings
from documents.checking.hindrances import hindrance_of
from documents.clock import utc
from documents.collecting.moves import moves_for
from documents.collecting.progress import board_of, look_of_one, match, noun_of
from documents.collecting.rounds import Round, get_round, round_before
from documents.collecting.submissions import WRITABLE, Submission, is_late
from documents.collecting.waiting import unreviewed, visible_submissions
from documents.collecting.windows import open_until
from documents.database import collection
from documents.district.schools import School
from documents.dmc.rooms import SchoolRooms
from documents.formats import buddhist
from documents.notifying import announcements
from documents.people.access import AREA_READERS
from documents.people.users import EVERY_AREA, SCHOOL_ROLES, User
from documents.records.completeness import missing_of
from documents.records.kinds import documents_in, documents_of
from documents.records.record import declared, size_counter
from views import here, instants, links, shell
from views.collecting.control_room import cluster_of
from views.collecting.waits import entries
from views.first_steps import first_steps
from views.notifying.announcements import row_of
from views.pages import Page
from views.people.privacy import unread

MOST_SCHOOLS = 6  # of one person shown in full
SAME_SITE = ("same-origin", "none")


class Home(Page, AdminIndexView):
    """The page after signing in."""

    @expose("/")
    def index(self):
        """What waits, then what this person's roles look after."""
        area, now, round_ = here.area_code(), clock.now(), shell.current_round()
        own = [code for a, code in current_user.schools(*SCHOOL_ROLES) if a == area]
        # Before what waits: that goes by what the checks found last, which these look at anew.
        reports = [own_report(each, round_, now) for each in own_submissions(area, own, round_)]
        return self.render(
            "khet/home.html",
            greeting=greeting(own, area),
            today=f"วัน{DAYS[clock.today().weekday()]}ที่ {buddhist.format_long(clock.today())}",
            waits=entries(shell.waits_of(), current_user),
            reports=reports,
            summary=summary(round_, now) if _oversees(area) else None,
            orders=orders_to_record(area) if current_user.holds("executive", area or "") else [],
            people=people_of(area) if current_user.holds("admin", area or EVERY_AREA) else None,
            steps=first_steps(area, round_),
            announced=announced(area) if own else [],
            notice=unread(),
            round=round_,
        )

    @expose("/choose/")
    def choose(self):
        """Make a round the current one: a link of the top bar. Another site's link chooses nothing."""
        round_ = get_round(current_user.areas(*here._ROLES), request.args.get("round"))
        if round_.state == "draft" and not here.sees_drafts(current_user):
            abort(404)
        if request.headers.get("Sec-Fetch-Site", "none") in SAME_SITE:
            here.choose_round(round_)
        fronts = {shell.front_of(view) for view in shell.views_of()}
        then = request.args.get("then", "")
        return redirect(then if then.partition("?")[0] in fronts else url_for("admin.index"))


DAYS = ("จันทร์", "อังคาร", "พุธ", "พฤหัสบดี", "ศุกร์", "เสาร์", "อาทิตย์")


def greeting(own, area):
    """Who is greeted: name, roles, and the school of whoever has one."""
    school = School.objects(area_code=area, code=own[0]).only("name").first() if len(own) == 1 else None
    place = shell.place_of(current_user, area)
    return {
        "name": current_user.name,
        "place": place,
        "schools": len(own),
        "school": school.name if school else "",
    }


def _oversees(area):
    return any(current_user.holds(role, area or "") for role in (*AREA_READERS, "executive"))


def announced(area):
    """What the district announces to the person's schools now, the unread first."""
    user = here.person()
    return [row_of(each, user) for each in announcements.current_for(user, area)]


# ---- one's own schools ----


def own_submissions(area, codes, round_):
    """The person's own submissions in the current round, the first few of them."""
    if not codes or round_ is None:
        return []
    return list(visible_submissions(current_user, area, round_).filter(school_code__in=codes)[:MOST_SCHOOLS])


def own_report(submission, round_, now):
    """All that a school's card says: figures, what is missing, the button and why it cannot be pressed."""
    document = documents_of(round_.subsystem)[0]
    left = unreviewed(submission) if submission.state in WRITABLE else []
    counts, lacking = submission.counts, submission.counts.get("incomplete", 0)
    moves = [row.name for row in moves_for(submission, round_, current_user, now)]
    records = counts.get(document.slug, 0)
    checkup = findings.refresh(submission)
    found = checkup.get("counts", {})
    lacking = max(lacking - found.get("blank_passed", 0), 0)
    missing = missing_fields(submission, checkup) if lacking and submission.state in WRITABLE else []
    alone = all(each["document"] is document for each in missing)
    kinds = [document] if alone else documents_of(round_.subsystem)
    whole = sum(counts.get(kind.slug, 0) for kind in kinds)
    return {
        "found": found,
        "stops": hindrance_of("confirm", found),
        "found_href": links.findings_of(submission.school_code),
        "submission": submission,
        "look": look_of_one(submission, round_, now),
        "document": document,
        "unit": document.unit,
        "noun": noun_of(document),
        "records": records,
        "heads": counts.get(size_counter(document), 0),
        "male": counts.get("male"),
        "female": counts.get("female"),
        "rooms": counts.get("classrooms"),
        "has_rooms": SchoolRooms.subsystem == round_.subsystem,
        "before": heads_before(submission, round_, document),
        "lacking": lacking,
        "whole": whole,
        "complete": whole - lacking,
        "missing": missing,
        "lacking_unit": document.unit if alone else "รายการ",
        "rows_at_fault": missing[0]["href"]
        if missing
        else links.rows_at_fault(document.slug, submission.school_code),
        "rows_unreviewed": left and links.rows_unreviewed(left[0][0].slug, submission.school_code),
        "rows": links.rows_of(document.slug),
        "page": links.submission_page(submission.id),
        "unreviewed": sum(many for _, many in left),
        "unreviewed_unit": left[0][0].unit if len(left) == 1 else "รายการ",
        "moves": moves,
        "roles": current_user.roles_at(submission.area_code, submission.school_code),
        "soon": is_soon(open_until(submission, round_, "enter"), now),
        "hindrance": hindrance(submission, round_, moves, records, lacking, now, found),
        "until": open_until(submission, round_, "enter"),
        "left": instants.left(open_until(submission, round_, "enter"), now),
    }


def is_soon(until, now):
    """Whether less than two days are left."""
    return until is not None and until - now < dt.timedelta(days=2)


def heads_before(submission, round_, document):
    """Heads of the school in the round before; None when there was none."""
    before = round_before(round_)
    if before is None:
        return None
    place = {
        "area_code": before.area_code,
        "academic_year": before.academic_year,
        "subsystem": before.subsystem,
    }
    row = collection(Submission).find_one(
        place | {"round": before.code, "school_code": submission.school_code}, {"counts": 1}
    )
    return row and row.get("counts", {}).get(size_counter(document), 0)


def missing_fields(submission, checkup, most=8):
    """[{label, count, href, document, does}] of the fields most often missing, over all documents of the submission.

    `checkup` is its Checkup, fresh; where one of an older version did not count them, the records are read.
    """
    found, by_field = [], checkup.get("missing")
    if by_field is None:
        by_field = missing_of(submission).by_field
    for document in documents_in(submission):
        for name, count in by_field.get(document.slug, {}).items():
            field = declared(document).get(name)
            label = field.verbose_name if field else name
            desk = links.desk_of(links.DESKS_OF_FIELDS.get(name), submission.school_code)
            href = desk[0] if desk else links.rows_at_fault(document.slug, submission.school_code)
            told = {"label": label, "count": count, "href": href, "document": document}
            found.append(told | {"does": desk and desk[1]})
    return sorted(found, key=lambda each: -each["count"])[:most]


def hindrance(submission, round_, moves, records, lacking, now, found):
    """Why the button ยืนยันข้อมูล cannot be pressed, in a sentence; None when it can."""
    if "confirm" not in moves:
        if submission.hold:
            return f"เขตพักการรายงานไว้: {submission.hold.get('reason')}"
        if is_late(submission, round_, now):
            return "เกินกำหนดแล้ว ขอขยายเวลาจากเจ้าหน้าที่เขต"
        window = round_.window("enter")
        if window and now < utc(window.opens_at):
            return f"เปิดรับข้อมูล {buddhist.format_datetime(utc(window.opens_at))}"
        return None
    if lacking:
        return "ปุ่มนี้กดได้เมื่อกรอกข้อมูลครบทุกรายการ"
    if found.get("errors") or found.get("warnings"):
        return "ปุ่มนี้กดได้เมื่อแก้ข้อผิดพลาดแล้ว และแก้หรือชี้แจงคำเตือนครบทุกข้อ"
    return None if records else "ยังไม่มีข้อมูลในรอบนี้"


# ---- the area ----


def summary(round_, now):
    """The figures of the current round for officers and superiors; None before a round has opened."""
    if round_ is None or round_.state in here.DRAFTS:
        return None
    board = board_of(round_, current_user, now)
    clusters = [cluster_of(name, schools, lambda each: None) for name, schools in board.by_cluster()]
    red = sum(each.is_red for each in board.schools)
    return {
        "board": board,
        "red": red,
        "lacking": board.incomplete,
        "clusters": clusters,
        "last": last_moves(round_),
        "noun": noun_of(board.document),
    }


def last_moves(round_, most=6):
    """The submissions that were written or moved last: [(name, cluster, state, when, page)], for officers' eyes."""
    found = Submission.objects(__raw__=match(round_, current_user), last_write_at__ne=None)
    newest = found.only("school_name", "cluster", "state", "started", "last_write_at").order_by(
        "-last_write_at"
    )
    return [
        (each, instants.brief(utc(each.last_write_at)), links.submission_page(each.id))
        for each in newest[:most]
    ]


def orders_to_record(area):
    """Rounds that wait for the superior's order."""
    return list(Round.objects(area_code=area, state="proposed", order={}))


def people_of(area):
    """How many people have an account in the area, how many never signed in."""
    scope = {} if area is None else {"areas_listed": area}
    people = User.objects(__raw__=scope)
    return {
        "active": people.filter(active=True).count(),
        "never": people.filter(active=True, __raw__={"login_count": {"$in": [0, None]}}).count(),
        "off": people.filter(active=False).count(),
    }

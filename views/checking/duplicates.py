"""The duplicates desk (ตรวจซ้ำซ้อน): the cases that wait, the two entries side by side, and what each person may say to them.

A school sees its own pupil, the other's name and that there is a clash; the district sees both.
"""

import io

from flask import flash, redirect, request, send_file
from flask_admin import BaseView, expose
from flask_login import current_user

from documents.background import jobs
from documents.checking import duplicate_cases, duplicates, one_child
from documents.checking.duplicate_cases import (
    AGENCY,
    ANSWERS,
    KINDS,
    NUMBER,
    OPEN,
    OURS,
    PERSON,
    DuplicateCase,
)
from documents.checking.resemblance import DATES, OTHER, SAME, UNKNOWN, same_date
from documents.checking.sounds import forms, same_name
from documents.clock import utc
from documents.database import collection
from documents.dmc.students import Student
from documents.errors import FileRefused, NotAllowed, RuleBroken
from documents.formats import buddhist
from documents.formats.citizen_id import mask_id
from documents.people import access
from documents.records import evidence, fields
from documents.records.cases import steps_for
from documents.records.record import shown_fields
from documents.trail import access_log
from exports.reading import guards
from views import here
from views.gcode.gcode_words import sees_area
from views.here import person
from views.jobs import follow
from views.pages import Page
from views.records.cases import LAST_PAGE, LONGEST, PAGE, event_of, said
from views.records.files_out import ONE, hands_out

READERS = ("school", "director", "district", "approver")
TONES = {
    "found": "back", "answered": "conf", "mending": "back", "same": "veri", "different": "idle", "real": "veri",
    "gone": "idle",
}  # fmt: skip
ANSWER_TONES = {OURS: "work", "moved": "veri", "theirs": "veri", "both": "info"}
COMPARED = (
    "person_id", "id_type", "full_name", "sex", "birth_date", "grade", "room", "student_no", "admission_date", "status",
    "father_first_name", "father_last_name", "mother_first_name", "mother_last_name", "guardian_first_name",
)  # fmt: skip
NAMES = {
    "father_first_name",
    "father_last_name",
    "mother_first_name",
    "mother_last_name",
    "guardian_first_name",
}
ASKED_OF_SCHOOLS = {
    OURS: "ยืนยันข้อมูลถูกต้อง นักเรียนคนนี้เรียนอยู่ที่โรงเรียนของท่านจริง",
    "moved": "นักเรียนคนนี้ย้ายออกจากโรงเรียนของท่านแล้ว จากนั้นให้บันทึกย้ายออกในหน้าของนักเรียน",
    "theirs": "นักเรียนคนนี้ไม่ใช่นักเรียนของโรงเรียนท่าน จากนั้นให้บันทึกจำหน่ายหรือย้ายออก",
    "both": "เป็นเด็กสองคนและเรียนจริงทั้งสองคน",
}
TABS = {"": "ทั้งหมด", NUMBER: KINDS[NUMBER], AGENCY: KINDS[AGENCY], PERSON: KINDS[PERSON]}


class Duplicates(Page, BaseView):
    """The queue of cases, one case, and the district's scan and lists."""

    roles = READERS
    subsystem = Student.subsystem

    def __init__(self):
        super().__init__(name="ตรวจซ้ำซ้อน", endpoint="duplicates", url="/admin/duplicates")

    # ---- the queue ----

    @expose("/")
    def index(self):
        """The cases this person may see, those due first; what is decided where all are asked for."""
        return self._index()

    def _index(self, refusal=None):
        area, kind = here.area_code(), request.args.get("kind", "")
        everything = bool(request.args.get("all"))
        page = min(max(request.args.get("page", 0, type=int), 0), LAST_PAGE)
        scope = [{"area_code": area}, duplicate_cases.visible_to(current_user)]
        counts = _counts(scope)
        query = [*scope, {"ended_at": None}] if not everything else scope
        if kind in KINDS:
            query = [*query, {"kind": kind}]
        officer = current_user.holds("district", area)
        first = ("state",) if officer else ()  # what schools answered stands before what they are asked
        order = ("-asked_at", "-id") if everything else (*first, "due_at", "id")
        found = list(
            DuplicateCase.objects(__raw__={"$and": query}).order_by(*order).skip(page * PAGE).limit(PAGE + 1)
        )
        answer = self.render(
            "checking/duplicates.html",
            rows=self._rows(area, found[:PAGE]),
            tabs=[(value, words, counts.get(value, 0)) for value, words in TABS.items()],
            kind=kind,
            counts=counts,
            everything=everything,
            page=page,
            more=len(found) > PAGE,
            officer=officer,
            round=here.current_round("DMC"),
            refusal=refusal,
            agency=request.form.get("agency", "")[:100],
        )
        return answer if refusal is None else (answer, refusal.status)

    def _rows(self, area_code, cases):
        names = _names_of(area_code, cases)
        return [self._row(case, names) for case in cases]

    def _row(self, case, names):
        mine = [row for row in case.records if row["record"] in names]
        named = list(dict.fromkeys(names[row["record"]] for row in mine))
        sees_all = len(mine) == len(case.records)
        schools = list(dict.fromkeys(row["school_name"] for row in case.records))
        if case.kind == AGENCY:
            schools += case.others("")
        return {
            "href": self.get_url(".details_view", id=str(case.id)),
            "title": " / ".join(named) or case.number or case.label,
            "schools": schools if len(schools) > 1 else [*schools, "โรงเรียนเดียวกัน"],
            "why": _why(case) if sees_all else [],
            "code": case.code,
            "kind": KINDS[case.kind],
            "icon": {NUMBER: "duplicates", AGENCY: "schools", PERSON: "students"}[case.kind],
            "state": case.shown_state,
            "tone": TONES[case.state],
            "due": buddhist.format_date(utc(case.due_at)) if case.is_open else "",
            "late": case.is_open and utc(case.due_at) < here.now(),
            "score": round(case.score * 100) if case.score and case.kind == PERSON and sees_all else None,
        }

    # ---- one case ----

    @expose("/details/")
    def details_view(self):
        """One case: the entries side by side, who said what, and what may be done now."""
        return self._details(duplicate_cases.get_case(current_user, request.args.get("id")))

    def _details(self, case, refusal=None):
        stored = _stored(case)
        sides = [_side(case, row, stored.get(row["record"])) for row in case.records]
        for plain in stored.values():
            access_log.note_record(person(), Student, plain, "view")
        steps = steps_for(case, person())
        errors = refusal.errors[0] if hasattr(refusal, "errors") else {}
        page = self.render(
            "checking/duplicate.html",
            case=case,
            row=self._row(case, {id_: Student.headline(plain) for id_, plain in stored.items()}),
            sides=sides,
            lines=_lines([stored.get(row["record"]) for row in case.records]),
            answers=[step for step in steps if step.name in ANSWERS],
            decisions=[step for step in steps if step.name not in ANSWERS],
            asked=ASKED_OF_SCHOOLS,
            suggested=_suggested(case, [step.name for step in steps]),
            answered=bool(case.acting and case.answer_of(case.acting)),
            events=[_event_of(case, move) for move in reversed(case.moves) if _may_read(case, move)],
            refusal=None if errors else refusal,
            errors=errors,
            typed={name: request.form.get(name, "") for name in ("reason", "days", "step", "keeper")},
            code=one_child.code_of(case) if sees_area(current_user, case) else None,
            due=buddhist.format_date(utc(case.due_at)),
        )
        return page if refusal is None else (page, refusal.status)

    @expose("/step/", methods=["POST"])
    def step_view(self):
        """One step of a case: what a school says, or what the district decides; a refusal shows the page again."""
        asked = request.form
        case, name = duplicate_cases.get_case(current_user, asked.get("id")), asked.get("step", "")
        reason = asked.get("reason", "")[:LONGEST]
        if name not in case.steps:
            raise NotAllowed("ไม่มีขั้นตอนนี้ กรุณาเปิดหน้านี้ใหม่")
        try:
            if name in ANSWERS:
                sent = request.files.get("evidence")
                content = sent.stream.read(evidence.LARGEST + 1) if sent else None
                done = duplicates.answer(case, name, person(), reason, content or None)
            else:
                keeper, days = asked.get("keeper", "")[:40], asked.get("days", "")[:4]
                done = duplicates.decide(case, name, person(), reason, keeper=keeper, days=days)
        except RuleBroken as refusal:
            if refusal.status == 403:
                raise
            return self._details(duplicate_cases.get_case(current_user, asked.get("id")), refusal)
        flash(f"บันทึกแล้ว: {done.shown_state}", "success")
        return redirect(self.get_url(".details_view", id=str(case.id)), 303)

    @expose("/evidence/")
    @hands_out(ONE)
    def evidence_view(self):
        """What a school gave, always as a file to save, never shown by the browser."""
        case = duplicate_cases.get_case(current_user, request.args.get("id"))
        content, kind = duplicates.evidence_of(case, request.args.get("school", "")[:8], person())
        name = f"evidence-{case.id}.{evidence.KINDS[kind]}"
        return send_file(io.BytesIO(content), mimetype=kind, as_attachment=True, download_name=name)

    # ---- the district's scan and lists ----

    @expose("/scan/", methods=["POST"])
    def scan_view(self):
        """Look through the whole area: a job."""
        round_ = _round_to_look_at()
        return follow(
            jobs.ask(
                "scan_duplicates", person(), round_.area_code, round_, arguments={"round_id": str(round_.id)},
                alone=True, href=self.get_url(".index"),
            )
        )  # fmt: skip

    @expose("/list/", methods=["POST"])
    def list_view(self):
        """Compare another agency's list: a job over the uploaded file."""
        round_ = _round_to_look_at()
        agency, sent = request.form.get("agency", "").strip()[:100], request.files.get("file")
        try:
            content = sent.stream.read(guards.MAX_BYTES + 1) if sent else b""
            if not agency:
                raise FileRefused("กรุณากรอกชื่อหน่วยงานเจ้าของรายชื่อ")
            if not content:
                raise FileRefused("กรุณาเลือกไฟล์รายชื่อของหน่วยงานอื่น")
            guards.kind_of(content)
        except RuleBroken as refusal:
            return self._index(refusal)
        job = jobs.ask(
            "agency_list", person(), round_.area_code, round_,
            arguments={"round_id": str(round_.id), "agency": agency}, file=content, filename="list",
            href=self.get_url(".index", kind=AGENCY),
        )  # fmt: skip
        return follow(job)


def _round_to_look_at():
    round_ = here.current_round("DMC")
    if round_ is None or not current_user.holds("district", round_.area_code):
        raise NotAllowed("เฉพาะเจ้าหน้าที่เขตเท่านั้นที่สั่งตรวจซ้ำซ้อนทั้งเขตได้")
    return round_


def _counts(scope):
    """{kind: open cases, "": all of them, "late": past their day, "answered": the district is waited for, "ended": not open}."""
    grouped = collection(DuplicateCase).aggregate(
        [
            {"$match": {"$and": scope}},
            {
                "$group": {
                    "_id": {"kind": "$kind", "state": "$state"},
                    "n": {"$sum": 1},
                    "late": {"$sum": {"$cond": [{"$lt": ["$due_at", here.now()]}, 1, 0]}},
                }
            },
        ]
    )
    counts = dict.fromkeys(("", *KINDS, "late", "answered", "ended"), 0)
    for row in grouped:
        if row["_id"]["state"] not in OPEN:
            counts["ended"] += row["n"]
            continue
        for name in ("", row["_id"]["kind"]):
            counts[name] += row["n"]
        counts["late"] += row["late"]
        counts["answered"] += row["n"] if row["_id"]["state"] == "answered" else 0
    return counts


def _why(case):
    """Why the two may be one, each reason once."""
    return list(dict.fromkeys(case.why or ()))


def _visible(area_code, ids):
    return {"$and": [{"_id": {"$in": ids}, "area_code": area_code}, access.visible(current_user)]}


def _names_of(area_code, cases):
    """{record id: name} of the pupils of these cases whom this person may see by his own right."""
    ids = [row["record"] for case in cases for row in case.records]
    if not ids:
        return {}
    needed = dict.fromkeys(("title", "first_name", "middle_name", "last_name", "status"), 1)
    found = collection(Student).find(_visible(area_code, ids), needed)
    return {row["_id"]: Student.headline(row) for row in found}


def _stored(case):
    """{record id: stored pupil} of those this person may see by his own right."""
    ids = [row["record"] for row in case.records]
    return {row["_id"]: row for row in collection(Student).find(_visible(case.area_code, ids))}


def _side(case, row, plain):
    """One entry as its column is headed: the school, its answer where this person may read it, and its page."""
    told = case.answers.get(row["school_code"]) or {} if plain else {}
    return {
        "id": str(row["record"]),
        "school": row["school_name"] + _beside(case, plain),
        "school_code": row["school_code"],
        "own": plain is not None,
        "open": plain is not None or access.sees(current_user, case.area_code, row["school_code"]),
        "answer": ANSWERS.get(told.get("answer"), ""),
        "answer_tone": ANSWER_TONES.get(told.get("answer"), "idle"),
        "reason": told.get("reason"),
        "by": told.get("by_name"),
        "at": said(told.get("at")),
        "evidence": bool(told.get("evidence")),
        "kept": case.kept_by == row["school_code"],
        "mends": case.mended_by == row["school_code"],
    }


def _beside(case, plain):
    """What tells two entries of one school apart."""
    if plain is None or len(case.schools) > 1 or case.kind == AGENCY:
        return ""
    return f" · เลขประจำตัวนักเรียน {plain.get('student_no') or '–'}"


def _lines(both):
    """[{label, values, tone, word}] of what is compared; a value is (text, record id where it is masked) or None unseen."""
    known = shown_fields(Student)
    made = []
    for name in COMPARED:
        values = [None if plain is None else _shown(known[name], name, plain) for plain in both]
        if any(value and value["text"] for value in values):
            tone, word = _alike(name, both)
            made.append(
                {
                    "label": known[name].verbose_name,
                    "values": values,
                    "tone": tone,
                    "word": word,
                    "name": name,
                }
            )
    return made


def _shown(field, name, plain):
    if name == "full_name":
        return {"text": Student.headline(plain), "masked": None}
    value = plain.get(name)
    text = fields.shown(field, value) if value is not None else ""
    if getattr(field, "masked", False) and text:
        return {"text": mask_id(value), "masked": str(plain["_id"])}
    return {"text": text, "masked": None}


def _alike(name, both):
    """(tone, word) of how alike two values are; nothing where only one is seen or one is empty."""
    if len(both) < 2 or None in both:
        return "", ""
    one, other = both
    if name == "full_name":
        like = min(same_name(one.get(n), other.get(n)) for n in ("first_name", "last_name"))
        crossed = min(same_name(one.get("first_name"), other.get("last_name")),
                      same_name(one.get("last_name"), other.get("first_name")))  # fmt: skip
        if crossed > like:
            return "warn", "ชื่อกับนามสกุลสลับกัน"
        return _by(like, Student.headline(one) == Student.headline(other))
    if name == "birth_date":
        dated = same_date(one.get(name), other.get(name))
        if dated == UNKNOWN:
            return "", ""
        if dated in (SAME, OTHER):
            return ("ok", "ตรงกัน") if dated == SAME else ("bad", "ต่างกัน")
        return "warn", DATES[dated][1]
    a, b = one.get(name), other.get(name)
    if a in (None, "") or b in (None, ""):
        return "", ""
    if name in NAMES:
        return _by(same_name(a, b) if forms(a) and forms(b) else 0, a == b)
    return ("ok", "ตรงกัน") if a == b else ("idle", "ต่างกัน")


def _by(like, equal):
    if equal:
        return "ok", "ตรงกัน"
    if like == 1.0:
        return "warn", "อ่านเหมือนกัน"
    return ("warn", "คล้ายกัน") if like > 0.6 else ("bad", "ต่างกัน")


def _suggested(case, steps):
    """{"step", "keeper"}: what the schools' answers speak for, opened first; the person decides."""
    said = {code: case.answer_of(code) for code in case.schools}
    order = ("same", "different", "mend", "real")
    if "both" in said.values():
        order = ("mend", "different", *order)
    elif case.kind == AGENCY and OURS in said.values():
        order = ("real", *order)
    stays = [code for code, answer in said.items() if answer == OURS]
    keeper = case.row_of(stays[0]) if len(stays) == 1 else None
    step = next((name for name in (*order, *steps) if name in steps and name not in ANSWERS), "")
    return {"step": step, "keeper": str(keeper["record"]) if keeper else ""}


def _event_of(case, move):
    event = event_of(case, move)
    return event | {"system": True, "title": "พบว่าซ้ำ"} if move["name"] == "ask" else event


def _may_read(case, move):
    """Whether this person may read a row of the list of moves: a school reads its own people's and the district's."""
    school = move.get("school")
    return school is None or access.sees(current_user, case.area_code, school)

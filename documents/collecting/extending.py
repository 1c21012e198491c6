"""More time for one school (ขอขยายเวลา): the school asks, before its window's end or after; who gave the time decides."""

from mongoengine.fields import DateTimeField, ListField, StringField

from documents import clock
from documents.clock import naive
from documents.collecting.asides import ASIDES, check_aside, extend, prolong
from documents.collecting.asking import Request, file_request, meta_of, together
from documents.collecting.moves import refuse_time
from documents.collecting.reopening import refuse_other_hand
from documents.collecting.submissions import WRITABLE, refuse_sealed, round_of
from documents.errors import Invalid, OutOfScope, WrongState
from documents.records.cases import Step, advance, check_step, table

WHOM = {"school": "โรงเรียน", "director": "ผู้อำนวยการ"}
WAITED_FOR = (*WRITABLE, "confirmed")  # states in which school or director still have something to do


class ExtensionRequest(Request):
    """One school's request for more time; of a reopened school it is the approver's to decide."""

    whom = ListField(StringField())
    wanted = DateTimeField()  # until when the school would like it
    until = DateTimeField()
    granted = ListField(StringField())

    slug = "extension"
    label, label_en = "คำขอขยายเวลา", "Request for more time"
    states = {
        "asked": "รอพิจารณา",
        "granted": "ขยายเวลาแล้ว",
        "refused": "ไม่อนุมัติ",
        "withdrawn": "ถอนคำขอแล้ว",
    }
    open_states = ("asked",)
    decisions = ("grant", "refuse", "prolong", "turn_down")
    steps = table(
        Step("grant", "ขยายเวลา", "Extend", ("asked",), "granted", ("district",)),
        Step("refuse", "ไม่ขยายเวลา", "Refuse", ("asked",), "refused", ("district",), reason=True),
        Step("prolong", "ขยายเวลาเปิดคืน", "Prolong", ("asked",), "granted", ("approver",)),
        Step("turn_down", "ไม่ขยายเวลาเปิดคืน", "Turn down", ("asked",), "refused", ("approver",), reason=True),
        Step("withdraw", "ถอนคำขอ", "Withdraw", ("asked",), "withdrawn", ("school", "director")),
    )
    meta = meta_of("extension_requests", ("asked",))

    def refuse(self, step, actor, now):
        """Besides the separation of persons: who gave the time first gives more of it."""
        super().refuse(step, actor, now)
        refuse_other_hand(self, step, actor)
        of_approver = step.name in ("prolong", "turn_down")
        if step.name != "withdraw" and of_approver != (self.version > 1):
            whose = "ผู้รับรองระดับเขต" if self.version > 1 else "เจ้าหน้าที่เขต"
            raise WrongState(f"คำขอนี้{whose}เป็นผู้พิจารณา")


def may_ask(submission, round_, actor):
    """Whether this person may ask for more time now, for the button."""
    asks = any(actor.holds(role, submission.area_code, submission.school_code) for role in WHOM)
    going = round_.running or (submission.reopened and round_.state != "closing")
    return asks and going and submission.state in WAITED_FOR


def ask_time(submission, actor, reason, whom, wanted=None):
    """ขอขยายเวลา for school, director or both; `wanted` is the aware instant the school would like.

    Raises OutOfScope, RoundLocked, WrongState (handed in already, or one is open) or Invalid.
    """
    round_ = round_of(submission)
    if not any(actor.holds(role, submission.area_code, submission.school_code) for role in WHOM):
        raise OutOfScope("ท่านไม่มีสิทธิ์ขอขยายเวลาของโรงเรียนนี้")
    refuse_sealed(submission, round_)
    if not may_ask(submission, round_, actor):
        raise WrongState(
            f"{submission.school_name} อยู่ในสถานะ “{submission.shown_state}” รอบ {round_} จึงไม่ต้องขอขยายเวลา"
        )
    refuse_time(wanted, clock.now())
    return file_request(
        ExtensionRequest, submission, "asked", actor, reason,
        whom=_whom(whom), wanted=naive(wanted) if wanted else None,
    )  # fmt: skip


def _whom(whom):
    if not whom or not set(whom) <= WHOM.keys():
        raise Invalid({0: {"whom": "โปรดเลือกว่าขยายเวลาให้โรงเรียน ผู้อำนวยการ หรือทั้งสอง"}})
    return [each for each in WHOM if each in whom]


def decider(request):
    """The name of the step that grants this request: the district's, or the approver's for a reopened school."""
    return "prolong" if request.version > 1 else "grant"


def grant(request, actor, until, whom=None, reason=None):
    """Give the time until an aware instant; gives (request, submission), both moved in one transaction."""
    now, name = clock.now(), decider(request)
    check_step(request, ExtensionRequest.steps[name], actor, now)
    whom = _whom(request.whom if whom is None else whom)
    said = (reason or "").strip() or request.reason

    def work(submission, round_):
        if submission.version != request.version:
            raise WrongState("โรงเรียนนี้ไม่ได้อยู่ในฉบับที่ขอขยายเวลาแล้ว กรุณาไม่อนุมัติคำขอนี้พร้อมเหตุผล")
        check_aside(submission, round_, ASIDES["prolong" if name == "prolong" else "extend"], actor)
        if name == "prolong":
            moved = prolong(submission, actor, until, said)
        else:
            moved = extend(submission, actor, until, whom, said)
        values = {"until": naive(until), "granted": whom}
        return advance(request, name, actor, reason, values, now, noted=values), moved

    return together(request, work)

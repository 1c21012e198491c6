"""Requests about a submission (คำขอของโรงเรียน): what a request to reopen and one for more time have in common."""

from mongoengine.fields import IntField, ObjectIdField, StringField
from pymongo.errors import DuplicateKeyError

from documents.collecting.rounds import find_round, label_of
from documents.collecting.submissions import Submission
from documents.database import in_transaction
from documents.errors import NotAllowed, WrongState
from documents.people import access
from documents.records.cases import Case, find_case, open_case, reason_of

ONE_AT_A_TIME = "request_open"  # the index that lets a submission have one open request of a kind
MOST_SHOWN = 300


class Request(Case):
    """A request about one submission; the kind adds what is asked and the table of steps."""

    subsystem = StringField(required=True, max_length=32)
    academic_year = IntField(required=True)
    round = StringField(required=True, max_length=24)
    submission = ObjectIdField(required=True)
    version = IntField(required=True)  # of the submission when it was asked

    meta = {"abstract": True, "auto_create_index": False, "strict": False}

    slug = None  # the kind's name in addresses and forms
    decisions = ()  # steps by which somebody judges what another asked

    @property
    def page(self):
        """The path of its page: those of all kinds stand together."""
        return f"/admin/reopening/details/?kind={self.slug}&id={self.id}"

    @property
    def round_label(self):
        """2568-1."""
        return label_of(self.academic_year, self.round)

    def refuse(self, step, actor, now):
        """Separation is by person: who asked or forwarded decides nothing."""
        did = {row["by"] for row in self.moves}
        if step.name in self.decisions and actor.id in did and not actor.is_system:
            raise NotAllowed("ท่านเป็นผู้ยื่นหรือส่งต่อคำขอนี้เอง จึงพิจารณาเองไม่ได้ กรุณาให้เจ้าหน้าที่คนอื่นพิจารณา")


def meta_of(name, open_states):
    """The `meta` of a kind: one open request a submission, lists by area and state, by school, by submission."""
    waiting = {"state": {"$in": list(open_states)}}
    return {
        "collection": name,
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {
                "fields": ["area_code", "submission"],
                "unique": True,
                "partialFilterExpression": waiting,
                "name": ONE_AT_A_TIME,
            },
            {"fields": ["area_code", "state", "-asked_at"]},
            {"fields": ["area_code", "-asked_at"]},
            {"fields": ["area_code", "submission", "-asked_at"]},
            {"fields": ["area_code", "school_code", "-asked_at"]},
        ],
    }


def file_request(kind, submission, state, actor, reason, **own):
    """Store a new request about a submission; raises Invalid without a reason, WrongState while one is open."""
    same = ("area_code", "school_code", "school_name", "subsystem", "academic_year", "round", "version")
    request = kind(state=state, submission=submission.id, **{name: submission[name] for name in same}, **own)
    try:
        return open_case(request, actor, reason_of(reason))
    except DuplicateKeyError as error:
        raise WrongState(
            f"{submission.school_name} มี{kind.label}ที่รอพิจารณาอยู่แล้ว กรุณารอผลหรือถอนคำขอเดิมก่อน"
        ) from error


def together(request, work):
    """Do `work(submission, round_)` in one transaction on what is stored now: a request and its submission move at once."""

    def whole():
        submission = submission_of(request)
        round_ = find_round(
            submission.area_code, submission.subsystem, submission.academic_year, submission.round
        )
        return work(submission, round_)

    return in_transaction(whole)


def submission_of(request):
    """The Submission a request is about, as it is now."""
    return Submission.objects(area_code=request.area_code, id=request.submission).get()


# ---- who sees which ----


def scope_of(user):
    """The filters that together are all the requests a person may see: officers the area, schools their own."""
    ways = [{"area_code": area} for area in user.areas("district", "approver")]
    return ways + [{"area_code": a, "school_code": code} for a, code in user.schools("school", "director")]


def get_request(kind, user, id_):
    """The request of an id as far as this person may see it; raises OutOfScope for any other."""
    ways = scope_of(user)
    return find_case(kind, id_, {"$or": ways} if ways else access.NOTHING)


def requests_for(kind, user, area_code, open_only=False):
    """A person's requests of a kind in an area, the newest first, at most MOST_SHOWN; without lists of moves."""
    found = []
    for way in scope_of(user):
        if way["area_code"] == area_code:
            query = way | ({"state": {"$in": list(kind.open_states)}} if open_only else {})
            rows = kind.objects(__raw__=query).exclude("moves").order_by("-asked_at")
            found += rows.limit(MOST_SHOWN)
    once = {each.id: each for each in found}
    return sorted(once.values(), key=lambda each: (each.asked_at, each.id), reverse=True)[:MOST_SHOWN]


def requests_of(kind, submission):
    """All requests of a kind about one submission, the newest first."""
    rows = kind.objects(area_code=submission.area_code, submission=submission.id)
    return list(rows.order_by("-asked_at").limit(MOST_SHOWN))

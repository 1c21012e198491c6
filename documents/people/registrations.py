"""Registrations (คำขอลงทะเบียนผู้ใช้): a school's person asks for an account, or is invited to one.

He proves his e-mail by a link; an officer of the district checks him against his letter; the approver, who is someone
else, certifies him, and with that the account is there. Who may do what stands in `steps`, and for the role asked for
in `granting.py`. A school that has its officer already is told to whoever checks, who then says whether the new one
comes beside him or in his place.
"""

from bson import ObjectId
from mongoengine.fields import BooleanField, DateTimeField, IntField, ObjectIdField, StringField

from documents.errors import NotAllowed, OutOfScope
from documents.people import granting
from documents.people.users import SCHOOL_ROLES, System, User
from documents.records.cases import Case, Step, find_case, table

REGISTRANT = ObjectId("000000000000000000000002")  # stands for whoever asks, who has no account yet
# What the checker decides where the school has somebody in that role.
BESIDE = {"second": "เพิ่มเป็นอีกคนหนึ่ง", "replace": "แทนคนเดิม"}
HANDS = ("invite", "check")  # whoever took one of these does not certify


class Registration(Case):
    """One person who asks for one role at one school; `asked_by` is REGISTRANT, or the officer who invites him."""

    name = StringField(required=True, max_length=200)
    email = StringField(required=True, max_length=254)
    position = StringField(max_length=200)
    phone = StringField(max_length=30)
    role = StringField(required=True, choices=list(SCHOOL_ROLES))
    invited = BooleanField(default=False)

    letter = ObjectIdField()  # GridFS `evidence`
    letter_kind = StringField(max_length=40)
    letter_size = IntField()
    letter_digest = StringField(max_length=64)

    link_digest = StringField(max_length=64)  # of the token in the last letter to him
    link_until = DateTimeField()
    proven_at = DateTimeField()  # when the link was used; None: no letter could be sent

    checked_by = ObjectIdField()
    checked_by_name = StringField(max_length=200)
    beside = StringField(choices=list(BESIDE))
    replaces = ObjectIdField()  # the account whose role at the school ends with the certification
    replaces_name = StringField(max_length=200)
    account = ObjectIdField()  # what came of it

    slug = "registrations"
    label, label_en = "คำขอลงทะเบียน", "Registration"
    states = {
        "asked": "รอยืนยันอีเมล",
        "waiting": "รอเขตตรวจสอบ",
        "returned": "ส่งกลับให้ผู้ขอแก้",
        "checked": "ตรวจแล้ว รอรับรอง",
        "certified": "รับรองแล้ว",
        "refused": "ไม่รับรอง",
    }
    open_states = ("asked", "waiting", "returned", "checked")
    steps = table(
        Step("prove", "ยืนยันอีเมล", "Prove the e-mail", ("asked",), "waiting", ()),
        Step("amend", "แก้ไขแล้วส่งใหม่", "Send amended", ("returned",), "waiting", ()),
        Step("check", "ตรวจแล้วถูกต้อง", "Checked", ("waiting",), "checked", ("district",), tone="main"),
        Step("return", "ส่งกลับให้แก้", "Return", ("waiting",), "returned", ("district",), reason=True),
        Step("refuse", "ไม่รับ", "Refuse", ("waiting", "returned"), "refused", ("district",), reason=True, tone="risk"),
        Step("certify", "รับรองและสร้างบัญชี", "Certify", ("checked",), "certified", ("approver",), tone="main"),
        Step("send_back", "ให้เขตตรวจใหม่", "Send back", ("checked",), "waiting", ("approver",), reason=True),
        Step("turn_down", "ไม่รับรอง", "Turn down", ("checked",), "refused", ("approver",), reason=True, tone="risk"),
    )  # fmt: skip
    meta = {
        "collection": "registrations",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["area_code", "state", "-asked_at", "-_id"]},
            {"fields": ["area_code", "-asked_at", "-_id"], "name": "newest"},
            {"fields": ["area_code", "email"]},
            {"fields": ["link_digest"], "sparse": True},
            {"fields": ["state", "link_until"], "name": "unproven"},
        ],
    }

    @property
    def asker(self):
        """The officer who invited him; the registrant himself is written to."""
        return self.asked_by if self.invited else None

    @property
    def registrant(self):
        """Who acts where a step is the registrant's own."""
        return System(self.name, REGISTRANT)

    @property
    def is_proven(self):
        """Whether his e-mail is known to be his."""
        return self.proven_at is not None

    def refuse(self, step, actor, now):
        """Nobody decides about himself; who checked or invited does not certify; the role's own rule is asked too."""
        if actor.is_system:
            return
        if getattr(actor, "email", None) == self.email:
            raise NotAllowed("คำขอนี้เป็นของท่านเอง กรุณาให้เจ้าหน้าที่คนอื่นพิจารณา")
        if step.name in ("certify", "turn_down", "send_back") and actor.id in self.hands:
            raise NotAllowed("ท่านเป็นผู้ตรวจหรือผู้เชิญในคำขอนี้ จึงรับรองเองไม่ได้ กรุณาให้ผู้รับรองคนอื่นพิจารณา")
        allowed = granting.certifies if "approver" in step.roles else granting.checks
        if not allowed(actor, self.role, self.area_code):
            raise OutOfScope(f"ท่านไม่มีสิทธิ์{step.label}ในเรื่องนี้")

    @property
    def hands(self):
        """Ids of everybody who invited or checked, in whichever round of it."""
        return {row["by"] for row in self.moves if row["name"] in HANDS} | (
            {self.asked_by} if self.invited else set()
        )


def holders(area_code, school_code, role):
    """The active people who hold this role at the school by a grant of their own, by name."""
    held = {"$elemMatch": {"role": role, "area_code": area_code, "school_codes": school_code}}
    asked = {"areas_listed": area_code, "active": True, "grants": held}
    return list(User.objects(__raw__=asked).order_by("name", "id"))


# ---- what waits for whom ----

SUM = ({"$group": {"_id": None, "n": {"$sum": 1}, "oldest": {"$min": "$asked_at"}}},)


def waiting_questions(user, area_code):
    """{what waits: (document class, pipeline)}, as `database.asked_together` takes it: each gives one row {n, oldest}."""
    asked = {}
    if user.holds("district", area_code):
        asked["join_check"] = {"state": "waiting"}
    if user.holds("approver", area_code):
        own = {"by": user.id, "name": {"$in": list(HANDS)}}
        asked["join_certify"] = {
            "state": "checked", "asked_by": {"$ne": user.id}, "moves": {"$not": {"$elemMatch": own}},
        }  # fmt: skip
    others = {"area_code": area_code, "email": {"$ne": user.email}}
    return {what: (Registration, [{"$match": others | query}, *SUM]) for what, query in asked.items()}


# ---- who sees which ----

READERS = ("district", "approver")


def visible_to(user):
    """The MongoDB filter of the registrations a person may see: officers and approvers those of their areas."""
    areas = user.areas(*READERS)
    return {"area_code": {"$in": areas}, "state": {"$ne": "asked"}} if areas else {"_id": None}


def get_registration(user, id_):
    """The Registration of an id as far as this person may see it; raises OutOfScope for any other."""
    return find_case(Registration, id_, visible_to(user))

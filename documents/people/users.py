"""People, what they may do and where, and the sessions they are signed in with."""

from dataclasses import dataclass, field

from bson import ObjectId
from flask_security.core import RoleMixin, UserMixin
from mongoengine import Document, EmbeddedDocument
from mongoengine.fields import (
    BooleanField,
    DateTimeField,
    DictField,
    EmbeddedDocumentListField,
    IntField,
    ListField,
    ObjectIdField,
    StringField,
)

from documents import clock

ROLES = {
    "school": "ครูข้อมูลโรงเรียน",
    "director": "ผู้อำนวยการโรงเรียน",
    "district": "เจ้าหน้าที่เขต",
    "approver": "ผู้รับรองระดับเขต",
    "executive": "ผู้บังคับบัญชา",
    "admin": "ผู้ดูแลระบบ",
}
SCHOOL_ROLES = ("school", "director")
EVERY_AREA = "*"


class Role(Document, RoleMixin):
    """One of the six roles; the name is what rules ask for, the description what people read."""

    name = StringField(required=True, max_length=20)
    description = StringField(max_length=100)

    meta = {
        "collection": "roles",
        "auto_create_index": False,
        "strict": False,
        "indexes": [{"fields": ["name"], "unique": True}],
    }


class Grant(EmbeddedDocument):
    """A role held somewhere: in an area, or in named schools of it.

    `sensitive` is the mark that lets an officer see the sensitive class of personal data.
    """

    role = StringField(required=True, choices=list(ROLES))
    area_code = StringField(required=True, max_length=8)
    school_codes = ListField(StringField(max_length=8))
    sensitive = BooleanField(default=False)

    meta = {"strict": False}  # read also as another version of the product stored it

    def covers(self, area_code, school_code=None):
        """Whether this grant reaches the area, or the school when one is named."""
        if self.area_code not in (area_code, EVERY_AREA):
            return False
        if self.role in SCHOOL_ROLES:
            return school_code in self.school_codes
        return True


class Acting(EmbeddedDocument):
    """An appointment as acting director (รักษาการ) of one school: the role `director` from one day to another.

    It asks the clock itself, so that it begins and ends by itself wherever a role is asked for.
    """

    id = ObjectIdField(required=True)
    area_code = StringField(required=True, max_length=8)
    school_code = StringField(required=True, max_length=8)
    since = DateTimeField(required=True)  # days, both included
    until = DateTimeField(required=True)
    order_number = StringField(required=True, max_length=80)

    meta = {"strict": False}

    role = "director"
    sensitive = False

    @property
    def school_codes(self):
        """The one school, as a grant names its schools."""
        return [self.school_code]

    def in_force(self):
        """Whether today lies within the appointment."""
        return self.since.date() <= clock.today() <= self.until.date()

    def covers(self, area_code, school_code=None):
        """Whether it reaches the school."""
        return (self.area_code, self.school_code) == (area_code, school_code)


class Holder:
    """The questions every rule asks of whoever acts; a person or the system itself answers them."""

    @property
    def held(self):
        """The grants in force now."""
        return self.grants

    def acting_director(self, area_code, school_code):
        """The Acting by which this person is director of the school now; None for a director, and for all others."""
        found = [
            grant for grant in self.held if grant.role == "director" and grant.covers(area_code, school_code)
        ]
        return found[0] if found and all(isinstance(grant, Acting) for grant in found) else None

    def holds(self, role, area_code, school_code=None):
        """Whether this role is held for the area, or the school when one is named."""
        return any(grant.role == role and grant.covers(area_code, school_code) for grant in self.held)

    def roles_at(self, area_code, school_code=None):
        """The roles held for one school (area-wide roles included), in the order of ROLES."""
        return [role for role in ROLES if self.holds(role, area_code, school_code)]

    def areas(self, *roles):
        """Area codes in which one of `roles` is held, sorted; '*' stands for every area."""
        return sorted({grant.area_code for grant in self.held if grant.role in roles})

    def schools(self, *roles):
        """(area code, school code) pairs in which one of the school roles is held, sorted."""
        return sorted(
            {
                (grant.area_code, code)
                for grant in self.held
                if grant.role in roles and grant.role in SCHOOL_ROLES
                for code in grant.school_codes
            }
        )

    def has_mark(self, area_code):
        """Whether an area-wide role of this person carries the mark for sensitive data."""
        return any(grant.sensitive and grant.covers(area_code) for grant in self.held)


class User(Holder, Document, UserMixin):
    """One person who signs in. Accounts are switched off, never deleted: history names them."""

    email = StringField(required=True, max_length=254)
    name = StringField(required=True, max_length=200)
    position = StringField(max_length=200)
    phone = StringField(max_length=30)
    password = StringField(max_length=255)
    active = BooleanField(default=True)
    must_change_password = BooleanField(default=False)
    grants = EmbeddedDocumentListField(Grant)
    acting = EmbeddedDocumentListField(Acting)
    areas_listed = ListField(StringField(max_length=8))  # of the grants, so that lists start with the area
    confirmed = DictField()  # {area: when and by whom the account was last said to be right}
    revision = IntField(default=1)
    language = StringField(max_length=2)  # what he reads in, and how he wants dates; None: the product's own
    dates = StringField(max_length=10)
    notices = ListField(DictField())  # version, at: personal-data notices that he has read

    # Flask-Security's own
    fs_uniquifier = StringField(max_length=64, required=True)
    confirmed_at = DateTimeField()
    last_login_at = DateTimeField()
    current_login_at = DateTimeField()
    last_login_ip = StringField(max_length=64)
    current_login_ip = StringField(max_length=64)
    login_count = IntField(default=0)
    failed_logins = IntField(default=0)
    locked_until = DateTimeField()
    two_step_secret = StringField(max_length=200)  # sealed; there while he signs in by two steps
    two_step_since = DateTimeField()
    two_step_counter = IntField()  # of the last code that was taken: none is taken twice
    recovery_codes = ListField(StringField(max_length=64))  # keyed digests of those not used yet
    digest_off = BooleanField(default=False)  # wants no daily e-mail (documents/notifying/daily_mail.py)
    unread = IntField(default=0)  # notices, counted here so that the bell asks nothing
    last_job_at = DateTimeField()  # so that pages look for jobs only for whom there may be any

    meta = {
        "collection": "users",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["email"], "unique": True},
            {"fields": ["fs_uniquifier"], "unique": True},
            {"fields": ["areas_listed", "name", "_id"]},
        ],
    }

    is_system = False

    @property
    def held(self):
        """The grants, and the appointments as acting director that are in force today.

        Asked dozens of times a page, so past the fields themselves, which look for references at each reading.
        """
        grants, acting = self._data.get("grants") or [], self._data.get("acting")
        return [*grants, *(one for one in acting if one.in_force())] if acting else grants

    @property
    def roles(self):
        """Flask-Security's view of the grants: one Role each."""
        return [Role(name=name) for name in ROLES if any(grant.role == name for grant in self.held)]

    @roles.setter
    def roles(self, _):
        """Roles come from grants alone; Flask-Security may pass an empty list on creation."""

    def clean(self):
        """Keep `areas_listed` true to the grants."""
        self.areas_listed = sorted({grant.area_code for grant in self.grants})

    def __str__(self):
        return self.name


class Session(Document):
    """One signed-in browser; the cookie carries its id. Ending it holds at the next request."""

    user = ObjectIdField(required=True)
    since = DateTimeField(required=True)
    last_seen = DateTimeField(required=True)
    ends_at = DateTimeField(required=True)
    address = StringField(max_length=64)
    browser = StringField(max_length=300)
    ended_at = DateTimeField()
    searches = ListField(DictField())  # token, term: numbers looked for, which no address may hold

    meta = {
        "collection": "sessions",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["user", "-last_seen"]},
            {"fields": ["ends_at"], "expireAfterSeconds": 30 * 24 * 3600},
        ],
    }


class Count(Document):
    """How often a limited thing was done in its present span of time: sign-in, a change of password, an export.

    Flask-Limiter writes it, under a name of its own making; it goes away when the span is over.
    """

    name = StringField(primary_key=True)
    count = IntField()
    expireAt = DateTimeField()  # Flask-Limiter's own spelling

    meta = {
        "collection": "limit_counters",
        "auto_create_index": False,
        "strict": False,
        "indexes": [{"fields": ["expireAt"], "expireAfterSeconds": 0}],
    }


@dataclass(frozen=True)
class System(Holder):
    """A script or a nightly job: it writes under a name, in drafts only, whatever the window says."""

    name: str
    id: ObjectId = field(default=ObjectId("000000000000000000000000"))
    grants: tuple = ()
    is_system: bool = True

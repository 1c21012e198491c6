"""Schools (โรงเรียนในสังกัด): the grid of an area's schools, one school's profile, and changing it."""

import io
import re

from flask import g, has_request_context, request, send_file
from flask_admin import expose
from flask_admin.contrib.mongoengine import ModelView
from flask_login import current_user

from documents.collecting.rounds import STATES as ROUND_STATES
from documents.collecting.submissions import Submission, visible_to
from documents.collecting.waiting import newest_rounds
from documents.district import places, school_sizes
from documents.district.contacts import READERS
from documents.district.land import size_in_words, square_wah, total
from documents.district.levels import stages_in_words
from documents.district.school_gaps import gaps_of, lacking
from documents.district.school_moves import MOVES
from documents.district.school_profile import in_words, label_of, open_names, reads_history
from documents.district.schools import DISTRICT, SCHOOL, STATUSES, School, get_school, may_edit
from documents.dmc.rooms import rooms_of
from documents.formats import buddhist, thai
from documents.people import access
from documents.people.access import visible_schools
from documents.people.users import EVERY_AREA
from documents.records.codelists import code_list
from documents.records.fields import PERSONAL
from documents.records.record import declared
from documents.trail import history
from exports.district.school_profiles import profiles_file_name, profiles_workbook
from exports.file_jobs import XLSX
from views import here, links
from views.collecting.submissions import Choice
from views.district.school_edit import SchoolEdit
from views.district.school_import import SchoolImport
from views.district.school_map import HEIGHT, WIDTH, map_of
from views.district.school_moves import SchoolMoves, rounds_around
from views.district.school_notes import SchoolNotes, people_around
from views.here import person
from views.pages import Page, SecureForm
from views.records.files_out import SCOPE, hands_out

LONGEST_SEARCH = 60
MOST_EXPORTED = 50_000
CODES = ("moe_code", "obec_code")  # shown together with the SMIS code
APART = (*CODES, "size_band", "grade_from", "grade_to")  # told elsewhere on the page
ACTIONS = {"create": "เพิ่มโรงเรียน", "appoint": "แต่งตั้งรักษาการ", "dismiss": "สิ้นสุดการรักษาการ"}
ACTIONS |= {name: move.label for name, move in MOVES.items()}


class OfSize(Choice):
    """Schools of a size, as the counted pupils say."""

    def apply(self, query, value):
        """The queryset narrowed to a band."""
        return query.filter(__raw__=school_sizes.band_filter(areas_seen(), str(value)[:10]))


class OfProfile(Choice):
    """Schools whose profile lacks something, or nothing."""

    def apply(self, query, value):
        """The queryset narrowed to one of the two."""
        short = lacking()
        return query.filter(__raw__=short if value == "lacking" else {"$nor": [short]})


def listed(name):
    """What a filter asks for the choices of a list: Flask-Admin does once at start, too, when there may be no database."""
    return lambda: code_list(name).choices if has_request_context() else []


class Schools(SchoolImport, SchoolNotes, SchoolMoves, SchoolEdit, Page, ModelView):
    """Schools that this person may see; the school changes what is its own, an officer or the administrator all."""

    roles = ("school", "director", "district", "approver", "executive", "admin")
    form_base_class = SecureForm
    can_create = can_delete = can_export = False
    can_view_details = True
    list_template = "district/schools.html"
    column_list = (
        "name",
        "code",
        "cluster",
        "subdistrict",
        "grade_from",
        "size_band",
        "pupils",
        "director_name",
        "status",
    )
    column_labels = {
        "name": "โรงเรียน", "code": "รหัส SMIS", "cluster": "กลุ่มโรงเรียน", "subdistrict": "ที่ตั้ง", "grade_from": "เปิดสอน",
        "size_band": "ขนาด", "pupils": "นักเรียน", "director_name": "ผู้อำนวยการ", "status": "สถานะ",
    }  # fmt: skip
    column_sortable_list = ("name", "code", "cluster", "subdistrict", "status")
    column_default_sort = [("cluster", False), ("code", False)]
    column_searchable_list = ("name", "code")
    page_size = 50

    # Routes of Flask-Admin's that schools do not have: without `expose` they are not registered at all.
    create_view = delete_view = action_view = export = ajax_update = ajax_lookup = api_file_view = None

    def __init__(self):
        self.column_filters = (
            Choice("status", "สถานะ", list(STATUSES.items())),
            OfSize("size_band", "ขนาดโรงเรียน", listed("SCHOOL_SIZE")),
            Choice("municipal_type", "ประเภทท้องถิ่น", listed("LOCAL_GOV")),
            Choice("flags", "ลักษณะพิเศษ", listed("SCHOOL_FLAG")),
            OfProfile("site_plan", "ข้อมูลพื้นฐาน", [("lacking", "ยังไม่ครบถ้วน"), ("whole", "ครบถ้วน")]),
        )
        super().__init__(School, name="โรงเรียนในสังกัด", endpoint="schools", url="/admin/schools")
        self.column_formatters = {
            "subdistrict": lambda view, context, row, name: where(row, short=True),
            "grade_from": lambda view, context, row, name: grades(row),
            "size_band": lambda view, context, row, name: code_list("SCHOOL_SIZE").label(size_in(row).band),
            "pupils": lambda view, context, row, name: (
                "" if size_in(row).pupils is None else f"{size_in(row).pupils:,}"
            ),
            "status": lambda view, context, row, name: STATUSES.get(row.status, row.status),
        }

    def scaffold_form(self):
        """An empty form: the page's own is read off documents.district.schools."""
        return SecureForm

    def scaffold_list_form(self, *args, **more):
        """An empty form, as above."""
        return SecureForm

    @property
    def can_edit(self):
        """Whether this person changes schools of any area of his; each is asked again when it is opened."""
        return any(may_edit(current_user, area) for area in current_user.areas("district", "admin"))

    @property
    def sees_contacts(self):
        """Whether the list of contacts is open to this person."""
        return bool(current_user.areas(*READERS))

    @property
    def establishes(self):
        """Whether this person adds schools by an order."""
        return bool(current_user.areas("district"))

    @property
    def offices(self):
        """The area offices this person sees: units of their own, no schools."""
        return list(
            School.objects(__raw__={"$and": [visible_schools(current_user), {"kind": "office"}]}).limit(5)
        )

    def get_query(self):
        """The schools this person may see: officers their area's, school people their own."""
        seen = visible_schools(current_user)
        return School.objects(__raw__={"$and": [seen, {"kind": {"$ne": "office"}}]}).exclude(
            "moves", "acting"
        )

    def _search(self, query, search_term):
        """By a piece of the name or code, among one area's schools."""
        found = {"$regex": re.escape(thai.clean(search_term)[:LONGEST_SEARCH]), "$options": "i"}
        return query.filter(__raw__={"$or": [{"name": found}, {"code": found}]})

    def get_list(self, page, sort_field, sort_desc, search, filters, execute=True, page_size=None):
        """As Flask-Admin's, with a page number that is one."""
        page = min(max(page or 0, 0), 1_000)
        return super().get_list(page, sort_field, sort_desc, search, filters, execute, page_size)

    @expose("/export/xlsx/")
    @hands_out(SCOPE)
    def profiles_view(self):
        """The profiles of the schools that the list shows, as a workbook; noted before it is sent."""
        asked = self._get_list_extra_args()
        _, found = self.get_list(0, None, None, asked.search, asked.filters, page_size=MOST_EXPORTED)
        schools = list(found)
        areas = sorted({one.area_code for one in schools})
        user = person()
        for area in areas:
            rows = sum(one.area_code == area for one in schools)
            about = {"what": [None, "schools"], "rows": [None, rows], "kind": [None, "xlsx"]}
            history.note_event(area, user, "export", "access", user.id, about)
        name = here.area_name(areas[0]) if len(areas) == 1 else ""
        sizes = {area: school_sizes.sizes_of(area) for area in areas}
        content = io.BytesIO(profiles_workbook(schools, sizes, name, reads_people))
        return send_file(content, XLSX, as_attachment=True, download_name=profiles_file_name(name))

    @expose("/details/")
    def details_view(self):
        """One school: its facts, its submissions, its history."""
        return self._details(get_school(visible_schools(current_user), request.args.get("id")))

    def _details(self, school, refused=(None, None)):
        sees_history = reads_history(current_user, school)
        events = history.events_of(school.area_code, school.id, limit=50) if sees_history else []
        manages = may_edit(current_user, school.area_code)
        people = people_around(school)
        return self.render(
            "district/school.html",
            school=school,
            gaps=gaps_in_words(gaps_of(school, people["contacts"])) if school.is_open else [],
            groups=groups_of(school),
            may_edit=manages,
            edits=bool(open_names(current_user, school)),
            sees_history=sees_history,
            submissions=self._submissions(school),
            events=[event_of(each) for each in events],
            where=where(school),
            grades=grades(school),
            codes=codes_of(school),
            levels=levels_of(school),
            **size_words(school),
            parcels=[parcel_of(each) for each in school.land],
            land_total=size_in_words(*total(school.land)),
            map=map_of(school, names=manages),
            map_size=(WIDTH, HEIGHT),
            takes_pictures=True,
            status_words=STATUSES.get(school.status or "open", school.status),
            refused=refused[0],
            refusal=refused[1],
            **people,
            **rounds_around(school),
        )

    def _submissions(self, school):
        """[(submission, round, page)] of the school's newest rounds."""
        rounds = {
            (each.subsystem, each.academic_year, each.code): each for each in newest_rounds(school.area_code)
        }
        found = Submission.objects(
            __raw__={
                "$and": [
                    {"area_code": school.area_code, "school_code": school.code},
                    visible_to(current_user),
                ]
            }
        ).exclude("moves", "writers")
        rows = []
        for each in found.order_by("-academic_year", "-round").limit(12):
            round_ = rounds.get((each.subsystem, each.academic_year, each.round))
            if round_:
                rows.append((each, round_, links.submission_page(each.id), ROUND_STATES[round_.state]))
        return rows

    @expose("/places/")
    def places_view(self):
        """Subdistricts that fit what is typed, for the form's field: [{id, text, fill}]."""
        found = places.search(request.args.get("q", "")[:LONGEST_SEARCH], limit=12)
        return [
            {"id": each.code, "text": places.label(each.code), "fill": {"postcode": each.postcode}}
            for each in found
        ]


def reads_people(school):
    """Whether this person may read who leads a school and keeps its data."""
    return access.sees(current_user, school.area_code, school.code) or may_edit(
        current_user, school.area_code
    )


def areas_seen():
    """The area codes whose schools this person may see."""
    areas = {area for area in current_user.areas("district", "approver", "executive", "admin")}
    if EVERY_AREA in areas:
        return sorted(School.objects.distinct("area_code"))
    return sorted(areas | {area for area, _ in current_user.schools(*access.SCHOOL_READERS)})


def size_in(row):
    """The Size of a row of the list; the area's are asked once a request."""
    kept = g.setdefault("school_sizes", {})
    if row.area_code not in kept:
        kept[row.area_code] = school_sizes.sizes_of(row.area_code)
    return school_sizes.size_of(row, kept[row.area_code])


def size_words(school):
    """What the page says of a school's size: (words of the band or None, how it was worked out), and its rooms by grade."""
    size = school_sizes.size_of(school)
    band = code_list("SCHOOL_SIZE").label(size.band) or None
    if size.pupils is None:
        why = "ตามบัญชีโรงเรียน ยังไม่มีจำนวนนักเรียนของรอบ 10 มิ.ย." if band else "ยังไม่มีจำนวนนักเรียนของรอบ 10 มิ.ย."
        return {"size": (band, why), "rooms": ("", "")}
    listed = code_list("GRADE")
    declared_rooms = rooms_of(school.area_code, size.year, school_sizes.CODE, school.code)
    rooms = [f"{listed.short(grade)}\u00a0({number})" for grade, number in declared_rooms.items() if number]
    told = f"นักเรียน {size.pupils:,} คน {size.rooms:,} ห้องเรียน รอบ DMC {size.round_label}"
    return {
        "size": (band, told if size.settled else f"{told} โรงเรียนยังไม่ยืนยัน"),
        "rooms": (" · ".join(rooms), f"รอบ DMC {size.round_label}" if rooms else ""),
    }


def gaps_in_words(gaps):
    """[(who fills it, what)] of what a school's profile lacks."""
    keepers = (("โรงเรียนกรอก", SCHOOL), ("เขตกรอก", DISTRICT))
    told = [(who, " · ".join(gap.label for gap in gaps if gap.by == by)) for who, by in keepers]
    return [(who, what) for who, what in told if what]


def groups_of(school):
    """[(heading, [(label, value in words, address or None)])] of what this person may read of a school."""
    groups = {heading: [] for heading in School.groups}
    for name, field in declared(School).items():
        value = getattr(school, name)
        if (
            name in APART or field.kind == "picture" or field.personal == PERSONAL
        ):  # people stand among the contacts
            continue
        if name == "founded_year" and (value is None or school.founded_on):
            continue
        link = value if name == "website" and value else None
        if link and not link.lower().startswith(("http://", "https://")):
            link = f"http://{link}"
        groups[field.group].append((field.verbose_name, in_words(name, value), link))
    return list(groups.items())


def parcel_of(parcel):
    """One parcel as the page shows it."""
    return {
        "document": code_list("LAND_DOC").label(parcel.get("document")),
        "number": parcel.get("number") or "",
        "tenure": code_list("LAND_TENURE").label(parcel.get("tenure")),
        "rai": parcel.get("rai", 0), "ngan": parcel.get("ngan", 0), "wah": parcel.get("wah", 0),
        "size": square_wah(parcel),
    }  # fmt: skip


def codes_of(school):
    """[(what, code)]: the three forms of a school's code, the last six of the ministry's standing for OBEC's; its area's."""
    obec = school.obec_code or (school.moe_code or "")[-6:]
    forms = [("รหัส SMIS", school.code), ("รหัสกระทรวง", school.moe_code), ("รหัส OBEC", obec)]
    return [*forms, ("รหัสเขต", school.area_code)]


def grades(school):
    """'อ.2–ป.6': the grades a school teaches."""
    listed = code_list("GRADE")
    ends = [listed.short(code) or listed.label(code) for code in (school.grade_from, school.grade_to) if code]
    return "–".join(dict.fromkeys(ends))


def levels_of(school):
    """'อนุบาล–ประถมศึกษา (อ.2–ป.6)': the stages a school teaches, and the grades."""
    words, ends = stages_in_words(school.grade_from, school.grade_to), grades(school)
    return f"{words} ({ends})" if words else ends


def where(school, short=False):
    """Subdistrict and district in words."""
    if short:
        names = [places.name(school.subdistrict), places.name(school.district)]
        return " · ".join(filter(None, names))
    return places.label(school.subdistrict)


def event_of(event):
    """One event of a school's history, as the timeline draws it."""
    changes = [
        {
            "label": label_of(name),
            "old": in_words(name, old),
            "new": in_words(name, new),
        }
        for name, (old, new) in (event.changes or {}).items()
        if label_of(name)
    ]
    when = buddhist.format_datetime(event.at)
    return {
        "title": ACTIONS.get(event.action, "แก้ข้อมูลโรงเรียน")
        + (" · นำเข้าจากไฟล์" if event.via == "import" else ""),
        "who": event.actor_name,
        "when": when,
        "reason": event.reason,
        "changes": changes,
    }

"""Which fields must be filled (ข้อมูลที่ต้องกรอก): the declared fields of each subsystem, and a switch for each year."""

from dataclasses import dataclass
from functools import partial

from flask import abort, flash, make_response, redirect, request, url_for
from flask_admin import BaseView, expose
from flask_login import current_user

from documents import clock, subsystem, subsystems
from documents.collecting.rounds import Round
from documents.collecting.submissions import SEALED, Submission
from documents.errors import Invalid
from documents.formats import buddhist, thai
from documents.records.codelists import code_list
from documents.records.completeness import FieldSetting, required_of, set_required
from documents.records.declarations import declaration, definitions_of
from documents.records.kinds import survey_documents
from documents.records.record import declared, default_required, shown_fields
from documents.trail import history
from exports.records.added_fields import fields_file
from views import here
from views.jobs import follow
from views.pages import Page
from views.people.account_forms import areas_of
from views.records.field_editor import FieldEditorMixin, Warned, added_to, counted_anew, warn
from views.records.files_out import NOBODY, hands_out
from views.records.lists_out import note_about, send_list
from views.trail import telling

KINDS = {
    "text": "ข้อความ",
    "choice": "เลือกหนึ่งอย่าง",
    "choices": "เลือกได้หลายอย่าง",
    "count": "จำนวนเต็ม",
    "measure": "ตัวเลขมีทศนิยม",
    "date": "วันที่ (พ.ศ.)",
    "flag": "ใช่ หรือ ไม่ใช่",
    "picture": "ภาพถ่าย",
    "file": "ไฟล์แนบ",
}
CLASSES = {
    "public": ("เปิดเผยได้", "ok"),
    "internal": ("ใช้ภายใน", "muted"),
    "personal": ("ส่วนบุคคล", "info"),
    "sensitive": ("อ่อนไหว", "warn"),
}
GENERAL = "ข้อมูลทั่วไป"
LONGEST_REASON = 500
NAMES_SAID = 4
MOST_EVENTS = 20


@dataclass(frozen=True)
class Place:
    """Whose setting the page is about: one subsystem's document, one area, from one academic year (B.E.) on."""

    document: type
    area_code: str
    year: int

    @property
    def required(self):
        """Names of the fields that must be filled now."""
        return required_of(self.document, self.area_code, self.year)

    @property
    def args(self):
        """The place as the address names it."""
        return {"document": self.document.slug, "year": self.year, "area": self.area_code}


class Fields(FieldEditorMixin, Page, BaseView):
    """The fields of every subsystem, which of them the area demands, and those it adds."""

    roles = ("admin",)

    def __init__(self):
        super().__init__(name="ช่องข้อมูล", endpoint="fields", url="/admin/fields")

    @expose("/", methods=("GET", "POST"))
    def index(self):
        """The fields of one subsystem and year; posted, the switches as the person turned them."""
        place = self.asked_place()
        return self._save(place) if request.method == "POST" else self._page(place, ticked=place.required)

    @expose("/export/xlsx/")
    @hands_out(NOBODY)
    def export_xlsx(self):
        """The fields that the area added, those of one subsystem where the address names it, as a workbook."""
        place = asked_place()
        documents = documents_in(place.area_code) if "document" not in request.args else [place.document]
        pairs = [
            (document.label, each)
            for document in documents
            for each in definitions_of(document, place.area_code)
        ]
        title = " ".join(["ช่องที่เพิ่มเอง", *([place.document.label] if "document" in request.args else [])])
        about = {"what": "field_definitions", "rows": len(pairs), "kind": "xlsx"}
        note_about(place.area_code, here.person(), about)
        return send_list(fields_file(pairs, title), title)

    @staticmethod
    def asked_place():
        """The Place that the address names."""
        return asked_place()

    @staticmethod
    def place_of(definition):
        """The Place whose page lists an added field: the year worked in as far as the field is used."""
        return place_of(definition)

    @staticmethod
    def years_of(area_code):
        """The academic years that can be set."""
        return years_of(area_code)

    def _save(self, place):
        """Turn the switches that were turned, and no others; what was ticked stays where it is refused."""
        ticked, seen = (set(request.form.getlist(name)) for name in ("required", "seen"))
        reason = thai.clean(request.form.get("reason"))[:LONGEST_REASON]
        turned = (ticked ^ seen) & set(declared(place.document))
        try:
            if not turned:
                raise Invalid({0: {"required": "ยังไม่ได้เปลี่ยนช่องใด จึงไม่มีอะไรต้องบันทึก"}})
            if not reason:
                raise Invalid({0: {"reason": "โปรดระบุเหตุผล เพื่อให้ผู้อื่นทราบว่าเปลี่ยนเพราะอะไร"}})
            if not request.form.get("warned"):
                warn(place, place.year, sorted(turned & ticked - place.required))
            changed, job = store(place, {name: name in ticked for name in turned}, reason)
        except (Invalid, Warned) as refusal:
            return self._page(place, ticked, seen, reason, refusal)
        flash(said(place.document, changed), "success")
        return follow(job) if job else redirect(url_for(".index", **place.args))

    def _page(self, place, ticked, seen=None, reason="", refusal=None):
        required = place.required
        page = self.render(
            "records/fields.html",
            place=place,
            documents=documents_in(place.area_code),
            export_href=url_for(".export_xlsx", **place.args) if added_to(place) else None,
            years=years_of(place.area_code),
            areas=areas_of(current_user),
            groups=groups_of(place.document),
            ticked=ticked,
            seen=required if seen is None else seen,
            usual=default_required(place.document),
            reason=reason,
            refusal=refusal,
            warned=isinstance(refusal, Warned),
            source=source_of(place),
            reach=reach_of(place),
            events=events_of(place),
            added=added_to(place),
            kinds=KINDS,
            classes=CLASSES,
            list_title=lambda name: code_list(name).title,
        )
        return make_response(page, refusal.status if refusal else 200)


def documents_in(area_code):
    """The documents whose fields an area sets: the subsystems', then its surveys'."""
    return [*subsystems(), *survey_documents([area_code]).values()]


def asked_place():
    """The Place that the address names, else the first subsystem and the year worked in; 404 for an unknown one."""
    areas = [area.code for area in areas_of(current_user)]
    area = request.args.get("area") or (here.area_code() if here.area_code() in areas else None)
    area = area or next(iter(areas), None)
    documents = {document.slug: document for document in subsystems()} | survey_documents([area])
    document = documents.get(request.args.get("document", next(iter(documents))))
    if area not in areas or document is None:
        abort(404)
    years = years_of(area)
    current = here.current_round(document.subsystem)
    year = request.args.get("year", current.academic_year if current else years[0], type=int)
    if year not in years:
        abort(404)
    return Place(declaration(document, here.look_in(area), year), area, year)


def place_of(definition):
    """The Place of an added field: in the year worked in where the field is used then, else in its first."""
    document = subsystem(definition.document)
    current = here.current_round(document.subsystem)
    years = [current.academic_year] if current else []
    year = next((year for year in years if definition.holds_in(year)), definition.first_year)
    year = year if year in years_of(definition.area_code) else years_of(definition.area_code)[0]
    return Place(declaration(document, definition.area_code, year), definition.area_code, year)


def years_of(area_code):
    """The academic years that can be set, newest first: those with rounds, this one and the next."""
    now = buddhist.academic_year(clock.today())
    return sorted({*Round.objects(area_code=area_code).distinct("academic_year"), now, now + 1}, reverse=True)


def groups_of(document):
    """[(heading, [field])] of a document in the order of its form, worked-out fields too."""
    groups = {heading: [] for heading in document.groups}
    for field in shown_fields(document).values():
        groups.setdefault(field.group or GENERAL, []).append(field)
    return [(heading, fields) for heading, fields in groups.items() if fields]


def store(place, wanted, reason):
    """Set what is wanted, {name: must be filled}, over what is in force now.

    Gives (what that changed, the same way, and the job that counts anew; None where nothing changed).
    Somebody else's switches, turned since the page was opened, stay as he left them.
    """
    before = place.required
    after = (before | {name for name, on in wanted.items() if on}) - {
        name for name, on in wanted.items() if not on
    }
    changed, job = {name: name in after for name in before ^ after}, None
    if changed:
        needs = {name: "R" if name in after else "O" for name in declared(place.document)}
        actor = current_user._get_current_object()

        job = set_required(
            place.document, place.area_code, place.year, needs, actor, reason, partial(counted_anew, place)
        )
    return changed, job


def said(document, changed):
    """What a save changed, in a sentence."""
    parts = []
    for on, words in ((True, "เพิ่มให้ต้องกรอก"), (False, "ไม่บังคับแล้ว")):
        labels = [
            declared(document)[name].verbose_name for name in declared(document) if changed.get(name) is on
        ]
        if labels:
            more = f" และอีก {len(labels) - NAMES_SAID} ช่อง" if len(labels) > NAMES_SAID else ""
            parts.append(f"{words} {len(labels)} ช่อง ({', '.join(labels[:NAMES_SAID])}{more})")
    return "บันทึกแล้ว: " + " · ".join(parts) if parts else "มีผู้อื่นเปลี่ยนไว้เหมือนกันแล้ว จึงไม่มีอะไรเปลี่ยน"


def source_of(place):
    """Since which year what is in force was set; None while the declaration alone holds."""
    setting = (
        FieldSetting.objects(
            area_code=place.area_code, document=place.document.slug, academic_year__lte=place.year
        )
        .order_by("-academic_year")
        .only("academic_year")
        .first()
    )
    return setting and setting.academic_year


def reach_of(place):
    """(schools, records) that a save counts anew: those of this year and later ones that are not sealed."""
    slug = place.document.slug
    open_ones = Submission.objects(
        area_code=place.area_code,
        academic_year__gte=place.year,
        subsystem=place.document.subsystem,
        state__nin=list(SEALED),
    ).only("school_code", "counts")
    rows = list(open_ones)
    return len({row.school_code for row in rows}), sum(row.counts.get(slug, 0) for row in rows)


def events_of(place):
    """The changes so far of this document's settings in the area, for the timeline, newest first."""
    settings = FieldSetting.objects(area_code=place.area_code, document=place.document.slug).scalar("id")
    rows = [
        row for id_ in settings for row in history.events_of(place.area_code, id_, MOST_EVENTS).as_pymongo()
    ]
    rows = sorted(rows, key=lambda row: (row["at"], row["_id"]), reverse=True)[:MOST_EVENTS]
    return [
        event | {"title": event["subject"]}
        for event in telling.events(rows, current_user._get_current_object(), sensitive=False, whole=True)
    ]

"""Where a page of ours is: the addresses that more than one view leads to."""

from urllib.parse import urlencode

from flask import url_for

from documents import subsystem
from documents.district.schools import School
from documents.dmc import results
from documents.records.kinds import documents_of, is_survey
from exports.workbooks.links import front
from views import here

# Names that building an address keeps for itself, or for a part of the path: pages lead on with all that they were asked
# (`url_for(..., **request.args)`), and by these an address could name another scheme or page.
RESERVED = frozenset(("endpoint", "self", "export_type", "key", "_anchor", "_method", "_scheme", "_external"))


def of_records(slug, view, **args):
    """The address of a page of a kind of record's view: `of_records("students", "details_view", id=...)`."""
    if is_survey(slug):
        return url_for(f"answers.{view}", key=slug.partition("-")[2], **args)
    return url_for(f"{slug}.{view}", **args)


def rows_at_fault(slug, school_code):
    """The grid of one school narrowed to the records that lack something required."""
    return front(slug) + "?" + urlencode({"school": school_code, "missing": 1})


def rows_by_district(slug, school_code):
    """The grid of one school narrowed to the records that the district wrote for it."""
    return front(slug) + "?" + urlencode({"school": school_code, "by_district": 1})


def rows_unreviewed(slug, school_code):
    """The grid of one school narrowed to the records that were carried over and nobody has looked over yet; the only form."""
    asked = {"school": school_code} | ({} if subsystem(slug).single else {"unreviewed": 1})
    return f"{front(slug)}?{urlencode(asked)}"


def rows_of(slug, school_code=None):
    """The grid of a subsystem, of one school where it is named."""
    return front(slug) + (f"?{urlencode({'school': school_code})}" if school_code else "")


def findings_of(school_code=None, level=None):
    """What the checks found, of one school and level where they are named."""
    asked = {"school": school_code, "level": level}
    return url_for("findings.index", **{name: value for name, value in asked.items() if value})


def field_of(slug, record, name):
    """The form of a record at one of its fields, which then has the focus."""
    at = f"#field-{name}" if name else ""
    return f"{front(slug)}edit/?id={record}{at}"


def mended_at(document, school_code, narrowed, name):
    """Where records of a school, {field: value}, are mended at a field: a line of a sheet, the only form, a cell of the grid."""
    asked = {"school": school_code}
    if document.sheet and document.sheet.line in narrowed:
        at = f"#line-{narrowed[document.sheet.line]}.{name}"
    elif document.single:
        at = f"#field-{name}" if name else ""
    else:
        filters = enumerate((field, value) for field, value in narrowed.items() if field in document.filters)
        asked |= {f"flt{number}_{field}_eq": value for number, (field, value) in filters}
        at = f"#cell-{name}" if name else ""
    return f"{front(document.slug)}?{urlencode(asked)}{at}"


# Where what some checks find is mended, beside the record itself: (endpoint, what the link says).
DESKS = {
    "DMC-12": ("year_end.index", "บันทึกผลสิ้นปีทั้งชั้น"),
    "BO-09": ("schools.edit_view", "เปิดข้อมูลพื้นฐานโรงเรียน"),
    "GC-04": ("students.create_view", "เพิ่มนักเรียนจากคำขอรหัส G"),
}


# Fields that are filled in there rather than in the grid.
DESKS_OF_FIELDS = dict.fromkeys(results.TYPED, "DMC-12")


def desk_of(code, school_code=None):
    """(address, words) of the page made for what a check finds, or None."""
    if code not in DESKS:
        return None
    endpoint, words = DESKS[code]
    if endpoint == "schools.edit_view":
        school = School.objects(area_code=here.area_code(), code=school_code).only("id").first()
        return (url_for(endpoint, id=str(school.id)), words) if school else None
    return url_for(endpoint, school=school_code or None), words


def main_slug(round_):
    """The slug of the first document of the round's subsystem: whose grid stands for it."""
    return documents_of(round_.subsystem)[0].slug


def submission_page(id_):
    """One school's page in one round."""
    return url_for("submissions.details_view", id=str(id_))


def class_lists(submission, round_):
    """The class lists of one school in one round."""
    return url_for("class_lists.index", school=submission.school_code, round=str(round_.id))


def round_page(round_):
    """One round's page."""
    return url_for("rounds.details_view", id=str(round_.id))


def choose(round_, then=None):
    """Makes a round the current one, then goes to `then` (a path of ours), the home page without."""
    return url_for("admin.choose", round=str(round_.id), then=then)


def control_room(round_, state=None):
    """The control room of a round, narrowed to a state or a group of them ('waiting': not yet confirmed)."""
    front = url_for("control_room.index")
    return choose(round_, then=f"{front}?{urlencode({'state': state})}" if state else front)

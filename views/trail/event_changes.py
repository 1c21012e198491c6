"""What an event changed, in words: old and new value of each field, and what is kept back from whom."""

from functools import cache

from documents.checking.check_rules import LABELS as LABELS_OF_RULE
from documents.checking.check_rules import all_checks_in
from documents.checking.checks import LEVELS, limit_named
from documents.district.school_profile import in_words, label_of
from documents.formats import buddhist, citizen_id
from documents.gcode.gcode import GCodeRequest
from documents.gcode.gcode_numbers import MODES as GCODE_MODES
from documents.people import access, accounts
from documents.people.privacy import KEEPING
from documents.people.privacy import LABELS as LABELS_OF_PRIVACY
from documents.records.codelists import code_list
from documents.records.declarations import ever_declared
from documents.records.field_definitions import CLASS_WORDS as CLASSES_OF_FIELD
from documents.records.field_definitions import KINDS as KINDS_OF_FIELD
from documents.records.field_definitions import LABELS
from documents.records.record import declared
from documents.records.surveys import LABELS as LABELS_OF_SURVEY
from documents.trail.refusals import KINDS as KINDS_OF_REFUSAL
from views.records import formatters
from views.trail.event_words import (
    ABOUT_ACCESS,
    DEEDS,
    KINDS,
    OF_A_LAYOUT,
    OF_A_LIST,
    OF_AN_ANNOUNCEMENT,
    PAGES,
    REFUSED,
    WHATS,
    documents,
)

CONTACT = ("email", "phone")  # of an account: for administrators alone


def changes_of(row, around):
    """([{label, old, new, unit}], how many values are kept back) of an event, for this reader."""
    changes, slug = row.get("changes") or {}, row["document"]
    if slug == GCodeRequest.slug:
        return _of_learner(row, changes, around)
    if slug in around.kinds:
        return _of_record(row, changes, around.kinds[slug], around)
    if slug == "users":
        return _of_account(row, changes, around.user)
    line = LINES.get(slug) or (_of_opening if row["action"] == "reveal" else _of_access)
    lines = (line(name, pair, row, around) for name, pair in changes.items())
    return [each for each in lines if each], 0


def _of_record(row, changes, document, around):
    """A record's changed fields by the rules of its own history; the sensitive class only where it is switched on."""
    if not access.sees(around.user, row["area_code"], row.get("school_code")):
        return [], len(changes)
    known, told, hidden = ever_declared(document, row["area_code"]), [], 0
    for name, (old, new) in changes.items():
        field = known.get(name)
        if name in document.beside:
            continue  # told by the changes that wrote it
        if name == "school_code":
            told.append(
                _line("โรงเรียน", *(around.schools.get((row["area_code"], code), code) for code in (old, new)))
            )
        elif name == "reviewed":
            told.append(_line("ทบทวนแล้ว", _plainly(old), _plainly(new)))
        elif field is None or not _may_tell(field, row, around):
            hidden += 1  # of a field declared no longer nobody can say of what class it was
        else:
            told.append(_line(field.verbose_name, _worded(field, old), _worded(field, new), field.unit))
    return told, hidden


# What an event of G-code requests tells beside the fields of the form, each in the words of its value.
OF_LEARNERS = {
    "evidence": ("หลักฐาน", lambda kind: code_list("G_EVIDENCE").short(kind)),
    "gcode_evidence": (
        "หลักฐานที่ต้องมี",
        lambda kinds: ", ".join(map(code_list("G_EVIDENCE").short, kinds or ())),
    ),
    "gcode_mode": ("ที่มาของรหัส G", lambda mode: GCODE_MODES.get(mode, mode)),
    "code": ("รหัส G", citizen_id.mask_id),
    "new_number": ("เลข 13 หลักที่ได้ภายหลัง", citizen_id.mask_id),
}


def _of_learner(row, changes, around):
    """A G-code request's changes: its fields as a record's, evidence, codes and settings in words."""
    plain = {name: pair for name, pair in changes.items() if name in OF_LEARNERS}
    rest = {name: pair for name, pair in changes.items() if name not in plain}
    if row["action"] != "settings" and not access.sees(around.user, row["area_code"], row.get("school_code")):
        return [], len(changes)
    told, hidden = _of_record(row, rest, GCodeRequest, around) if rest else ([], 0)
    for name, pair in plain.items():
        label, words = OF_LEARNERS[name]
        told.append(_line(label, *(words(one) if one else one for one in pair)))
    return told, hidden


def _may_tell(field, row, around):
    if field.personal != "sensitive":
        return True
    return around.sensitive and access.may_see_field(
        around.user, field, row["area_code"], row.get("school_code")
    )


def _worded(field, value):
    """A value in words, numbers of persons masked; one of an older kind of field as it is."""
    try:
        return formatters.masked(field, value)
    except (TypeError, ValueError, AttributeError):
        return str(value)


def _of_account(row, changes, user):
    """An account's changes; e-mail and telephone are the administrators' business."""
    told, hidden = [], 0
    for name, (old, new) in changes.items():
        if name in CONTACT and not user.holds("admin", row["area_code"]):
            hidden += 1
        else:
            told.append(_line(accounts.LABELS.get(name, name), _plainly(old), _plainly(new)))
    return told, hidden


# ---- one change of a subject that is no record: its line, or None where it is not told ----


def _labelled(labels):
    """The lines of a subject whose values speak for themselves: {name of what is told: label}."""

    def line(name, pair, row, around):
        return _line(labels[name], *map(_plainly, pair)) if name in labels else None

    return line


def _of_school(name, pair, row, around):
    """A changed fact of a school."""
    return _line(label_of(name) or name, *(in_words(name, one) for one in pair))


def _of_requirement(name, pair, row, around):
    """A field that was made required, or no longer is."""
    setting = around.settings.get(row["subject"]) or {}
    document = around.kinds.get(setting.get("document"))
    field = document and ever_declared(document, row["area_code"]).get(name)
    words = {True: "ต้องกรอก", False: "ไม่บังคับ"}
    return _line(field.verbose_name if field else name, *(words.get(one, one) for one in pair))


def _of_definition(name, pair, row, around):
    """What was said of a field that an admin added."""
    if name not in LABELS:
        return None
    words = {"kind": KINDS_OF_FIELD, "personal": CLASSES_OF_FIELD}.get(name, {})
    return _line(LABELS[name], *(words.get(one, one and _in_years(name, one)) for one in pair))


def _of_rule(name, pair, row, around):
    """What was said of a rule that the area made."""
    if name not in LABELS_OF_RULE:
        return None
    return _line(LABELS_OF_RULE[name], *(one and LEVELS.get(one, _in_years(name, one)) for one in pair))


def _in_years(name, value):
    """A value; a year without the comma of thousands."""
    return str(value) if name in ("first_year", "last_year") else _plainly(value)


def _of_limit(name, pair, row, around):
    """A changed bound of the checks."""
    limit = limit_named(name)
    return _line(limit.label, *pair, limit.unit) if limit else None


def _of_privacy(name, pair, row, around):
    """What an area set about personal data, or how many of what were erased."""
    if name not in LABELS_OF_PRIVACY:
        return None
    unit = "รายการ" if row["action"] == "tidy" else "วัน" if name in KEEPING else None
    return _line(LABELS_OF_PRIVACY[name], *map(_plainly, pair), unit)


def _of_refusal(name, pair, row, around):
    """What kind of attempt was refused, on which page or in which deed, how often."""
    _, new = pair
    if name == "what":
        new = KINDS_OF_REFUSAL.get(new, new)
    elif name == "where":
        blueprint = str(new).partition(".")[0]
        new = DEEDS.get(new) or PAGES.get(blueprint) or documents().get(blueprint) or view_name(blueprint)
    return _line(REFUSED.get(name, name), None, f"{new:,} ครั้ง" if name == "times" else new)


def _of_opening(name, pair, row, around):
    """A masked number that was opened."""
    return _line("เปิดดู", None, label_anywhere(name, around.kinds))


def _of_access(name, pair, row, around):
    """What was taken or opened: words for subjects and schools, numbers as they are."""
    old, new = pair
    if new in (None, "") or name == "record":  # the record is told as what the event is about
        return None
    if name == "school":
        new = around.schools.get((row["area_code"], new), new)
    elif name == "what":
        new = WHATS.get(new) or documents().get(new, new)
    elif name == "piece":
        new = code_list("G_EVIDENCE").short(new)
    elif name == "kind":
        new = KINDS.get(new) or str(new).upper()
    return _line(ABOUT_ACCESS.get(name, name), _plainly(old), _plainly(new))


def _of_answers(name, pair, row, around):
    """How many findings of one check were answered."""
    title = next((check.title for check in all_checks_in(row["area_code"]) if check.code == name), None)
    return _line(f"{name} {title}" if title else ABOUT_ACCESS.get(name, name), None, pair[1], "ข้อ")


LINES = {
    "findings": _of_answers,
    "schools": _of_school,
    "fields": _of_requirement,
    "field_definitions": _of_definition,
    "surveys": _labelled(LABELS_OF_SURVEY),
    "layouts": _labelled(OF_A_LAYOUT),
    "codelists": _labelled(OF_A_LIST),
    "announcements": _labelled(OF_AN_ANNOUNCEMENT),
    "rules": _of_rule,
    "checks": _of_limit,
    "privacy": _of_privacy,
    "security": _of_refusal,
}


def label_anywhere(name, kinds):
    """A field's label, whichever subsystem declares it."""
    if name in ("code", "new_number"):  # masked of a G-code request alone
        return OF_LEARNERS[name][0]
    documents_ = (*kinds.values(), GCodeRequest)
    labels = [declared(document)[name].verbose_name for document in documents_ if name in declared(document)]
    return labels[0] if labels else name


def view_name(endpoint):
    """What the menu calls the pages of an endpoint."""
    return view_names().get(endpoint, "รอบการจัดเก็บข้อมูล")


@cache
def view_names():
    """{endpoint: name} of every page; a job, which has no application, asks too."""
    from views import pages  # the pages import this

    return {view.endpoint: str(view.name) for view in pages()}


def _plainly(value):
    if isinstance(value, bool):
        return "ใช่" if value else "ไม่ใช่"
    if isinstance(value, int | float):
        return f"{value:,.10g}" if isinstance(value, float) else f"{value:,}"
    if hasattr(value, "isoformat"):
        return buddhist.format_datetime(value)
    return " · ".join(map(str, value)) if isinstance(value, list) else value


def _line(label, old, new, unit=None):
    return {"label": label, "old": old, "new": new, "unit": unit}

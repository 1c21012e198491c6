"""What the checks say of the records on a page, worked out as they are now: beside the fields and in the cells."""

from dataclasses import replace

from flask_login import current_user

from documents.checking import checks, contexts, findings
from documents.checking.finding_answers import answer_to, answered_of
from documents.collecting.rounds import find_round
from documents.people import access
from documents.records.completeness import required_known
from documents.records.record import declared

TONES = {checks.ERROR: "bad", checks.WARNING: "warn"}


def beside_fields(record):
    """[{field, level, word, sentence, do, answer}] of one record for its form, the errors first.

    A field that is empty is one of its own; what tells of a sensitive field is for those who see it.
    """
    document, round_ = (
        type(record),
        find_round(record.area_code, record.subsystem, record.academic_year, record.round),
    )
    plain, sees = record.to_mongo(), _sees(document, record.area_code, record.school_code)
    beside = contexts.contexts_of(round_, [record.school_code], rows=[plain])
    context = contexts.looking_back_all(document, beside, round_, [plain])[record.school_code]
    answered = answered_of(record.area_code, [record.id])
    needed = {document.slug: required_known(document, record.area_code, record.academic_year)}
    shown = []
    for one in checks.of_record(document, plain, replace(context, required=needed)):
        answer = answer_to(one, record.id, answered)
        if checks.is_blank(one.check):
            shown += [_beside(one, name, "ยังไม่กรอก", answer) for name in one.fields if sees(name)]
        elif all(map(sees, one.check.fields)):
            shown.append(_beside(one, one.fields[0], one.sentence, answer))
    return sorted(shown, key=lambda each: each["level"])


def _beside(one, name, sentence, answer):
    do = "ต้องกรอกก่อนยืนยันข้อมูล" if checks.is_blank(one.check) else one.check.do
    return {
        "field": name,
        "level": one.check.level,
        "word": checks.LEVELS[one.check.level],
        "sentence": sentence,
        "do": do,
        "blank": checks.is_blank(one.check),
        "answer": answer,
        "answer_word": findings.STATES[answer["state"]] if answer else None,
    }


def _sees(document, area_code, school_code):
    known = declared(document)
    return lambda name: (
        name not in known or access.may_see_field(current_user, known[name], area_code, school_code)
    )


def in_cells(document, rows, contexts, sensitive):
    """{id: [(fields, 'bad' or 'warn', sentence)]} of stored records on a page; what is empty or answered is left out."""
    found = {
        row["_id"]: [
            one
            for one in checks.of_record(document, row, contexts[row["school_code"]], blanks=False)
            if not checks.is_blank(one.check) and (sensitive or not checks.is_sensitive(one.check, document))
        ]
        for row in rows
    }
    asked = [id_ for id_, several in found.items() if several]
    answered = answered_of(rows[0]["area_code"], asked) if asked else {}
    return {
        id_: [_in_cell(one) for one in found[id_] if answer_to(one, id_, answered) is None] for id_ in asked
    }


def _in_cell(one):
    said = f"{checks.LEVELS[one.check.level]}: {one.sentence} · {one.check.do}"
    return one.fields, TONES[one.check.level], said

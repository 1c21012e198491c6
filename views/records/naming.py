"""Asking in a page's own form which schools a file's names mean, once: what was answered is remembered."""

from flask import request

from documents.district import school_names
from documents.errors import RuleBroken
from exports.imports.named_schools import told_answers
from exports.imports.questions import NOBODY
from views.here import person


class OpenNames(RuleBroken):
    """Names of a file that nobody has explained yet: `names` are their Questions, `schools` {code: name} what they may be,
    `typed` {question's id: what stands in its input}.
    """

    status = 409

    def __init__(self, message, names, schools, typed):
        super().__init__(message)
        self.names, self.schools, self.typed = names, schools, typed


def settled(named, area_code, again):
    """{question's id: code or "-"} of a file's names (a NamedSchools) as posted, remembered; {} where nothing is open.

    `again` says what to press once it is answered. Raises OpenNames with what is still to be said.
    """
    questions = named.questions()
    if not questions:
        return {}
    posted = dict(zip(request.form.getlist("named"), request.form.getlist("meant"), strict=False))
    words = {one.id: posted.get(one.id, school_words(one.chosen, named.schools)) for one in questions}
    if any(one.id not in posted for one in questions):
        said = f"ไฟล์บอกชื่อโรงเรียนแทนรหัส {len(questions):,} ชื่อ กรุณาตรวจว่าแต่ละชื่อคือโรงเรียนใด แล้ว{again}"
        raise OpenNames(said, questions, named.schools, words)
    told, wrong = told_answers(questions, words, named.schools)
    if wrong:
        raise OpenNames(unknown_school(*wrong), questions, named.schools, words)
    names = {one.title: told[one.id] for one in questions if told[one.id] != NOBODY}
    school_names.remember(area_code, names, person())
    return told


def unknown_school(question, typed):
    """The sentence for an answer that is no school."""
    return f"ไม่รู้จักโรงเรียน “{typed[:60]}” กรุณาเลือกจากรายการ หรือเว้นว่างเพื่อข้ามแถวของ “{question.title}”"


def school_words(code, schools):
    """A school as its input shows it: code and name; "" for none."""
    return f"{code} {schools[code]}" if code in schools else ""

"""What a file leaves open and only a person knows: which of two like columns counts, which era two-digit years are of,
which school a name means. It is asked once, before the plan, and remembered.

Answers are plain, {question's id: value}: they travel with a job and are kept with the shape of the file.
"""

import hashlib
import json
from dataclasses import dataclass, field

from documents import clock
from documents.clock import naive
from documents.database import collection
from documents.district import school_names
from documents.errors import RuleBroken
from exports.imports import mapped_files
from exports.imports.mapped_files import Mapping
from exports.reading.headers import label_key

COLUMN, YEAR, SCHOOL = "column", "year", "school"
KIND = "questions"
NOBODY = "-"  # the answer that a name means no school of the area
MOST_NAMES = 400


@dataclass
class Question:
    """One question: `id` is its kind and what it is about, `choices` are [value, words], `chosen` is proposed.

    `title` says what is asked, `said` what in the file raises it.
    """

    id: str
    title: str
    said: str
    choices: list = field(default_factory=list)
    chosen: str = ""
    exact: bool = False  # a name that is a school's own, letter by letter

    @property
    def kind(self):
        """column, year or school."""
        return self.id.partition(":")[0]


class Unanswered(RuleBroken):
    """A file cannot be planned before its `questions` are answered; `columns` are its labels."""

    status = 409

    def __init__(self, questions, columns):
        super().__init__(f"ไฟล์นี้มี {len(questions):,} เรื่องที่ต้องตอบก่อน ระบบจึงยังไม่ได้ตรวจ กรุณาตอบในหน้านำเข้า")
        self.questions, self.columns = questions, columns


def shape_of(slug, columns, whose=None):
    """What tells files of one kind for one subsystem: their labels; `whose` is who answers for himself alone."""
    told = json.dumps([slug, str(whose or ""), *(label_key(label) for label in columns)], ensure_ascii=False)
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


def kept_answers(area_code, slug, columns, actor):
    """{question's id: value} as was answered for such a file before."""
    shape = shape_of(slug, columns, school_names.whose(area_code, actor))
    found = collection(Mapping).find_one({"area_code": area_code, "shape": shape})
    return dict(found["pairs"]) if found else {}


def keep_answers(area_code, slug, columns, questions, answers, actor):
    """Remember the answers: which schools names mean, the others for files of this shape."""
    asked = {one.id: one for one in questions}
    told = {id_: value for id_, value in answers.items() if id_ in asked}
    names = {
        asked[id_].title: value
        for id_, value in told.items()
        if asked[id_].kind == SCHOOL and value != NOBODY
    }
    school_names.remember(area_code, names, actor)
    pairs = [[id_, value] for id_, value in told.items() if asked[id_].kind != SCHOOL]
    if pairs:
        before = kept_answers(area_code, slug, columns, actor)
        pairs = [*([id_, value] for id_, value in before.items() if id_ not in told), *pairs]
        told = {"kind": slug[:20], "pairs": pairs, "by_name": actor.name, "at": naive(clock.now())}
        where = {
            "area_code": area_code,
            "shape": shape_of(slug, columns, school_names.whose(area_code, actor)),
        }
        collection(Mapping).update_one(where, {"$set": told}, upsert=True)


# ---- between the file and its answers ----


def keep_questions(content, filename, user, slug, round_, blanks, asked):
    """Keep a file with what is asked about it for its owner (`asked` is the Unanswered); gives its id. Raises FileRefused."""
    upload_id = mapped_files.keep(content, filename, round_.area_code, user)
    plan = {
        "kind": KIND, "slug": slug, "round": round_.label, "blanks": blanks, "columns": asked.columns,
        "questions": [vars(one) for one in asked.questions],
    }  # fmt: skip
    mapped_files.keep_plan(upload_id, user, plan)
    return str(upload_id)


def find_questions(upload_id, user, slug, round_):
    """(the kept upload, its Questions). Raises RuleBroken where it is none of this person's, or of another round."""
    upload = mapped_files.find(upload_id, user, KIND)
    plan = upload["plan"]
    if plan["slug"] != slug or upload["area_code"] != round_.area_code:
        raise RuleBroken("ไม่พบไฟล์นี้ หรือหมดอายุแล้ว (เก็บไว้ 2 ชั่วโมง) กรุณาเลือกไฟล์ใหม่อีกครั้ง")
    if plan["round"] != round_.label:
        raise RuleBroken(f"ไฟล์นี้เลือกไว้สำหรับรอบ {plan['round']} กรุณาเปลี่ยนรอบที่มุมบน หรือเลือกไฟล์ใหม่")
    return upload, [Question(**one) for one in plan["questions"]]


def refuse_unfit(questions, answers):
    """Raise RuleBroken for an answer that is none of a question's, or a question without one."""
    for one in questions:
        value = answers.get(one.id, "")
        if one.kind != SCHOOL and value not in [choice[0] for choice in one.choices]:
            raise RuleBroken(f"กรุณาตอบเรื่อง “{one.title}” ก่อนตรวจไฟล์")

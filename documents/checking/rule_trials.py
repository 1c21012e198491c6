"""Trials of rules (ลองกฎ): what a draft would find among the records of a round, before it counts.

Every record of the round is read once by the same function that will find them; nothing is kept but numbers and a few
examples. The trial is of the revision that was read: whoever changes the rule meanwhile tries it again.
"""

from collections import Counter

from documents import subsystem
from documents.background.jobs import ask, job_kind, nothing_so_far
from documents.checking.check_rules import DRAFT, CheckRule, check_from, get_rule, is_personal, problem_of
from documents.checking.rule_edits import check_admin
from documents.collecting.rounds import DRAFTS, Round, find_round
from documents.collecting.submissions import Submission
from documents.database import collection
from documents.errors import Invalid, WrongState
from documents.records.codelists import of_area
from documents.records.declarations import declaration
from documents.trail.history import naive_now

AT_ONCE = 3_000  # records of a round that are looked at while the page waits; more are a job
MOST_EXAMPLES, OF_ONE_SCHOOL = 20, 4
TOLD_EVERY = 500  # records


def rounds_for(rule):
    """The rounds a rule can be tried on, the newest first: those of its kind of record that were opened."""
    opened = Round.objects(area_code=rule.area_code, subsystem=rule.subsystem, state__nin=list(DRAFTS))
    return list(opened.order_by("-academic_year", "-code").exclude("moves", "memo").limit(12))


def try_rule(rule, round_, actor, revision, href=None):
    """Try a draft on a round (None: there is none yet); gives back the Job where it is one, else None.

    Raises NotAllowed for anyone but the area's admin, WrongState where the rule changed since, is no draft or rests there.
    """
    check_admin(actor, rule.area_code)
    if rule.revision != revision or rule.state != DRAFT:
        raise WrongState("กฎนี้เปลี่ยนไปหลังจากที่ท่านเปิดหน้านี้ กรุณาเปิดหน้านี้ใหม่แล้วลองอีกครั้ง")
    if round_ is None:
        _store(rule, actor.name, None, {"records": 0, "schools": 0, "of": 0, "examples": []})
        return None
    if said := rule.problem_in(round_.academic_year):
        raise Invalid({0: {"round": f"ลองกับรอบ {round_} ไม่ได้: {said}"}})
    if records_of(rule, round_) > AT_ONCE:
        arguments = {"rule": str(rule.id), "revision": rule.revision}
        title = f"ลองกฎ {rule.code} กับรอบ {round_}"
        return ask("try_rule", actor, rule.area_code, round_, title=title, arguments=arguments, href=href)
    _store(rule, actor.name, round_, found_by(rule, round_))
    return None


def records_of(rule, round_):
    """How many records of the rule's kind a round has, by the counters of its submissions."""
    place = {
        "area_code": rule.area_code, "academic_year": round_.academic_year, "subsystem": round_.subsystem,
        "round": round_.code,
    }  # fmt: skip
    total = {"_id": None, "of": {"$sum": f"$counts.{rule.document}"}}
    return next(
        (row["of"] for row in collection(Submission).aggregate([{"$match": place}, {"$group": total}])), 0
    )


def found_by(rule, round_, tell=None):
    """{records, schools, of, examples: [{id, school_code}]} that a rule would find in a round; `tell(number)` now and then."""
    document = declaration(subsystem(rule.document), rule.area_code, round_.academic_year)
    with of_area(rule.area_code):
        if said := problem_of(rule, document):
            raise WrongState(f"ลองกับรอบ {round_} ไม่ได้: {said}")
        find = check_from(rule, document).find
        schools, examples, number = Counter(), [], 0
        for number, row in enumerate(_rows(document, round_), 1):
            if document.is_counted(row) and find(row, None):
                code = row["school_code"]
                schools[code] += 1
                if len(examples) < MOST_EXAMPLES and schools[code] <= OF_ONE_SCHOOL:
                    examples.append({"id": row["_id"], "school_code": code})
            if tell and number % TOLD_EVERY == 0:
                tell(number)
    return {"records": schools.total(), "schools": len(schools), "of": number, "examples": examples}


def _rows(document, round_):
    place = {
        "area_code": round_.area_code,
        "academic_year": round_.academic_year,
        "round": round_.code,
    }
    return collection(document).find(place, batch_size=1000).hint("area_order")


def _store(rule, by_name, round_, found):
    """Keep what a trial found with the revision that was tried; one that is another by now stays untried."""
    label = round_.label if round_ else None
    said = {"revision": rule.revision, "round": label, "at": naive_now(), "by_name": by_name}
    seen = {"_id": rule.id, "area_code": rule.area_code, "revision": rule.revision, "state": DRAFT}
    collection(CheckRule).update_one(seen, {"$set": {"tried": said | found}})


@job_kind("try_rule", "ลองกฎตรวจสอบ", "Try a check rule", so_far=nothing_so_far)
def try_rule_job(job, progress, rule, revision):
    """The job of `try_rule`."""
    one = get_rule(job.actor, rule)
    check_admin(job.actor, one.area_code)
    if one.revision != revision or one.state != DRAFT:
        raise WrongState("กฎเปลี่ยนไปก่อนลองเสร็จ กรุณาเปิดหน้ากฎแล้วลองใหม่")
    round_ = find_round(job.area_code, job.subsystem, job.academic_year, job.round)
    progress.begin(records_of(one, round_), "รายการ")
    found = found_by(one, round_, progress.at)
    _store(one, job.actor.name, round_, found)
    of, records = found["of"], found["records"]
    told = (
        f"ดูแล้ว {of:,} รายการ"
        if is_personal(one)
        else f"พบ {records:,} จาก {of:,} รายการ ของ {found['schools']:,} โรงเรียน"
    )
    return {"summary": [f"{told} เปิดหน้ากฎเพื่อดูผล"]}

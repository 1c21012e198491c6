"""Notices, news, registrations and accounts of a school, asked for at every page about people by who must not see them."""

import pytest

from documents.district.schools import Area, School
from documents.notifying import announcements, notices
from documents.notifying.notices import Notice
from documents.people import registering, sessions
from documents.people.users import Grant
from tests.people import AREA, OTHER, SCHOOL
from tests.test_announcements import LAST
from tests.test_registering import PDF, typed
from tests.test_security import PUBLIC, routes
from tests.world import FAR_AREA, Stored, tersely, text_of

MARK = "ลับเฉพาะคน"
WALKED = (
    "/account/",
    "/admin/notices/", "/admin/announcements/", "/admin/registrations/", "/admin/people/", "/admin/recertification/",
    "/admin/users/", "/admin/mails/", "/admin/audit/", "/admin/privacy/",
)  # fmt: skip
# Deeds about oneself or one's own area, which name nothing of anybody else's.
OWN_DEEDS = {
    "/account/digest/", "/account/notice/", "/admin/users/new/", "/admin/users/schools/", "/admin/people/begin/",
    "/admin/announcements/new/", "/admin/announcements/line/", "/admin/registrations/invite/", "/admin/notices/read/",
}  # fmt: skip


@pytest.fixture
def theirs(teacher, officer):
    """{where: id} of what is the first school's alone, all of it marked: a notice, news, a registration, a session, an account."""
    teacher.update(set__name=f"ครู{MARK}")
    School.objects(code=OTHER).update(cluster="กลุ่มสอง")
    notices.tell([teacher.id], "returned", f"{MARK} ถูกส่งกลับ", "/admin/", AREA)
    notice = Notice.objects.get(person=teacher.id)
    to = {"audience": "clusters", "clusters": ["กลุ่มหนึ่ง"]}
    news = announcements.publish(officer, AREA, f"ข่าว{MARK}", MARK, to, LAST)
    case = registering.ask(AREA, typed(name=f"ผู้ขอ{MARK}") | {"school_code": SCHOOL}, PDF)
    session = sessions.begin(teacher, "10.9.8.7", MARK)
    found = {"notices": notice, "announcements": news, "registrations": case, "account": session, "": teacher}
    return {where: str(each.id) for where, each in found.items()}


@pytest.fixture
def between(neighbour):
    """The neighbour, who holds every role of another area, too."""
    Area(code=FAR_AREA, name="สพป. อื่น", province="34").save()
    far = [Grant(role=role, area_code=FAR_AREA) for role in ("admin", "district", "approver", "executive")]
    neighbour.grants = [*neighbour.grants, *far]
    return neighbour.save()


@pytest.mark.parametrize("who", ["neighbour", "between"])
def test_no_notice_news_registration_or_account_of_another_school_shows_or_is_touched(
    who, request, app, theirs, sign_in
):
    browser, shown = tersely(sign_in(request.getfixturevalue(who))), []
    before, asked = Stored(), 0
    for rule, path, methods in routes(app):
        if rule in PUBLIC or not path.startswith(WALKED):
            continue
        for id_ in [id_ for where, id_ in theirs.items() if where in path]:
            named = {"id": id_, "code": SCHOOL, "school": SCHOOL, "number": "1"}
            answers = [browser.get(path, query_string=named)] if "GET" in methods else []
            if "POST" in methods and path not in OWN_DEEDS:
                deed = {
                    "ids": id_,
                    "rowid": id_,
                    "action": "suspend",
                    "step": "check",
                    "beside": "second",
                    "reason": "x",
                }
                deed |= {"held": f"school {SCHOOL}", "to": OTHER, "on": "0"}
                answers.append(browser.send(path, named | deed))
            shown += [(path, id_, each.status_code) for each in answers if MARK in text_of(each)]
            assert all(each.status_code < 500 for each in answers), path
            asked += len(answers)
    assert shown == []
    assert before.changed() == []
    assert sessions.resume(theirs["account"]), "which the comparison leaves out"
    assert asked > 60, "the pages are there"

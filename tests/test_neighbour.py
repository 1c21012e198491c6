"""Nothing of another school shows: every page, piece, file and deed, asked by its neighbour and from another area.

What belongs to the teacher's school is marked (tests/world.py). Whole answers are looked through, workbooks unzipped.
"""

import io
import re
from itertools import islice

import pytest

from documents import subsystems
from documents.collecting.submissions import STATES
from documents.database import collection
from documents.dmc.students import Student
from documents.gcode.gcode import GCodeRequest
from documents.people.users import Grant, User
from documents.records.record import declared
from exports.imports.importing import plan_import
from tests.people import AREA, OTHER, SCHOOL, person
from tests.test_routes import table
from tests.test_security import PUBLIC, routes
from tests.world import EACH, FAR_AREA, Stored, tersely, text_of

STRANGERS = ("neighbour", "far_officer", "far_teacher", "far_approver", "far_executive", "far_admin")
READERS_OF_RECORDS = STRANGERS[:2]
WITHOUT_PERSONS = ("executive", "admin")  # of the same area: they see schools, but nothing of a pupil
PARTS = 4  # of the long walk, so that the workers share it
OF_FILES = 6  # of the anchors: a file is made of the same question as the grid
NOT_ASKED = {
    "/admin/transfers/days/",
    "/admin/gcode/settings/",
    "/admin/gcode/code/mode/",
    "/account/digest/",
    "/admin/announcements/line/",
    "/admin/users/new/",
    "/admin/users/schools/",
    "/logout",
    "/change",
}


@pytest.fixture
def between(world):
    """A teacher of the neighbouring school who also holds every role of the other area, as `world.people["between"]`.

    He works in the first area: what he is elsewhere counts for nothing there.
    """
    far = [Grant(role=role, area_code=FAR_AREA, sensitive=role in ("district", "approver"))
           for role in ("district", "approver", "executive", "admin")]  # fmt: skip
    found = person("between", "school", OTHER)
    found.grants = [*found.grants, *far]
    world.people["between"] = found.save()
    return found


def ids_of(world, database):
    """Every id and code that the marked school's things can be named by, each with what it is."""
    found = {f"record of {slug}": id_ for slug, ids in world.own.items() for id_ in ids[:1]}
    found |= {
        "submission": world.submission.id,
        "round": world.round.id,
        "school": database.schools.find_one({"code": SCHOOL})["_id"],
        "person": world.people["school"].id,
        "event": world.event,
        "job": world.job.id,
        "gcode": world.gcode,
        "piece": world.piece,
        "code": SCHOOL,
    }
    return found


def anchors(world, document, name):
    """What a grid can be asked with to make it lean on the marked school; the first few for files too."""
    own = [str(id_) for id_ in world.own[document.slug]]
    first = next(iter(declared(document)))
    listed = next(each for each in document.filters if declared(document)[each].codelist)
    yield from (f"school={SCHOOL}&sensitive=1", f"search={name}", f"flt0_{listed}_empty=0&school={SCHOOL}")
    yield from (
        f"after={own[0]}",
        f"flt0_school_code_eq={SCHOOL}",
        f"area={AREA}&school={SCHOOL}&id={own[0]}",
    )
    yield from ("", f"school={SCHOOL}", f"school={SCHOOL}&missing=1", "school=", f"before={own[0]}")
    yield from (
        f"after={own[0]}&school={SCHOOL}",
        f"before={own[-1]}&last=1",
        f"search={name}&school={SCHOOL}",
    )
    yield from ("letter=ก", "last=1", "sort=1&desc=1", f"flt0_{listed}_ne=xx", f"flt0_{first}_has={name}")


def addresses(app, world, database):
    """Every route that answers a GET, asked for each thing of the marked school, alone and beside one's own."""
    ids = ids_of(world, database)
    for rule, path, methods in routes(app):
        if "GET" not in methods or rule in PUBLIC:
            continue
        yield path
        if not re.search(r"/(edit|details|history|plan|files|lock|choose|new)/$|export/xlsx/$", path):
            continue
        for what, id_ in ids.items():
            if "record of" not in what or what.split()[-1] in path or path.endswith("/details/"):
                yield f"{path}?id={id_}&round={id_}&school={id_}"
        own, theirs = world.near["students"][0], ids["record of students"]
        yield f"{path}?id={own},{theirs}"
        yield f"{path}?id={own}&id={theirs}"
        yield f"{path}?id={theirs}&url=/admin/students/edit/?id={theirs}"


def fitting(world, database):
    """The addresses of the table of routes, naming the marked school's things where they belong."""
    ids = ids_of(world, database)
    for method, rule, address, _, _ in table():
        if method == "GET":
            yield address.format_map(_Named(world, ids, rule))
            yield f"{rule.replace('<export_type>', 'csv')}?area={AREA}&school={SCHOOL}&document=students&year=2568"


def look(world, browser, path, shown, statuses=(200, 302, 303, 400, 403, 404)):
    """Ask for a path; what shows of the marked school is added to `shown`."""
    answer = browser.get(path)
    assert answer.status_code in statuses, (path, answer.status_code)
    asked = {mark for mark in world.marks if mark in path}
    if found := world.shown_in(answer) - asked:
        shown.append((path, answer.status_code, sorted(found)[:3]))
    return answer


@pytest.mark.parametrize("part", range(PARTS))
def test_no_page_shows_anything_of_another_school(part, app, world, sign_in, database):
    """Asked by the neighbour, every address there is."""
    assert_nothing_shows(
        "neighbour", islice(addresses(app, world, database), part, None, PARTS), world, sign_in
    )


@pytest.mark.parametrize("who", STRANGERS[1:])
def test_no_page_shows_anything_of_another_area(who, world, sign_in, database):
    assert_nothing_shows(who, fitting(world, database), world, sign_in)


def test_what_one_is_in_another_area_opens_nothing_here(between, world, sign_in, database):
    assert_nothing_shows("between", fitting(world, database), world, sign_in)


def assert_nothing_shows(who, paths, world, sign_in):
    """Who asks for these paths sees nothing of the marked school and changes nothing."""
    browser, shown, before = tersely(sign_in(world.people[who])), [], Stored()
    for path in paths:
        look(world, browser, path, shown)
    assert not shown, "\n".join(map(str, shown))
    assert not before.changed()


@pytest.mark.parametrize("who", READERS_OF_RECORDS)
@pytest.mark.parametrize("page", ["", "export/xlsx/", "export/csv/"])
def test_no_grid_or_file_is_led_to_another_school(who, page, world, sign_in, database):
    browser, shown = sign_in(world.people[who]), []
    for document in subsystems():
        name = next(iter(world.marks - {str(id_) for ids in world.own.values() for id_ in ids}))
        for query in list(anchors(world, document, name))[: OF_FILES if page else None]:
            look(world, browser, f"/admin/{document.slug}/{page}?{query}", shown)
    assert not shown, "\n".join(map(str, shown))


def test_a_page_of_refusal_shows_nothing_either(world, sign_in):
    """The walks above are told of refusals in a line; this is the whole page."""
    browser = sign_in(world.people["neighbour"])
    for path in (
        f"students/details/?id={world.own['students'][0]}",
        f"submissions/details/?id={world.submission.id}",
        "users/",
    ):
        answer = browser.get(f"/admin/{path}")
        assert answer.status_code in (403, 404)
        assert "<html" in answer.text
        assert not world.shown_in(answer)


@pytest.mark.parametrize("who", READERS_OF_RECORDS)
def test_no_count_or_state_gives_another_school_away(who, world, sign_in, database):
    database.submissions.update_one(
        {"_id": world.submission.id},
        {"$set": {"state": "returned", "counts.students": 4711, "counts.rooms": 4711}},
    )
    browser = sign_in(world.people[who])
    for document in subsystems():
        for query in (f"school={SCHOOL}", f"school={SCHOOL}&sensitive=1", f"school={SCHOOL}&after=x"):
            text = text_of(browser.get(f"/admin/{document.slug}/?{query}"))
            assert "4,711" not in text, query
            assert "4711" not in text, query
            assert STATES["returned"] not in text, query
    for path in ("/admin/", "/admin/submissions/", "/admin/rounds/", "/admin/schools/", "/account/"):
        assert not re.search("4,?711", text_of(browser.get(path))), path


@pytest.mark.parametrize("who", WITHOUT_PERSONS)
def test_who_reads_no_persons_reads_none_on_any_page(who, world, sign_in, database):
    browser, shown = tersely(sign_in(world.people[who])), []
    allowed = {str(world.submission.id), "ลับเฉพาะ"}  # names of schools and people are theirs to see
    for path in fitting(world, database):
        answer = browser.get(path)
        names = world.shown_in(answer) - allowed - {mark for mark in world.marks if mark in path}
        if names:
            shown.append((path, answer.status_code, sorted(names)[:3]))
    assert not shown, "\n".join(map(str, shown))


@pytest.mark.parametrize("who", ["neighbour", "far_officer", "far_admin"])
def test_no_deed_reaches_another_school(who, world, sign_in, database):
    assert_no_deed_reaches(who, world, sign_in, database)


def test_no_deed_reaches_another_school_by_what_one_is_elsewhere(between, world, sign_in, database):
    assert_no_deed_reaches("between", world, sign_in, database)


def assert_no_deed_reaches(who, world, sign_in, database):
    """Every POST of the table of routes, naming the marked school's things, changes nothing and shows nothing."""
    browser, wrong, before = tersely(sign_in(world.people[who])), [], Stored()
    ids = ids_of(world, database)
    for method, rule, address, form, _ in table():
        if method != "POST" or rule in NOT_ASKED:
            continue
        for form_ in forms_for(world, ids, rule, form):
            named = address.format_map(_Named(world, ids, rule))
            answer = browser.send(named, form_)
            marks = world.shown_in(answer) - {mark for mark in world.marks if mark in str(form_) + named}
            if marks or answer.status_code >= 500:
                wrong.append((named, form_, answer.status_code, sorted(marks)[:3]))
            if changed := [name for name in before.changed() if name != "rounds"]:
                wrong.append((named, form_, "changed", changed))
                before.put_back()
    assert not wrong, "\n".join(map(str, wrong))


class _Named(dict):
    """What a line of the table names, taken from the marked school."""

    def __init__(self, world, ids, rule):
        document = next((each for each in subsystems() if f"/{each.slug}/" in rule), Student)
        super().__init__(
            record=ids[f"record of {document.slug}"],
            cell=document.cells[0],
            choice=next(name for name in document.filters if declared(document)[name].codelist),
            school=SCHOOL,
            school_id=ids["school"],
            round=ids["round"],
            revision=world.round.revision,
            submission=ids["submission"],
            person=ids["person"],
            event=ids["event"],
            job=ids["job"],
            request=world.request,
            gcode=world.gcode,
            asked=GCodeRequest.objects.get(id=world.gcode).revision,
            piece=world.piece,
            pupil=ids["record of students"],
        )


def forms_for(world, ids, rule, form):
    """The table's form for the marked school; beside one's own rows, twice, ten times, under other names."""
    plain = {name: str(value).format_map(_Named(world, ids, rule)) for name, value in form.items()}
    plain |= {"reason": "ลองดู"}
    if not form and not rule.endswith("/apply/"):
        return
    yield plain
    if rule.endswith("students/action/"):
        own, theirs = (str(one) for one in (world.near["students"][0], world.own["students"][0]))
        yield plain | {"rowid": [theirs, theirs]}
        yield plain | {"rowid": [theirs, own]}
        yield plain | {"rowid": [own, theirs] * 200}
        yield plain | {"rowid": f"{own},{theirs}"}
        yield plain | {"rowid": "", "all_matching": "1", "school": SCHOOL}
        yield plain | {"action": "review"}


def test_an_administrator_of_another_area_sets_and_makes_nothing_here(world, sign_in):
    browser, before = sign_in(world.people["far_admin"]), Stored()
    sent = {"seen": "room", "required": ["grade", "first_name"], "reason": "ลองดู", "area": AREA}
    assert browser.send(f"/admin/fields/?area={AREA}&document=students&year=2568", sent).status_code == 404
    sent = {"area": AREA, "roles": "school", "make": "1", "lines": f"{SCHOOL}\tx@example.org\tใหม่\tครู"}
    assert browser.send("/admin/users/schools/", sent).status_code == 200
    grants = {
        "grants-0-role": "district",
        "grants-0-area_code": AREA,
        "name": "ใหม่",
        "email": "y@example.org",
        "reason": "x",
    }
    browser.send("/admin/users/new/", grants)
    assert not before.changed()


def test_all_that_match_never_means_another_school(world, sign_in, database):
    browser = sign_in(world.people["neighbour"])
    browser.send(
        f"/admin/students/action/?school=&search=&after={world.own['students'][0]}",
        {"action": "delete", "all_matching": "1", "reason": "ลองดู"},
    )
    left = {row["school_code"] for row in database.students.find()}
    assert database.students.count_documents({"school_code": SCHOOL}) == EACH
    assert left == {SCHOOL, "34020001"}, "only one's own were meant"


def test_a_file_never_reaches_another_school(world, sign_in, database):
    """Rows of another school in the middle of one's own: told by row, with nothing of the school."""
    browser, before = sign_in(world.people["neighbour"]), Stored()
    theirs, own = (
        collection(Student).find_one({"_id": ids["students"][0]}) for ids in (world.own, world.near)
    )
    lines = [
        "รหัสโรงเรียน,เลขประจำตัวประชาชน,ชื่อ,ห้อง",
        f"{own['school_code']},{own['person_id']},{own['first_name']},5",
        f"{SCHOOL},{theirs['person_id']},ก,5",
        f"{own['school_code']},{theirs['person_id']},ก,5",
    ]
    upload = {"file": (io.BytesIO("\n".join(lines).encode()), "x.csv")}
    answer = browser.send("/admin/students/import/", upload, content_type="multipart/form-data")
    plan = browser.get(answer.location)
    assert not world.shown_in(plan) - {theirs["person_id"]}
    assert "บ้านลับเฉพาะ" not in plan.text
    id_ = re.search(r"id=(\w+)", answer.location)[1]
    browser.send("/admin/students/import/apply/", {"id": id_, "partly": "1", "reason": "x"})
    stored = database.students.find_one({"_id": theirs["_id"]})
    assert stored == next(row for row in before.rows["students"] if row["_id"] == theirs["_id"])


@pytest.fixture
def kept(world):
    """A plan that the teacher of the marked school keeps: it changes one of his pupils."""
    pupil = collection(Student).find_one({"_id": world.own["students"][0]})
    text = f"รหัสโรงเรียน,เลขประจำตัวประชาชน,บ้านเลขที่\n{SCHOOL},{pupil['person_id']},99/9\n"
    plan = plan_import(Student, io.BytesIO(text.encode()), "x.csv", world.people["school"], world.round)
    assert len(plan.changed) == 1, plan.errors
    return plan


def test_a_plan_of_another_is_neither_read_nor_done(kept, world, sign_in):
    before = Stored()
    for who in ("neighbour", "far_officer", "district", "director"):
        browser = sign_in(world.people[who])
        for slug in ("students", "rooms"):
            answer = browser.get(f"/admin/{slug}/import/plan/?id={kept.id}")
            assert answer.status_code in (400, 403)
            assert kept.changed[0].headline not in answer.text
            browser.send(f"/admin/{slug}/import/apply/", {"id": str(kept.id), "reason": "x"})
    assert not before.changed()


def test_a_plan_is_gone_for_who_was_moved_to_another_school(kept, world, sign_in, database):
    browser = sign_in(world.people["school"])
    address = f"/admin/students/import/plan/?id={kept.id}"
    assert world.shown_in(browser.get(address))
    moved = {"grants.0.school_codes": ["34010002"]}
    database.users.update_one({"_id": world.people["school"].id}, {"$set": moved})
    before = Stored()
    assert not world.shown_in(browser.get(address)) - {"ลับเฉพาะ"}  # his own name stays on his pages
    browser.send("/admin/students/import/apply/", {"id": str(kept.id)})
    assert not before.changed()


def test_who_was_moved_reads_and_writes_nothing_of_his_old_school(world, sign_in, database):
    """The old session and the old page: the next request already asks the new role."""
    browser, id_ = sign_in(world.people["school"]), world.own["students"][0]
    cell = {"pk": str(id_), "name": "room", "value": "9", "revision": "1"}
    assert browser.get(f"/admin/students/edit/?id={id_}").status_code == 200
    database.users.update_one(
        {"_id": world.people["school"].id}, {"$set": {"grants.0.school_codes": ["34010002"]}}
    )
    before, own_name = Stored(), {"ลับเฉพาะ"}
    assert browser.send("/admin/students/ajax/update/", cell).status_code == 404
    assert browser.send(f"/admin/students/edit/?id={id_}", {"revision": "1", "room": "9"}).status_code == 404
    for path in ("", f"?school={SCHOOL}", f"details/?id={id_}", "export/csv/", f"?after={id_}"):
        assert not world.shown_in(browser.get(f"/admin/students/{path}")) - own_name - {str(id_)}
    assert not before.changed()


def test_who_lost_his_role_is_out_at_once(world, sign_in, database):
    browser = sign_in(world.people["district"])
    assert browser.get("/admin/students/").status_code == 200
    database.users.update_one({"_id": world.people["district"].id}, {"$set": {"grants.0.role": "executive"}})
    assert browser.get("/admin/students/").status_code == 403
    assert browser.get("/admin/students/export/csv/").status_code == 403


def test_a_session_remembers_no_area_that_is_not_ones_own(world, sign_in):
    browser = sign_in(world.people["far_officer"])
    with browser.session_transaction() as session:
        session.update(area=AREA, year=2568, round="1", subsystem="DMC")
    for path in (
        "/admin/",
        "/admin/control-room/",
        "/admin/students/",
        "/admin/submissions/",
        "/admin/audit/",
    ):
        assert not world.shown_in(browser.get(path)), path
    assert User.objects.get(id=world.people["far_officer"].id).areas("district") == [FAR_AREA]


@pytest.mark.parametrize("document", subsystems(), ids=lambda one: one.slug)
def test_a_search_for_a_place_or_code_tells_no_record(document, world, sign_in):
    browser = sign_in(world.people["neighbour"])
    listed = [name for name, one in declared(document).items() if one.codelist]
    for name in listed:
        for typed in ("ลับ", "1", "%00", "ก" * 300):
            answer = browser.get(f"/admin/{document.slug}/places/?field={name}&q={typed}")
            assert answer.status_code == 200
            assert not world.shown_in(answer)
    for name in ("school_code", "person_id", "extra", "_id", "$where", "created_by"):
        assert browser.get(f"/admin/{document.slug}/places/?field={name}&q=1").status_code == 404

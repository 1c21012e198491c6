"""Each subsystem, and a survey made in the browser, does what students do: grid, form, cells, files, scope, lock, history.

Nothing here names a subsystem: what is typed, changed and looked for is read off the declaration.
"""

import io
from dataclasses import dataclass

import pytest

from documents import subsystem, subsystems
from documents.database import collection
from documents.records import fields
from documents.records.declarations import declaration
from documents.records.imports import Import
from documents.records.record import EMPTY, Place, declared
from documents.records.writing import Change, write
from documents.trail import history
from documents.trail.verifying import verify
from exports.workbooks.layouts import layout_of
from tests.making import candidates, complete
from tests.people import AREA, SCHOOL, YEAR
from tests.test_abuse_locks import KEPT
from tests.test_record_view import form_of
from tests.test_surveys import SLUG as SURVEY
from tests.test_surveys import open_survey as open_survey
from tests.test_surveys import survey as survey
from tests.world import Stored
from views.links import front


@dataclass
class Kind:
    """One kind of record: its class as the year declares it, the open round, its pages, the school's place."""

    document: type
    round: object
    front: str
    place: Place

    def rows(self):
        """The stored records, oldest first."""
        return list(collection(self.document).find(self.place._asdict()).sort("_id"))

    def make(self, actor, many=1):
        """Store complete records, as many as a school may have of them; gives them as stored."""
        many = 1 if self.document.single else many
        write([Change(self.document, self.place, complete(self.document)) for _ in range(many)], actor)
        return self.rows()

    def planned(self, browser, content):
        """The id of the plan of an uploaded workbook."""
        upload = {"file": (io.BytesIO(content), "ออก.xlsx")}
        plan = browser.send(f"{self.front}import/", upload, content_type="multipart/form-data").location
        assert "/import/plan/" in plan, "nothing is left open by a file of Khet's own"
        return plan.rpartition("=")[2]

    def others(self, row):
        """[(name, value)] of two other values that one of the record's cells may take."""
        found = []
        for name in self.document.cells:
            one = declared(self.document)[name]
            for value in (*candidates(one, False, "อื่น", 1), *candidates(one, False, "อื่น", 2)):
                changed = row | {name: fields.accept(one, value)}
                if changed[name] in (row.get(name), None) or (name, changed[name]) in found:
                    continue
                if not list(self.document.check(changed)):
                    found.append((name, changed[name]))
                if len(found) > 1:
                    return found
            found.clear()
        raise AssertionError(f"no cell of {self.document.slug} takes two other values")


@pytest.fixture(params=[*(document.slug for document in subsystems()), SURVEY])
def kind(request):
    """Each kind of record in turn."""
    if request.param == SURVEY:
        round_ = request.getfixturevalue("open_survey")
    else:
        round_ = request.getfixturevalue("open_rounds")[subsystem(request.param).subsystem]
    document = declaration(subsystem(request.param), AREA, YEAR)
    return Kind(document, round_, front(request.param), Place(AREA, YEAR, round_.code, SCHOOL))


def typed_in(html):
    """{name: value} of a page's form; each browser sends a token of its own."""
    return {name: value for name, value in form_of(html).items() if name != "csrf_token"}


def as_posted(document, values):
    """The values as a form sends them."""
    known = declared(document)
    return {
        name: value if isinstance(value, list) else fields.as_typed(known[name], value)
        for name, value in values.items()
    }


def test_a_record_is_typed_listed_changed_by_the_first_of_two_and_told_of(kind, sign_in, teacher, neighbour):
    browser, values = sign_in(teacher), complete(kind.document)
    typed = typed_in(browser.get(f"{kind.front}new/").text) | as_posted(kind.document, values)
    assert browser.send(f"{kind.front}new/", typed).status_code == 302
    (row,) = kind.rows()
    assert {name: row.get(name) for name in values} == values
    listed = f"{kind.front}?sort=0&school={SCHOOL}"
    assert str(row["_id"]) in browser.get(listed).text
    assert str(row["_id"]) not in sign_in(neighbour).get(listed).text
    edit = f"{kind.front}edit/?id={row['_id']}"
    form, ((name, mine), (_, theirs)) = typed_in(browser.get(edit).text), kind.others(row)
    assert sign_in(neighbour).send(edit, form).status_code == 404
    assert browser.send(edit, form | as_posted(kind.document, {name: theirs})).status_code == 302
    late = browser.send(edit, form | as_posted(kind.document, {name: mine}))
    assert (late.status_code, "data-conflict" in late.text, 'data-revision="2"' in late.text) == (
        409,
        True,
        True,
    )
    (after,) = kind.rows()
    assert (after[name], after["revision"]) == (theirs, 2)
    last, first = history.events_of(AREA, row["_id"])
    assert (first.action, last.action, last.changes) == ("create", "update", {name: [row.get(name), theirs]})
    one = declared(kind.document)[name]
    assert fields.shown(one, theirs) in browser.get(f"{kind.front}history/?id={row['_id']}").text
    assert list(verify(AREA)) == []


def test_a_cell_is_changed_where_its_revision_was_seen(kind, sign_in, teacher, neighbour, director):
    (row,) = kind.make(teacher)
    ((name, mine), (_, theirs)), address = kind.others(row), f"{kind.front}ajax/update/"
    typed = lambda value: fields.as_typed(declared(kind.document)[name], value)  # noqa: E731
    cell = {"pk": str(row["_id"]), "name": name, "value": typed(mine), "revision": "1"}
    assert sign_in(neighbour).send(address, cell).status_code == 404
    assert sign_in(director).send(address, cell).status_code == 403
    browser = sign_in(teacher)
    answer = browser.send(address, cell)
    assert (answer.status_code, answer.json["revision"]) == (200, 2)
    assert browser.send(address, cell | {"value": typed(theirs)}).status_code == 409
    assert browser.send(address, cell | {"value": "ก" * 5000, "revision": "2"}).status_code == 422
    (after,) = kind.rows()
    assert (after[name], after["revision"]) == (mine, 2)


def test_a_file_brings_back_what_was_changed_and_removed_and_is_undone(kind, sign_in, teacher):
    before, browser = kind.make(teacher, many=3), sign_in(teacher)
    content = browser.get(f"{kind.front}export/xlsx/?sort=0").data
    filed = sorted({name for column in layout_of(kind.document).written for name in column.fields})
    name, other = kind.others(before[0])[0]
    changed = Change(kind.document, kind.place, {name: other}, before[0]["_id"], 1)
    gone = [Change(kind.document, kind.place, id=row["_id"], revision=1, remove=True) for row in before[1:2]]
    write([changed, *gone], teacher)
    asked = {"id": kind.planned(browser, content), "approved": "1", "reason": "ตามไฟล์"}
    assert browser.send(f"{kind.front}import/apply/", asked).status_code == 302

    def said(rows):
        told = [{name: row[name] for name in filed if row.get(name) not in EMPTY} for row in rows]
        return sorted(told, key=str)

    assert said(kind.rows()) == said(before)
    browser.send(f"{kind.front}import/undo/", {"id": str(Import.objects.get().id), "reason": "ไฟล์ผิด"})
    assert said(kind.rows()) == said([before[0] | {name: other}, *before[2:]])
    assert list(verify(AREA)) == []


def test_nothing_is_written_once_the_school_handed_in(kind, sign_in, teacher, database):
    browser, rows = sign_in(teacher), kind.make(teacher, many=2)
    row, new = rows[0], as_posted(kind.document, complete(kind.document))
    content = browser.get(f"{kind.front}export/xlsx/?sort=0").data
    (name, other), (_, third) = kind.others(row)
    write([Change(kind.document, kind.place, {name: other}, row["_id"], 1)], teacher)
    row, plan, changed = (
        kind.rows()[0],
        kind.planned(browser, content),
        as_posted(kind.document, {name: third}),
    )
    edit = f"{kind.front}edit/?id={row['_id']}"
    form, blank = typed_in(browser.get(edit).text), typed_in(browser.get(f"{kind.front}new/").text)
    cell = {"pk": str(row["_id"]), "name": name, "value": changed[name], "revision": "2"}
    ways = {
        edit: form | changed,
        f"{kind.front}new/": blank | new,
        f"{kind.front}ajax/update/": cell,
        f"{kind.front}delete/": {"id": cell["pk"], "revision": "2", "reason": "ลองดู"},
        f"{kind.front}action/": {"action": "delete", "rowid": [cell["pk"]], "reason": "ลองดู"},
        f"{kind.front}import/apply/": {"id": plan, "approved": "1", "partly": "1", "reason": "ลองดู"},
    }
    own = {"school_code": SCHOOL, "subsystem": kind.document.subsystem}
    for of_school, of_round in (({"state": "confirmed"}, {}), ({"state": "locked"}, {"state": "locked"})):
        database.submissions.update_one(own, {"$set": of_school})
        if of_round:
            database.rounds.update_one({"_id": kind.round.id}, {"$set": of_round})
        before = Stored(KEPT)
        for path, sent in ways.items():
            answer = browser.send(path, sent)
            assert answer.status_code in (302, 403, 409, 422), path
            assert not before.changed(), path

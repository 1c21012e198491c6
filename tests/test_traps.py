"""Each trap that Flask-Admin with MongoEngine lays, shown closed: here, or by the test that `CLOSED_BY` names.

`CLOSED_BY` is the table of traps (T) and of abuse cases (A). That the traps are there, on plain Flask-Admin beside
ours, is shown by test_stock.py; that what is refused leaves an event, by test_refusals.py.
"""

import ast
import re
from pathlib import Path

import mongoengine
import pytest
from bson import ObjectId
from flask_admin.contrib.mongoengine import ModelView
from mongoengine import EmbeddedDocument
from pymongo.errors import OperationFailure

from documents import subsystems
from documents.collecting.submissions import Submission
from documents.database import collection, stored_documents
from documents.dmc.students import Student
from documents.errors import StaleRevision
from documents.records.record import Record, declared
from documents.records.writing import Change, remove, write
from tests.making import complete
from tests.people import SCHOOL, place
from tests.test_record_view import form_of
from tests.test_security import routes
from tests.test_shape import ROOT, sources
from views.records.record import RecordView

PRODUCT = ("documents", "exports", "views", "admin_app", "scripts")
# Where a trap, or an abuse case ("A" and its number), is shown closed: file and test; several where a case has parts.
CLOSED_BY = {
    "T1": "test_record_view.py::test_bulk_delete_refuses_rows_of_another_school",
    "T2": "test_traps.py::test_no_document_refers_to_another",
    "T3": "test_traps.py::test_no_route_answers_by_a_bare_id",
    "T4": "test_traps.py::test_no_document_refers_to_another",
    "T5": "test_traps.py::test_a_school_that_is_gone_breaks_no_page",
    "T6": "test_traps.py::test_a_field_of_another_version_breaks_no_page",
    "T7": "test_security.py::test_every_route_that_changes_something_wants_a_token",
    "T8": "test_abuse_locks.py::test_no_way_leads_into_a_school_that_handed_in",
    "T9": "test_traps.py::test_a_form_without_its_revision_is_stale",
    "T10": "test_subsystems.py::test_what_the_server_owns_is_never_taken_from_a_form",
    "T11": "test_traps.py::test_no_route_answers_by_a_bare_id",
    "T12": "test_listing.py::test_a_count_stops_at_ten_thousand_and_says_so",
    "T13": "test_listing.py::test_paging_meets_every_row_once_while_others_insert_and_remove",
    "T14": "test_indexes.py::test_every_way_to_list_walks_an_index",
    "T15": "test_traps.py::test_a_page_or_file_of_many_asks_no_more_than_of_few",
    "T16": "test_traps.py::test_a_page_or_file_of_many_asks_no_more_than_of_few",
    "T17": "test_abuse_files.py::test_nothing_that_was_typed_runs_in_a_file",
    "T18": "test_abuse_input.py::test_no_address_with_hostile_values_is_a_fault",
    "T19": "test_language.py::test_a_message_outside_a_view_is_thai_before_and_after_one",
    "T20": "test_traps.py::test_a_fault_in_a_view_is_told_as_it_is",
    "T21": "test_writing.py::test_every_refusal_is_a_thai_sentence",
    "T22": "test_subsystems.py::test_every_stored_field_is_in_the_form_or_said_not_to_be",
    "T23": "test_traps.py::test_an_index_that_cannot_be_built_is_loud",
    "T24": "test_traps.py::test_nothing_walks_past_the_door",
    "T25": "test_traps.py::test_a_page_or_file_of_many_asks_no_more_than_of_few",
    "T26": "test_routes.py::test_each_role_may_open_and_do_what_the_table_says_and_nothing_else",
    "T27": "test_listing.py::test_another_school_asked_for_gives_nothing_on_any_page",
    "T28": "test_abuse_input.py::test_what_was_typed_is_text_on_every_page",
    "T29": "test_shape.py::test_every_version_is_pinned_and_no_stand_in_for_the_database_is_used",
    "T30": "test_shape.py::test_every_version_is_pinned_and_no_stand_in_for_the_database_is_used",
    "T31": "test_faults.py::test_a_fault_at_any_command_of_a_write_stores_all_or_nothing",
    "T32": "test_traps.py::test_concerns_are_stated_in_the_transaction_alone",
    "T33": "test_grid_browser.py::test_deleting_asks_first_and_says_how_many",
    "T34": "test_traps.py::test_saving_what_another_removed_brings_no_ghost_back",
    "T35": "test_traps.py::test_a_cell_without_its_revision_is_stale",
    "T36": "test_writing.py::test_a_double_within_one_batch_is_refused",
    "T37": "test_traps.py::test_views_are_added_at_the_start_alone",
    "A1": "test_abuse_scope.py::test_ten_thousand_rows_of_others_are_refused_at_once",
    "A2": "test_neighbour.py::test_no_page_shows_anything_of_another_school",
    "A3": "test_abuse_scope.py::test_no_form_puts_a_record_into_another_school",
    "A4": "test_abuse_scope.py::test_nothing_sensitive_is_narrowed_or_ordered_by_without_the_mark",
    "A5": "test_abuse_scope.py::test_a_file_sets_nothing_that_the_server_owns",
    "A6": "test_neighbour.py::test_who_was_moved_reads_and_writes_nothing_of_his_old_school",
    "A7": "test_abuse_scope.py::test_the_old_school_sees_no_more_of_a_pupil_who_moved",
    "A8": (
        "test_writing.py::test_the_window_holds_to_the_second",
        "test_windows.py::test_the_same_instant_in_another_zone_is_the_same_instant",
        "test_windows.py::test_a_page_opened_before_the_end_does_not_outlive_it",
        "test_windows.py::test_a_round_edited_meanwhile_counts_at_once",
    ),
    "A9": (
        "test_abuse_locks.py::test_no_way_leads_into_a_school_that_handed_in",
        "test_abuse_locks.py::test_each_of_these_ways_leads_in_while_the_school_is_open",
    ),
    "A10": (
        "test_importing.py::test_a_window_that_shuts_meanwhile_refuses_and_the_plan_may_be_tried_again",
        "test_round_workbook.py::test_a_pupil_saved_while_the_file_is_made_is_in_all_of_it_or_in_none",
    ),
    "A11": "test_abuse_locks.py::test_an_extension_opens_one_school_of_one_subsystem_until_it_runs_out",
    "A12": "test_abuse_locks.py::test_a_locked_round_is_not_reopened_by_its_dates_or_a_copy",
    "A13": (
        "test_abuse_locks.py::test_who_wrote_verifies_neither_alone_nor_in_bulk",
        "test_abuse_locks.py::test_a_second_role_of_one_person_is_still_one_person",
        "test_acting.py::test_who_confirmed_does_not_certify_as_acting_director",
    ),
    "A14": (
        "test_abuse_locks.py::test_no_step_is_skipped_or_repeated",
        "test_races.py::test_of_two_approvers_who_lock_a_school_one_loses_with_a_sentence",
        "test_races.py::test_approving_and_returning_at_once_leaves_one_of_them",
    ),
    "A15": "test_moves.py::test_what_was_written_after_the_page_was_opened_is_not_verified_unseen",
    "A16": "test_moves.py::test_each_move_is_open_to_its_roles_from_its_states_alone",
    "A17": (
        "test_gcode.py::test_an_attachment_deleted_after_the_check_stops_the_certifier",
        "test_gcode.py::test_one_child_under_two_spellings_is_not_certified_unseen",
        "test_gcode.py::test_a_child_found_to_be_born_in_thailand_is_not_certified",
    ),
    "A18": "test_abuse_files.py::test_nothing_that_was_typed_runs_in_a_file",
    "A19": "test_abuse_input.py::test_what_was_typed_is_text_on_every_page",
    "A20": "test_abuse_input.py::test_no_page_is_a_way_to_another_site",
    "A21": "test_abuse_input.py::test_no_form_with_hostile_values_is_a_fault",
    "A22": "test_abuse_input.py::test_operators_are_text_wherever_they_are_sent",
    "A23": "test_students.py::test_a_value_outside_its_limits_is_refused_in_thai",
    "A24": "test_students.py::test_a_value_outside_its_limits_is_refused_in_thai",
    "A25": (
        "test_abuse_files.py::test_an_upload_is_known_by_what_is_in_it_not_by_its_name",
        "test_reading.py::test_a_file_that_is_no_table_gets_a_sentence_in_thai",
        "test_reading.py::test_macros_are_read_past",
        "test_pictures.py::test_whatever_is_no_picture_is_refused_with_a_sentence",
        "test_pictures.py::test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded",
    ),
    "A26": (
        "test_subsystems.py::test_an_export_imported_again_is_the_same_in_every_row",
        "test_importing.py::test_a_second_press_writes_nothing_twice",
        "test_importing.py::test_two_who_import_the_same_new_row_do_not_make_it_twice",
        "test_importing.py::test_a_row_twice_in_one_file_is_an_error_that_names_the_first",
        "test_importing.py::test_a_row_of_another_school_tells_nothing_of_it",
    ),
    "A27": (
        "test_security.py::test_every_route_that_changes_something_wants_a_token",
        "test_security.py::test_another_persons_token_is_refused",
        "test_security.py::test_a_stale_form_comes_back_with_what_was_typed",
        "test_routes.py::test_each_role_may_open_and_do_what_the_table_says_and_nothing_else",
    ),
    "A28": (
        "test_sign_in.py::test_guessing_one_account_is_slowed_down",
        "test_sign_in.py::test_a_wrong_password_and_an_unknown_person_are_told_the_same",
        "test_sign_in.py::test_an_unknown_person_is_refused_no_faster",
        "test_registering.py::test_a_reset_link_is_good_once",
    ),
    "A29": "test_security.py::test_the_application_refuses_default_secrets_and_debug_mode",
    "A30": (
        "test_security.py::test_every_answer_carries_the_headers",
        "test_sign_in.py::test_a_kept_cookie_opens_nothing_after_signing_out",
    ),
    "A31": (
        "test_traps.py::test_a_form_without_its_revision_is_stale",
        "test_traps.py::test_a_cell_without_its_revision_is_stale",
        "test_importing.py::test_a_record_changed_meanwhile_is_a_conflict_of_its_school",
    ),
    "A32": (
        "test_traps.py::test_a_school_that_is_gone_breaks_no_page",
        "test_codelist_edits.py::test_a_value_that_a_running_round_holds_is_not_retired_from_its_year",
        "test_codelist_edits.py::test_only_an_added_value_that_nothing_holds_is_removed",
    ),
    "A35": "test_history.py::test_an_edited_event_is_found",
    "A33": (
        "test_kills.py::test_work_that_is_killed_in_the_middle_is_done_once_and_whole",
        "test_locking.py::test_a_lock_interrupted_at_any_step_and_run_again_is_the_same",
        "test_control_room.py::test_many_schools_are_moved_by_a_job_that_may_run_twice",
    ),
    "A34": "test_faults.py::test_a_fault_at_any_command_of_a_write_stores_all_or_nothing",
    "A36": "test_backup.py::test_a_restored_place_holds_the_same_documents_and_proves_it",
    "A37": "test_migrations.py::test_a_database_newer_than_the_code_is_refused",
    "A38": (
        "test_races.py::test_schools_that_confirm_in_the_last_minutes_are_all_taken_while_the_district_looks_on",
    ),
    "A39": (
        "test_round_workbook.py::test_list_file_and_control_room_give_each_role_the_same_number",
        "test_round_workbook.py::test_a_file_whose_totals_are_not_the_control_rooms_is_never_finished",
    ),
    "A code of another area": "test_papers.py::test_a_code_of_another_school_or_area_is_as_unknown_as_a_wrong_one",
    "A refused attempt": "test_refusals.py::test_every_attempt_outside_ones_rights_leaves_one_event_without_persons",
    "A40": "test_abuse_input.py::test_nothing_of_a_person_stands_in_log_or_address",
}


def test_every_trap_and_abuse_case_is_shown_closed_by_a_test_that_is_there():
    assert set(CLOSED_BY) >= {f"T{n}" for n in range(1, 38)} | {f"A{n}" for n in range(1, 41)}
    named = [one for where in CLOSED_BY.values() for one in ([where] if isinstance(where, str) else where)]
    for file, name in (one.split("::") for one in named):
        assert f"\ndef {name}(" in (Path(__file__).parent / file).read_text("utf-8"), (file, name)


# ---- in the source ----


def calls(text):
    """(name of what is called on, name of the call, node) of every method call."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield ast.unparse(node.func.value), node.func.attr, node


def test_nothing_asks_for_many_by_their_ids_alone():
    for path, text in product():
        assert "in_bulk" not in text.replace("`in_bulk`", ""), path


def test_no_document_refers_to_another():
    """A reference is a hole in the scope, a query a row, and a fault when it dangles: codes and ids are stored."""
    kinds = (
        "ReferenceField",
        "GenericReferenceField",
        "LazyReferenceField",
        "CachedReferenceField",
        "FileField",
    )
    for document in stored_documents():
        for name, field in document._fields.items():
            inner = getattr(field, "field", None)
            assert type(field).__name__ not in kinds, (document, name)
            assert type(inner).__name__ not in kinds, (document, name)


def product():
    """(path, text) of the product's sources; the bench is none: it sets plain peers up on a database of its own."""
    return [pair for pair in sources(*PRODUCT) if "benching" not in pair[0].parts]


def test_nothing_walks_past_the_door():
    """Subsystems are written by `writing.py`; documents of the spine by plain updates of their own modules."""
    changing = {"update", "update_one", "delete", "modify", "insert", "upsert_one"}
    raw = {"insert_one", "insert_many", "update_one", "update_many", "delete_one", "delete_many", "replace_one",
           "bulk_write", "find_one_and_update", "find_one_and_replace", "find_one_and_delete"}  # fmt: skip
    classes = "|".join(
        [*(document.__name__ for document in subsystems()), "document", r"self\.(model|document)", "kind"]
    )
    of_a_subsystem = rf"collection\(({classes})\)|\b({classes})\.objects"
    inside = {
        "documents/records/writing.py",
        "documents/migrations/rewriting.py",
        "documents/operating/restoring.py",
    }
    for path, text in product():
        if str(path) in inside:
            continue
        for on, name, _ in calls(text):
            assert not (name in changing | raw and re.search(of_a_subsystem, on)), (path, on)
            assert not (name in changing and re.search(r"(visible_to|get_query)\(", on)), (path, on)


def test_no_document_of_a_subsystem_is_saved_or_deleted_by_itself():
    names = {document.__name__ for document in subsystems()}
    for path, text in product():
        for on, name, node in calls(text):
            if name in ("save", "delete") and not (node.args or on.startswith("self._")):
                assert on.split("(")[0] not in names, (path, on)


def test_concerns_are_stated_in_the_transaction_alone():
    concerns = (
        r"WriteConcern|ReadConcern|ReadPreference|read_preference|write_concern|with_options|readConcern"
    )
    for path, text in product():
        if str(path) == "documents/database.py":
            assert text.count("start_transaction(") == 1
            continue
        code = re.sub(r'"""(?s:.*?)"""|#.*', "", text)
        assert not re.search(concerns, code), path
    for document in stored_documents():
        assert not {"write_concern", "read_preference"} & set(document._meta), document


# Rows of a grid are put together of pieces, each constant or escaped by name: 2,500 a page. That typed text stays text
# there is shown by test_abuse_input.py::test_what_was_typed_is_text_on_every_page and by the test after this one.
PUT_TOGETHER = {"views/records/grid_rows.py": "''.join(parts)"}


def test_no_markup_is_made_of_data():
    for path, text in product():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Markup", "HTMLString"):
                (words,) = node.args
                made = isinstance(words, ast.Constant) or PUT_TOGETHER.get(str(path)) == ast.unparse(words)
                assert made, f"{path}:{node.lineno}"
    for path in (ROOT / "admin_app" / "templates").rglob("*.html"):
        for line in path.read_text("utf-8").splitlines():
            if re.search(r"\|\s*safe\b", line):
                assert re.search(r"field\(\)|f\(\*\*attrs\)", line), f"{path.name}: {line.strip()[:90]}"
            assert "autoescape false" not in line, path


def test_whatever_a_row_of_the_grid_holds_is_text(open_round, teacher, sign_in, database):
    hostile = "\"><svg onload=alert(1)>'&<b>"
    (row,) = write([Change(Student, place(), complete(Student))], teacher)
    texts = {name: hostile for name, one in declared(Student).items() if one.kind in ("text", "choice")}
    database.students.update_one(
        {"_id": row.id}, {"$set": texts | {"updated_by_name": hostile, "sort_key": "ก"}}
    )
    page = sign_in(teacher).get("/admin/students/?sensitive=1").text
    assert str(row.id) in page
    assert "<svg onload" not in page
    assert "'&<b>" not in page
    assert "&lt;svg onload=alert(1)&gt;" in page


def test_views_are_added_at_the_start_alone():
    where = {str(path) for path, text in product() for _, name, _ in calls(text) if name == "add_view"}
    assert where == {"views/__init__.py"}


def test_flask_admin_is_leaned_on_in_few_places():
    """Its MongoEngine side is thinly tested: what stands on it can be replaced."""
    leaning = {str(path) for path, text in product() if "flask_admin.contrib.mongoengine" in text}
    assert not {path for path in leaning if not path.startswith("views/")}


def test_a_rule_of_two_fields_is_declared_where_every_way_in_asks_it():
    """`clean()` would be asked by `save()` alone, which the door does not call."""
    for document in subsystems():
        assert "clean" not in vars(document), document
        assert document.save is Record.save is mongoengine.Document.save


# ---- routes and views ----


def test_no_route_answers_by_a_bare_id(app):
    rules = {rule for rule, _, _ in routes(app)}
    assert not [rule for rule in rules if "api/file" in rule or "ajax/lookup" in rule]
    stock = {name for name in dir(ModelView) if hasattr(getattr(ModelView, name), "_urls")}
    kept = {name for name in stock if callable(getattr(RecordView, name))}
    own = {name for name in kept if getattr(RecordView, name) is not getattr(ModelView, name)}
    assert kept - own == {"delete_view"}  # it asks get_one and delete_model, which are ours


def test_a_fault_in_a_view_is_told_as_it_is(sign_in, open_round, teacher, monkeypatch):
    """Flask-Admin would call the view again after a TypeError and tell of an argument that was never given."""
    asked = []

    def broken(view, wanted, page):
        asked.append(wanted)
        raise TypeError("the true fault")

    monkeypatch.setattr(RecordView, "_count", broken)
    with pytest.raises(TypeError, match="the true fault"):
        sign_in(teacher).get("/admin/students/")
    assert len(asked) == 1


# ---- on the database ----


@pytest.fixture
def pupil(open_round, teacher):
    """One complete pupil as stored."""
    (written,) = write([Change(Student, place(), complete(Student))], teacher)
    return collection(Student).find_one({"_id": written.id})


PAGES = (
    "/admin/", "/admin/students/", "/admin/students/details/?id={id}", "/admin/students/edit/?id={id}",
    "/admin/students/history/?id={id}", "/admin/students/export/csv/", "/admin/submissions/",
    "/admin/submissions/details/?id={submission}", "/admin/rounds/", "/admin/rounds/details/?id={round}",
    "/admin/schools/", "/admin/control-room/", "/admin/audit/", "/admin/users/", "/account/",
)  # fmt: skip


def addresses(pupil, round_):
    """PAGES of this pupil, this school and this round."""
    submission = Submission.objects(school_code=SCHOOL).get()
    return [page.format(id=pupil["_id"], submission=submission.id, round=round_.id) for page in PAGES]


def test_a_school_that_is_gone_breaks_no_page(
    pupil, open_round, sign_in, teacher, officer, administrator, database
):
    """No route removes a school; should one be gone from the database, its records are still read by their code."""
    database.schools.delete_one({"code": SCHOOL})
    for person in (teacher, officer, administrator):
        browser = sign_in(person)
        for path in addresses(pupil, open_round):
            assert browser.get(path).status_code < 500, path
    assert SCHOOL in sign_in(officer).get("/admin/students/").text


def test_a_field_of_another_version_breaks_no_page(
    pupil, open_round, sign_in, teacher, officer, administrator, database
):
    """After a roll-back the store has fields that the class does not, also inside what is embedded."""
    for name in database.list_collection_names():
        database[name].update_many({}, {"$set": {"of_next_year": {"x": [1]}}})
    database.users.update_many({}, {"$set": {"grants.$[].of_next_year": 1}})
    database.rounds.update_many({}, {"$set": {"windows.$[].of_next_year": 1}})
    for person in (teacher, officer, administrator):
        browser = sign_in(person)
        for path in addresses(pupil, open_round):
            assert browser.get(path).status_code < 500, path
    write([Change(Student, place(), {"room": 9}, id=pupil["_id"], revision=1)], teacher)
    assert collection(Student).find_one()["of_next_year"] == {"x": [1]}


def test_every_document_reads_what_it_does_not_know():
    loose = [*stored_documents(), *EmbeddedDocument.__subclasses__()]
    ours = [one for one in loose if one.__module__.split(".")[0] in ("documents", "exports", "admin_app")]
    assert not [one.__name__ for one in ours if one._meta.get("strict", True)]


def test_an_index_that_cannot_be_built_is_loud(database):
    database.field_settings.drop_indexes()
    twice = {"area_code": "1", "document": "students", "academic_year": 2568}
    database.field_settings.insert_many([dict(twice), dict(twice)])
    from documents.records.completeness import FieldSetting

    with pytest.raises((OperationFailure, mongoengine.errors.OperationError)):
        FieldSetting.ensure_indexes()
    database.field_settings.delete_many({})
    FieldSetting.ensure_indexes()


def test_a_page_or_file_of_many_asks_no_more_than_of_few(
    open_round, teacher, officer, sign_in, count_commands
):
    """About as many commands for forty pupils as for two: no query a row, nothing read one by one.

    Code lists and sessions are asked again after some seconds, so one or two may come in between.
    """
    write([Change(Student, place(), complete(Student)) for _ in range(2)], teacher)
    few = asked_by(sign_in, (teacher, officer), count_commands)
    write([Change(Student, place(), complete(Student)) for _ in range(38)], teacher)
    many = asked_by(sign_in, (teacher, officer), count_commands)
    assert not {asked: (few[asked], many[asked]) for asked in few if abs(many[asked] - few[asked]) > 3}


def asked_by(sign_in, people, count_commands):
    """{(role, address): how many commands} of a grid, a form, details and both files."""
    found = {}
    pupil = collection(Student).find_one()
    for person in people:
        browser = sign_in(person)
        for path in ("", "?sensitive=1", f"edit/?id={pupil['_id']}", f"details/?id={pupil['_id']}", "new/?school=" + SCHOOL,
                     "export/xlsx/", "export/csv/"):  # fmt: skip
            browser.get(f"/admin/students/{path}")  # what is kept for a while is kept now
            with count_commands() as names:
                assert browser.get(f"/admin/students/{path}").status_code == 200
            found[person.email, path] = len([name for name in names if name != "getMore"])
    return found


# ---- two people, one record ----


def test_a_form_without_its_revision_is_stale(pupil, sign_in, teacher):
    browser, path = sign_in(teacher), f"/admin/students/edit/?id={pupil['_id']}"
    typed = form_of(browser.get(path).text)
    for revision in (None, "", "0", "x", "-1", "9" * 30, "๑", "1.0"):
        sent = {name: value for name, value in typed.items() if name != "revision"} | {"room": "9"}
        sent |= {} if revision is None else {"revision": revision}
        assert browser.send(path, sent).status_code == 409, revision
    assert collection(Student).find_one() == pupil


def test_a_cell_without_its_revision_is_stale(pupil, sign_in, teacher):
    browser = sign_in(teacher)
    cell = {"pk": str(pupil["_id"]), "name": "room", "value": "9"}
    for revision in (None, "", "0", "x", "-1", "9" * 30):
        sent = cell if revision is None else cell | {"revision": revision}
        assert browser.send("/admin/students/ajax/update/", sent).status_code == 409, revision
    assert collection(Student).find_one() == pupil


def test_saving_what_another_removed_brings_no_ghost_back(pupil, sign_in, teacher):
    browser, path = sign_in(teacher), f"/admin/students/edit/?id={pupil['_id']}"
    typed = form_of(browser.get(path).text)
    remove([Student.objects(id=pupil["_id"]).get()], teacher, "ซ้ำ")
    assert browser.send(path, typed | {"room": "9"}).status_code == 404
    with pytest.raises(StaleRevision):
        write([Change(Student, place(), {"room": 9}, id=pupil["_id"], revision=1)], teacher)
    assert collection(Student).count_documents({}) == 0


def test_an_unknown_id_makes_no_record(open_round, teacher):
    with pytest.raises(StaleRevision):
        write([Change(Student, place(), {"room": 9}, id=ObjectId(), revision=1)], teacher)
    assert collection(Student).count_documents({}) == 0
    assert set(declared(Student)) >= {"room"}

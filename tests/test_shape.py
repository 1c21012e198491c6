"""The shape of the code: imports point one way, names say what a thing is, the README tells what there is."""

import ast
import re
from pathlib import Path

import pytest

from documents import subsystems
from documents.records.kinds import Answer
from scripts.commands import manage

ROOT = Path(__file__).parent.parent
# Each folder with those it may lean on; itself always. Scripts and tests may lean on all.
LEANS_ON = {
    "documents": (),
    "exports": ("documents",),
    "views": ("exports", "documents"),
    "admin_app": ("views", "exports", "documents"),
}
OURS = (*LEANS_ON, "scripts", "tests")
MEANINGLESS = ("util", "helper", "manager", "misc", "common", "stuff")
LONGEST_FILE = 550  # lines; style asks for files read at a sitting, and a long plain table of fields may stay
LONGEST_FUNCTION = 60  # lines
COMMAND = re.compile(r"scripts/manage (?:--data \S+ )?([a-z][a-z-]+)")


def sources(*folders):
    """(path from the root, text) of every Python file of ours."""
    for folder in folders or OURS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "vendor" not in path.parts:
                yield path.relative_to(ROOT), path.read_text("utf-8")


def imported(tree):
    """The top names of every module that is imported, inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name.split(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            yield node.module.split(".")[0]


@pytest.mark.parametrize("folder", LEANS_ON)
def test_imports_point_one_way(folder):
    wrong = [
        (str(path), name)
        for path, text in sources(folder)
        for name in imported(ast.parse(text))
        if name in OURS and name not in (folder, *LEANS_ON[folder])
    ]
    assert not wrong


def modules_within(node):
    """What one import statement takes of `documents`: a module, or a name of one."""
    if isinstance(node, ast.Import):
        return [each.name for each in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{each.name}" for each in node.names] + [node.module]
    return []


def test_nothing_is_imported_in_a_circle_inside_a_function_neither():
    """A file is understood by what lies below it; what must not be below is named (SUBSYSTEMS) or told (history.py)."""
    leans = {
        ".".join(path.with_suffix("").parts): {
            each for node in ast.walk(ast.parse(text)) for each in modules_within(node)
        }
        for path, text in sources(*LEANS_ON)
        if path.name != "__init__.py"
    }
    leans = {name: on & leans.keys() for name, on in leans.items()}
    while bare := [name for name, on in leans.items() if not on]:
        leans = {name: on - set(bare) for name, on in leans.items() if on}
    assert sorted(leans) == []


def test_a_subject_has_one_name_in_every_folder():
    subjects = {
        top: {path.parent.name for path in (ROOT / top).glob("*/__init__.py")}
        for top in ("documents", "views", "exports")
    }
    assert subjects["views"] <= subjects["documents"]
    assert subjects["exports"] - subjects["documents"] == {"reading", "imports", "workbooks"}
    told = (
        (ROOT / "README.md")
        .read_text("utf-8")
        .partition("divided by subject")[2]
        .partition("Imports point")[0]
    )
    assert (
        set(re.findall(r"\b([a-z]+)/(?= )", told))
        == (subjects["documents"] - {"migrations"}) | subjects["exports"]
    )


def test_no_code_outside_a_subsystem_s_own_folder_asks_which_subsystem_it_is():
    """There a name is data only: in a list or a table. What is of pupils alone, everywhere, says so here."""
    kinds, folders = subsystems(), {"dmc", "emis", "bobec", "mobec", "gcode"}
    named = "|".join(f'"{re.escape(name)}"' for kind in kinds for name in (kind.slug, kind.subsystem))
    classes = "|".join(kind.__name__ for kind in kinds)
    asking = re.compile(
        rf"(?:==|!=) ?(?:{named})|(?:{named}) ?(?:==|!=|(?:not )?in )|is (?:not )?(?:{classes})\b"
    )
    own = {
        "documents/collecting/waiting.py",  # moves and duplicates wait in rounds of pupils
        "views/shell.py",  # the search of every page is for pupils
        "admin_app/templates/district/school_import.html",  # which of an office's lists a file may be: schools, rooms
        "admin_app/templates/district/school_plan.html",
    }
    pages = [
        (path.relative_to(ROOT), path.read_text("utf-8"))
        for path in sorted((ROOT / "admin_app/templates").rglob("*.html"))
    ]
    found = {
        str(path): asking.findall(text)
        for path, text in (*sources(*LEANS_ON), *pages)
        if not folders & set(path.parts)
    }
    assert {path for path, asked in found.items() if asked} == own


def test_what_the_data_is_knows_neither_web_nor_workbook():
    """`documents/` never asks who is reading; Flask-Security's mixins make a User one, and nothing else is taken."""
    web = {"flask", "flask_admin", "flask_login", "flask_wtf", "wtforms", "werkzeug", "jinja2", "xlsxwriter"}
    web |= {"python_calamine", "fpdf", "markupsafe"}
    for path, text in sources("documents"):
        assert not set(imported(ast.parse(text))) & web, path
        assert "current_user" not in text, path


def test_no_file_is_named_for_nothing():
    every = [
        path for folder in OURS for path in (ROOT / folder).rglob("*") if "__pycache__" not in path.parts
    ]
    names = [path.relative_to(ROOT) for path in every if "vendor" not in path.parts]
    assert not [name for name in names if any(word in name.name.lower() for word in MEANINGLESS)]


def test_every_module_class_and_function_of_the_product_that_others_use_says_what_it_is():
    silent = []
    for path, text in sources(*LEANS_ON):
        tree = ast.parse(text)
        if text.strip() and not ast.get_docstring(tree):
            silent.append(str(path))
        for node in tree.body:
            public = isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
            if public and not ast.get_docstring(node):
                silent.append(f"{path}: {node.name}")
    assert not silent


def test_files_and_functions_can_be_read_at_a_sitting():
    long = []
    for path, text in sources(*LEANS_ON, "scripts"):
        if text.count("\n") > LONGEST_FILE:
            long.append((str(path), text.count("\n")))
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno > LONGEST_FUNCTION:
                long.append((str(path), node.name))
    assert not long


def test_the_readme_names_every_subsystem_and_every_script():
    readme = (ROOT / "README.md").read_text("utf-8")
    for document in subsystems():
        assert f"`{document.slug}`" in readme, document.slug
    kinds = re.search(r"A kind of record is one file.*?(?=\n- )", readme, re.S)[0]
    told = set(re.findall(r"`([a-z]+)`\s*\(", kinds))
    assert told == {document.slug for document in subsystems()}
    programs = {path.name for path in (ROOT / "scripts").iterdir() if path.is_file() and not path.suffix}
    assert programs == set(re.findall(r"scripts/([a-z]+)\b(?!\.)", readme)) & programs
    assert set(re.findall(r"`?scripts/([a-z]+)`?(?![a-z./_])", readme)) <= programs


def test_every_command_that_is_told_of_is_there():
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    told = {name for page in pages for name in COMMAND.findall(page.read_text("utf-8"))}
    assert len(told) > 5
    assert told <= set(manage.commands)


def test_the_operator_is_told_every_collection_to_shard():
    sharding = re.search(r"^Sharding:.*?\n\n", (ROOT / "docs/operating.md").read_text("utf-8"), re.S | re.M)[
        0
    ]
    kinds = [*subsystems(), Answer]
    assert [kind.slug for kind in kinds if f"`{kind._get_collection_name()}`" not in sharding] == []


def test_what_the_readme_leads_to_is_there():
    readme = (ROOT / "README.md").read_text("utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)|src=\"([^\"]+)\"", readme):
        path = target[0] or target[1]
        assert path.startswith("http") or (ROOT / path).exists(), path


def test_every_version_is_pinned_and_no_stand_in_for_the_database_is_used():
    for name in ("requirements.txt", "requirements-test.txt", "requirements-bench.txt"):
        lines = (ROOT / name).read_text("utf-8").splitlines()
        for line in (line.split("#")[0].strip() for line in lines):
            assert not line or line.startswith("-r ") or re.match(r"[\w.-]+==[\w.]+( ;|$)", line), line
            assert "mongomock" not in line

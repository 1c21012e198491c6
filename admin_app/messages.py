"""Which messages the product has: read off its own source, for the catalogue of `wording.py`.

Python's Thai strings and f-strings, the texts and attributes of templates, the scripts' strings, and the words of the
short code lists. What is put in at run time is a hole: `มี {0} รายการ`. After words were added or changed:

    .venv/bin/python -c "from admin_app.messages import bring_up_to_date; bring_up_to_date()"

puts the new ones into the catalogue, without English, and takes out those that are gone.
"""

import ast
import datetime as dt
import json
import re
from html import unescape
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment, nodes

from admin_app.wording import ATTRIBUTE, CATALOGUE, EDGES, IN_SCRIPTS, THAI_LETTER, TOKEN
from documents import subsystems
from documents.collecting.progress import noun_of
from documents.records.record import shown_fields

ROOT = Path(__file__).parent.parent
FOLDERS = ("documents", "exports", "views", "admin_app")
# What readers of pages never see: the operator's sentences, papers and workbooks, texts to paste, and these two.
LEFT_OUT = (
    *(
        "translations",
        "vendor",
        "migrations",
        "wording.py",
        "messages.py",
        "config.py",
        "thai.py",
        "sounds.py",
        "places.py",
    ),
    *("backup.py", "restoring.py", "encrypted_file.py", "verifying.py", "reminders.py", "installation.py"),
    *(
        "papers.py",
        "round_workbook.py",
        "round_report.py",
        "reports.py",
        "statistics.py",
        "sheets.py",
        "workbook.py",
    ),
    *("template.py", "discretion.py", "letter_words.py", "letter_files.py"),
)
# Regular expressions, pieces of markup and the like.
NO_WORDING = re.compile(r"\\[sdw.\-]|\(\?[:=!<]|\[[^\]]*-[^\]]*\]|^.[ก-ฮ]{20,}$|&[LRC]|=\"|^\"?>")
SEEDS = ROOT / "documents" / "seeds"
MARK = "\ue000"  # stands for what is put in
BREAK = "\ue001"  # stands for markup: no text goes on behind it
# The dates of the catalogue: writing it again changes no line.
BEGUN = dt.datetime(2026, 11, 25, tzinfo=dt.UTC)
FOREVER = {"creation_date": BEGUN, "revision_date": BEGUN}
TEXT_CALLS = ("get", "format_datetime", "format_date", "format_long", "short_code", "str", "join")
BRACED = re.compile(r"\{\w*(?:[.\[!:][^{}]*)?\}|%\(\w+\)[sd]|\$\{[^{}]*\}")
MARKUP = re.compile(r"</?[a-z]+[ >]")
SCRIPT_TEXT = re.compile(r'"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`')


def messages():
    """Every message, sorted."""
    return sorted(_all_of(*in_python(), *in_templates(), *in_scripts(), *declared_in_both()))


def _all_of(*texts):
    return {message for text in texts for message in _messages_of(text)}


def _messages_of(text):
    """The message a text with marks for its holes stands for; none where it says nothing in Thai."""
    text = text.strip(EDGES)
    bare = text.replace(MARK, "").strip()
    if not THAI_LETTER.search(bare) or len(bare) < 2 or NO_WORDING.search(bare):
        return
    parts = text.split(MARK)
    yield "".join(part + (f"{{{n}}}" if n < len(parts) - 1 else "") for n, part in enumerate(parts))


# ---- Python ----


def in_python():
    """Thai strings of the product's modules, docstrings left out; of markup, its texts and attributes."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if not any(part in LEFT_OUT for part in path.parts):
                for text in _strings(ast.parse(path.read_text("utf-8"))):
                    yield from _in_markup(text) if MARKUP.search(text) else (text,)


def _strings(tree):
    silent = {id(node.body[0].value) for node in ast.walk(tree) if _has_docstring(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            silent |= {id(each) for each in ast.walk(node) if isinstance(each, ast.Constant)}
            silent |= {
                id(each) for each in ast.walk(node) if isinstance(each, ast.JoinedStr) and each is not node
            }
            yield "".join(each.value if isinstance(each, ast.Constant) else MARK for each in node.values)
            for each in node.values:
                if isinstance(each, ast.FormattedValue):
                    yield from _strings(ast.Expression(each.value))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
            yield BRACED.sub(MARK, node.value)


def _has_docstring(node):
    if not isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) or not node.body:
        return False
    first = node.body[0]
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)


# ---- templates ----


def in_templates():
    """Texts and spoken attributes of the templates, and the strings in their expressions."""
    environment = Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do"], autoescape=True)
    for path in sorted((ROOT / "admin_app" / "templates").rglob("*.html")):
        tree = environment.parse(path.read_text("utf-8"))
        yield from _in_expressions(tree)
        yield from _in_markup(_flat(tree))


def _in_expressions(tree):
    inside = set()
    for node in tree.find_all(nodes.Concat):
        if id(node) not in inside:
            inside |= {id(each) for each in node.find_all(nodes.Concat)}
            if len(node.nodes) > 2:  # of two, one may be empty
                inside |= {id(each) for each in node.nodes}
            yield "".join(_const(each) for each in node.nodes)
    for node in tree.find_all(nodes.Const):
        if isinstance(node.value, str) and id(node) not in inside:
            yield BRACED.sub(MARK, node.value)


def _const(node):
    return (
        BRACED.sub(MARK, node.value)
        if isinstance(node, nodes.Const) and isinstance(node.value, str)
        else MARK
    )


def _flat(tree):
    """The template's own markup, a mark for each expression, in the order it is written; both ways of a condition."""
    pieces = []
    for node in tree.find_all(nodes.Output):
        for each in node.nodes:
            pieces.append(each.data if isinstance(each, nodes.TemplateData) else _put_in(each))
        pieces.append(BREAK)  # something else may come between
    return "".join(pieces)


def _put_in(node):
    """What an expression stands for: markup where it calls a macro, text otherwise."""
    called = next(iter(node.find_all(nodes.Call)), None) if not isinstance(node, nodes.Call) else node
    if called is None:
        return MARK
    name = called.node.name if isinstance(called.node, nodes.Name) else getattr(called.node, "attr", "")
    return MARK if name in TEXT_CALLS else BREAK


def _in_markup(markup):
    for index, piece in enumerate(TOKEN.split(markup)):
        if index % 2:
            for _, value in ATTRIBUTE.findall(piece):
                yield from unescape(value).split(BREAK)
        else:
            yield from unescape(piece).split(BREAK)


# ---- scripts, and what is declared ----


def in_scripts():
    """Thai strings of the scripts."""
    for path in sorted((ROOT / "admin_app" / "static" / "js").glob("*.js")):
        for plain, template in SCRIPT_TEXT.findall(_without_comments(path.read_text("utf-8"))):
            yield BRACED.sub(MARK, template) if template else plain


def _without_comments(script):
    return re.sub(r"/\*.*?\*/|(?m:^\s*//.*$)", "", script, flags=re.S)


def declared_in_both():
    """{Thai: English} of what is declared in both: fields, kinds of record, and the entries of code lists.

    A short label without English of its own has the long one's.
    """
    found = {}
    for document in subsystems():
        found[document.label] = document.label_en
        found.setdefault(noun_of(document), document.label_en)
        found |= {field.verbose_name: field.label_en for field in shown_fields(document).values()}
    for path in sorted(SEEDS.glob("*.json")):
        seed = json.loads(path.read_text("utf-8"))
        for row in (seed, *seed.get("entries", ()), *seed.get("templates", ())):
            for name in ("title", "label", "short"):
                english = row.get(f"{name}_en") or row.get("label_en")
                if row.get(name) and english:
                    found.setdefault(row[name], english)
    return {thai: english for thai, english in found.items() if thai != english and THAI_LETTER.search(thai)}


# ---- the catalogue ----


def stored():
    """The Catalog as it is kept."""
    with CATALOGUE.open("rb") as source:
        return read_po(source, locale="en")


def bring_up_to_date():
    """Put messages without English into the catalogue and take out those that are gone; gives (new, gone).

    One with a comment was put there by hand, for a text that the source makes in more than one step, and stays.
    """
    old = {each.id: each for each in stored() if each.id} if CATALOGUE.exists() else {}
    now = {*messages(), *(key for key, each in old.items() if each.user_comments)}
    made = Catalog(locale="en", project="Khet", version="", charset="utf-8", fuzzy=False, **FOREVER)
    made.header_comment = "# English for the words of Khet. See admin_app/messages.py."
    scripts, declared = _all_of(*in_scripts()), declared_in_both()
    for message in sorted(now):
        kept = old.get(message)
        made.add(message, (kept.string if kept else "") or declared.get(message, ""), user_comments=kept.user_comments if kept else (),
                  auto_comments=(IN_SCRIPTS,) if message in scripts else ())  # fmt: skip
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    with CATALOGUE.open("wb") as target:
        write_po(target, made, width=0, omit_header=False)
    return len(now - old.keys()), len(old.keys() - now)

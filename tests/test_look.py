"""The look: readable in both themes, nothing that the page's policy refuses, and scripts that lose nothing typed."""

import json
import re
from hashlib import sha256

import pytest
from playwright.sync_api import expect

from admin_app import theme
from documents.collecting import rounds, submissions
from tests.look_app import served

STATIC = theme.STATIC
TEMPLATES = sorted((STATIC.parent / "templates").rglob("*.html"))
SCRIPTS = sorted((STATIC / "js").glob("*.js"))
TOKENS = (STATIC / "css" / "tokens.css").read_text()

# Text on its ground: (ink, ground); WCAG 2.2 AA asks 4.5, and 3 of the edge of an input and of the focus ring.
READ = [
    (ink, ground)
    for ink in ("ink", "ink-2")
    for ground in ("paper", "ground", "sunk", "hover", "accent-soft")
]
READ += [
    (f"s-{state}-ink", f"s-{state}")
    for state in ["idle", "work", "conf", "cert", "veri", "lock", "back", "late", "shut"]
]
READ += [("ink-3", "paper"), ("ink-3", "ground"), ("ink-3", "sunk"), ("ink-3", "s-idle"), ("risk", "paper")]
READ += [("accent", "paper"), ("accent", "ground"), ("accent", "accent-soft"), ("accent-ink", "accent")]
READ += [("accent-ink", "accent-2"), ("risk-ink", "risk"), ("bar-ink", "bar-ground"), ("bar-ink", "bar-soft")]
READ += [("s-late-ink", "paper"), ("s-veri-ink", "paper"), ("s-back-ink", "paper")]
READ += [("s-late-ink", "hover"), ("s-veri-ink", "hover")]
SEEN = [
    ("edge", "paper"),
    ("focus", "paper"),
    ("focus", "ground"),
    ("s-veri-bar", "s-idle"),
    ("s-late-bar", "paper"),
]


def colours(block):
    """{name: (r, g, b)} of the tokens in one block of tokens.css."""
    found = re.findall(r"--([\w-]+): #([0-9a-f]{6});", block)
    return {name: tuple(int(digits[i : i + 2], 16) for i in (0, 2, 4)) for name, digits in found}


def blocks():
    """The light block, the dark one by the system's setting, the dark one by the switch."""
    light = TOKENS[TOKENS.index(":root {") : TOKENS.index("@media screen and (prefers")]
    by_system = TOKENS[TOKENS.index("@media screen and (prefers") : TOKENS.index(':root[data-theme="dark"]')]
    by_switch = TOKENS[TOKENS.index(':root[data-theme="dark"]') : TOKENS.index("/* A tone gives")]
    return light, by_system, by_switch


def luminance(colour):
    """Relative luminance by WCAG 2.2."""
    parts = [part / 255 for part in colour]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("which", [0, 1], ids=["light", "dark"])
def test_every_ink_stands_out_from_its_ground(which):
    known = colours(blocks()[0]) | colours(blocks()[which])
    weak = {
        f"{ink} on {ground}": round(contrast(known[ink], known[ground]), 2)
        for pairs, least in ((READ, 4.5), (SEEN, 3))
        for ink, ground in pairs
        if contrast(known[ink], known[ground]) < least
    }
    assert weak == {}


def test_the_dark_of_the_switch_is_the_dark_of_the_system():
    assert re.findall(r"--[\w-]+: [^;]+;", blocks()[1]) == re.findall(r"--[\w-]+: [^;]+;", blocks()[2])


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(STATIC.parent)))
def test_no_template_has_what_the_policy_refuses(template):
    text = re.sub(r"\{#.*?#\}", "", template.read_text(), flags=re.S)
    assert not re.search(r"""\son[a-z]+\s*=\s*["']""", text), "an inline handler"
    assert not re.search(r"""\sstyle\s*=\s*["']""", text), "a style attribute"
    assert "javascript:" not in text
    for opening in re.findall(r"<(?:script|style)\b[^>]*>", text):
        assert re.search(r"\bsrc=|application/json|nonce", opening), opening


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_script_does_what_the_policy_refuses(script):
    text = script.read_text()
    assert not re.search(r"\beval\(|new Function|document\.write|insertAdjacentHTML|outerHTML", text)
    assert not re.search(r"""setAttribute\("style"|style: [`"']""", text)


def test_every_icon_and_file_a_template_names_is_there():
    icons = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "icons.svg").read_text()))
    named = {icon for look in theme.SUBMISSION_LOOK.values() if (icon := look[3])}
    named |= {*theme.MENU_ICONS.values(), *theme.FLASH_ICONS.values(), "list", "home"}
    for path in TEMPLATES:
        text = path.read_text()
        named |= set(re.findall(r"""\bk\.icon\(["']([\w-]+)["']\)""", text))
        named |= set(re.findall(r"""\bicon_name=["']([\w-]+)["']""", text))
        for file in re.findall(r"""asset\(["']([^"'~]+)["']\)""", text):
            assert (STATIC / file).is_file(), f"{path.name}: {file}"
    for path in SCRIPTS:
        named |= set(re.findall(r"""\bicon\("([\w-]+)"\)""", path.read_text()))
    assert named - icons == set()


# Names that Flask-Admin's own scripts, or nobody but they, look for.
ITS_OWN = {
    "admin-form",
    "inline-field-template",
    "inline-list",
    "model-list",
    "list-buttons-column",
    "column-header",
}


def test_every_class_a_template_names_is_in_a_stylesheet_or_a_script():
    styled = "".join(sheet.read_text() for sheet in (STATIC / "css").glob("*.css"))
    styled += "".join("".join(re.findall(r"<style.*?</style>", path.read_text(), re.S)) for path in TEMPLATES)
    known = set(re.findall(r"\.(-?[a-zA-Z][\w-]*)", styled)) | ITS_OWN
    scripts = "".join(path.read_text() for path in SCRIPTS)
    lost = {}
    for path in TEMPLATES:
        plain = re.sub(r"\{[{%].*?[}%]\}", "\0", path.read_text(), flags=re.S)
        for name in " ".join(re.findall(r'class="([^"]*)"', plain)).split():
            if "\0" not in name and name not in known and name not in scripts:
                lost.setdefault(name, path.name)
    assert lost == {}


A4 = 794  # CSS pixels of its width: without `screen` a narrower layout would be printed


def test_paper_is_never_laid_out_as_a_phone():
    narrow = [
        f"{sheet.name}: {found[0]}"
        for sheet in (STATIC / "css").glob("*.css")
        for found in re.finditer(r"@media \(max-width: (\d+)px\)", sheet.read_text())
        if int(found[1]) < A4 + 100
    ]
    assert narrow == []


def test_no_list_is_laid_in_columns_within_a_height():
    """What is more than fits would go on in columns beside, out of sight; a grid scrolls down."""
    for path in sorted((STATIC / "css").glob("*.css")):
        for selector, rules in re.findall(r"([^{}]+)\{([^{}]*)\}", path.read_text("utf-8")):
            named = {rule.partition(":")[0].strip() for rule in rules.split(";")}
            assert not ({"columns", "column-count"} & named and "max-height" in named), (
                path.name,
                selector.strip(),
            )


def test_every_vendored_file_is_named_with_its_licence_and_digest():
    vendor = STATIC / "vendor"
    listed = {}
    for entry in json.loads((vendor / "manifest.json").read_text()):
        assert entry["name"]
        assert entry["version"]
        assert entry["licence"]
        assert (vendor / entry["licence_file"]).is_file()
        listed |= entry["files"]
    there = {
        p.relative_to(vendor).as_posix(): p
        for p in vendor.rglob("*")
        if p.is_file() and p.name != "manifest.json"
    }
    assert {name: sha256(path.read_bytes()).hexdigest() for name, path in there.items()} == listed


def test_every_state_has_its_words_and_colour():
    assert [state for state in submissions.STATES if theme.submission_look(state)["label"] == state] == []
    assert {
        state: words for state, words in rounds.STATES.items() if theme.round_look(state)["label"] != words
    } == {}


def test_numbers_are_grouped_and_nothing_is_a_dash():
    assert [theme.comma(49812), theme.comma(28.456, 1), theme.comma(None), theme.comma("84%")] == [
        "49,812",
        "28.5",
        "–",
        "84%",
    ]


# In a real browser, under the real policy


@pytest.fixture
def site():
    with served() as (address, view):
        yield address, view


@pytest.fixture
def tab(chromium, site):
    """A page on the grid; at the end nothing was refused by the policy and no script failed."""
    context = chromium.new_context(viewport={"width": 1366, "height": 768}, base_url=site[0])
    page = context.new_page()
    faults = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.on(
        "console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None
    )
    page.goto("/admin/pupils/")
    yield page
    context.close()
    assert faults == []


@pytest.mark.browser
def test_deleting_asks_first_and_a_no_changes_nothing(tab, site):
    trash = tab.locator("tr[data-pk='2'] button.risky")
    trash.click()
    expect(tab.locator("dialog[open]")).to_contain_text("ลบ 1 รายการ: เด็กชายปู่ที่ 2")
    tab.locator("dialog[open] [value=no]").click()
    assert 2 in site[1].rows
    trash.click()
    tab.locator("dialog[open] [value=yes]").click()
    expect(tab.locator("tr[data-pk='2']")).to_have_count(0)
    assert 2 not in site[1].rows


@pytest.mark.browser
def test_a_bulk_action_says_how_many_and_sends_those(tab, site):
    tab.locator("input.action-checkbox").nth(0).check()
    tab.locator("input.action-checkbox").nth(2).click(modifiers=["Shift"])
    expect(tab.locator("[data-act-count]")).to_have_text("เลือกไว้ 3 คน")
    tab.locator("td.col-check").nth(3).click(position={"x": 3, "y": 3})  # beside its box, as a finger does
    expect(tab.locator("[data-act-count]")).to_have_text("เลือกไว้ 4 คน")
    tab.locator("td.col-check").nth(3).click(position={"x": 3, "y": 3})
    tab.locator("[data-action=review]").click()
    expect(tab.locator("dialog[open]")).to_contain_text("ทบทวนแล้ว 3 คน")
    tab.locator("dialog[open] [value=yes]").click()
    expect(tab.locator(".flash")).to_contain_text("ทบทวนแล้ว 3 คน")
    assert site[1].received[-1]["rowid"] == ["1", "2", "3"]
    assert site[1].received[-1]["all_matching"] == [""]


@pytest.mark.browser
def test_all_that_match_may_be_chosen(tab, site):
    tab.locator(".action-rowtoggle").check()
    tab.locator("[data-act-all]").click()
    expect(tab.locator("[data-act-count]")).to_have_text("เลือกทั้งหมด 40 คนที่ตรงเงื่อนไข")
    tab.locator("[data-action=review]").click()
    expect(tab.locator("dialog[open]")).to_contain_text("ไม่ใช่เฉพาะหน้านี้")
    tab.locator("dialog[open] [value=yes]").click()
    expect(tab.locator(".flash")).to_be_visible()
    assert site[1].received[-1]["all_matching"] == ["1"]


@pytest.mark.browser
def test_a_row_is_added_to_a_list_in_a_form(tab, site):
    tab.goto("/admin/pupils/edit/?id=1")
    tab.locator("[data-inline-add]").click()
    tab.locator("[data-inline-add]").click()
    tab.locator("[name=phones-1]").fill("045 000 000")
    tab.locator("[name=name]").fill("ปู่")
    tab.locator("[data-save]").click()
    expect(tab.locator(".flash")).to_be_visible()
    assert site[1].received[-1]["phones-1"] == ["045 000 000"]


@pytest.mark.browser
def test_a_cell_is_changed_by_keyboard_and_sends_the_revision(tab, site):
    cell = tab.locator("tr[data-pk='1'] td[data-col=weight]")
    cell.focus()
    tab.keyboard.type("30.1")
    tab.keyboard.press("Enter")
    expect(cell).to_have_text("30.1")
    assert site[1].received[-1] | {"csrf_token": 0} == {
        "list_form_pk": ["1"], "weight": ["30.1"], "revision": ["1"], "csrf_token": 0,
    }  # fmt: skip
    expect(tab.locator("tr[data-pk='1']")).to_have_attribute("data-revision", "2")
    expect(tab.locator("tr[data-pk='2'] td[data-col=weight]")).to_be_focused()


def type_weight(tab, text):
    cell = tab.locator("tr[data-pk='1'] td[data-col=weight]")
    cell.dblclick()
    cell.locator("input").fill(text)
    tab.keyboard.press("Enter")
    return cell


@pytest.mark.browser
@pytest.mark.parametrize(("choice", "kept"), [("mine", "30.5"), ("theirs", "31.2")])
def test_two_versions_of_a_cell_are_shown_and_the_person_chooses(tab, site, choice, kept):
    row = site[1].rows[1]
    row.weight, row.revision = "31.2", 5
    cell = type_weight(tab, "30.5")
    shown = tab.locator("dialog[open]")
    for words in ("เจ้าหน้าที่เขต", "30.5", "31.2"):
        expect(shown).to_contain_text(words)
    shown.locator(f"[value={choice}]").check()
    shown.locator("[value=go]").click()
    expect(cell).to_have_text(kept)
    assert row.weight == kept


@pytest.mark.browser
def test_a_refused_value_stays_typed_beside_its_sentence(tab):
    cell = type_weight(tab, "999")
    expect(cell.locator(".cell-word")).to_have_text("น้ำหนักเกิน 150 กก.")
    expect(cell.locator("input")).to_have_value("999")


@pytest.mark.browser
def test_a_cell_typed_while_the_line_is_down_is_sent_later(tab, site):
    tab.context.set_offline(True)
    cell = type_weight(tab, "33.3")
    expect(cell.locator(".cell-word")).to_contain_text("เครือข่ายหลุด")
    tab.context.set_offline(False)
    tab.keyboard.press("Enter")
    expect(cell).to_have_text("33.3")
    assert site[1].rows[1].weight == "33.3"


@pytest.mark.browser
def test_a_half_filled_form_survives_a_dropped_line_and_a_closed_page(tab, site):
    tab.goto("/admin/pupils/edit/?id=1")
    tab.locator("[name=name]").fill("พิมพ์ค้างไว้")
    tab.context.set_offline(True)
    tab.locator("[data-save]").click()
    expect(tab.locator(".toast")).to_contain_text("สิ่งที่พิมพ์อยู่ครบ")
    expect(tab.locator("[name=name]")).to_have_value("พิมพ์ค้างไว้")
    tab.context.set_offline(False)
    tab.goto("/admin/pupils/")
    tab.goto("/admin/pupils/edit/?id=1")
    expect(tab.locator("[name=name]")).not_to_have_value("พิมพ์ค้างไว้")
    tab.get_by_text("กู้คืนสิ่งที่พิมพ์ค้างไว้").click()
    expect(tab.locator("[name=name]")).to_have_value("พิมพ์ค้างไว้")
    tab.locator("[data-save]").click()
    expect(tab.locator(".flash")).to_be_visible()
    assert site[1].received[-1]["name"] == ["พิมพ์ค้างไว้"]
    tab.goto("/admin/pupils/edit/?id=1")
    expect(tab.locator(".draft")).to_have_count(0)


@pytest.mark.browser
def test_a_saved_form_is_not_offered_again_though_one_left_before_the_scripts_were_there(tab):
    tab.goto("/admin/pupils/edit/?id=1")
    tab.locator("[name=name]").fill("พิมพ์แล้วบันทึก")
    tab.route("**/js/draft.js*", lambda route: route.abort())
    tab.locator("[data-save]").click()
    expect(tab.locator(".flash")).to_be_visible()
    tab.unroute("**/js/draft.js*")
    tab.goto("/admin/pupils/edit/?id=1")
    expect(tab.locator("[data-revision], form[data-draft]").first).to_be_visible()
    expect(tab.locator(".draft")).to_have_count(0)


@pytest.mark.browser
def test_a_date_is_typed_without_slashes_and_a_common_era_year_is_noticed(tab):
    tab.goto("/admin/pupils/edit/?id=1")
    date = tab.locator("[name=birth_date]")
    date.press_sequentially("๐๕๐๖๒๕๕๘")
    expect(date).to_have_value("05/06/2558")
    date.fill("5/6/2015")
    date.blur()
    expect(tab.locator(".hint")).to_contain_text("2558")


@pytest.mark.browser
def test_a_place_is_picked_by_typing_and_copied_to_the_other_address(tab, site):
    tab.goto("/admin/pupils/edit/?id=1")
    words = tab.locator("#reg_place-words")
    expect(words).to_have_value("ในเมือง")
    words.fill("หัว")
    tab.locator(".pick-list li").first.click()
    expect(words).to_have_value("หัวเรือ")
    expect(tab.locator("[name=reg_place]")).to_have_value("340102")


@pytest.mark.browser
def test_history_opens_beside_the_grid(tab):
    tab.locator("[data-history='3']").click()
    expect(tab.locator("#drawer")).to_contain_text("ชั่งใหม่")
    tab.keyboard.press("Escape")
    expect(tab.locator("#drawer")).to_be_hidden()


# What a finger presses and is not 44 pixels high; a line of links has its place around what is seen.
TOO_SMALL = """() => [...document.querySelectorAll(".btn, summary, main select, main textarea, .row-do > *, .side nav a, "
    + "main input:not([type=hidden], [type=checkbox], [type=radio])")].filter((one) => one.checkVisibility()
    && one.getBoundingClientRect().height < (one.closest("td, .find") ? 40 : 44)).map((one) => one.outerHTML.slice(0, 120))"""


@pytest.mark.browser
def test_on_a_phone_nothing_runs_off_the_side_and_the_menu_opens(tab):
    tab.set_viewport_size({"width": 390, "height": 844})
    for path in ("/admin/pupils/", "/admin/pupils/edit/?id=1", "/admin/pupils/details/?id=1"):
        tab.goto(path)
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390, path
        assert tab.evaluate(TOO_SMALL) == [], path
    expect(tab.locator(".side")).not_to_be_in_viewport()
    tab.locator("[data-nav-toggle]").click()
    expect(tab.locator(".side nav a").first).to_be_in_viewport()


@pytest.mark.browser
def test_the_theme_is_switched_and_kept(tab):
    for theme_name in ("light", "dark"):
        tab.locator("[data-theme-switch]").click()
        expect(tab.locator("html")).to_have_attribute("data-theme", theme_name)
    tab.reload()
    expect(tab.locator("html")).to_have_attribute("data-theme", "dark")


@pytest.mark.browser
@pytest.mark.parametrize("switched", [False, True])
def test_what_is_printed_is_dark_on_white_whatever_the_screen_is(switched, tab):
    tab.emulate_media(color_scheme="light" if switched else "dark")
    tab.goto("/admin/pupils/")
    if switched:
        tab.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert luminance(shown(tab, "--paper")) < 0.2
    tab.emulate_media(media="print")
    assert luminance(shown(tab, "--paper")) > 0.9
    assert luminance(shown(tab, "--ink-2")) < 0.2


def shown(tab, token):
    """The colour that a token stands for on a page now."""
    digits = tab.evaluate("name => getComputedStyle(document.documentElement).getPropertyValue(name)", token)
    return tuple(int(digits.strip()[i : i + 2], 16) for i in (1, 3, 5))


TALL = '<div class="table-wrap"><table class="plain"><thead><tr><th>ชื่อ</th><th>{}</th></tr></thead><tbody>{}</tbody></table></div>'


@pytest.mark.browser
def test_a_long_table_keeps_its_head_in_sight_and_a_wide_one_says_that_it_goes_on(tab):
    tall = TALL.format("ชั้น", "<tr><td>ปู่</td><td>ป.1</td></tr>" * 80)
    wide = TALL.format("กว้าง" * 400, "<tr><td>ปู่</td><td>ป.1</td></tr>")

    def with_tables(route):
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace("</main>", f"{tall}{wide}</main>"))

    tab.route("**/admin/pupils/", with_tables)
    tab.reload()
    fitting, going_on = tab.locator(".table-wrap").all()
    expect(fitting).to_have_class(re.compile(r"\bfits\b"))
    fitting.locator("tr").nth(60).scroll_into_view_if_needed()
    under = tab.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--top')")
    assert fitting.locator("th").first.bounding_box()["y"] == int(under.removesuffix("px")), (
        "under the top bar"
    )
    going_on.scroll_into_view_if_needed()
    expect(going_on).to_have_class(re.compile(r"\bgoes-on\b"))
    going_on.evaluate("box => { box.scrollLeft = box.scrollWidth }")
    expect(going_on).not_to_have_class(re.compile(r"\bgoes-on\b"))


@pytest.mark.browser
def test_an_empty_input_is_told_in_the_page_s_language_and_sent_once_it_is_filled(tab):
    form = '<form id="asks" method="get" action="/admin/pupils/"><input name="q" required><button>ส่งไป</button></form>'

    def with_form(route):
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace("</main>", f"{form}</main>"))

    tab.route("**/admin/pupils/", with_form)
    tab.reload()
    tab.locator("#asks button").click()
    assert tab.evaluate("document.querySelector('#asks input').validationMessage") == "กรุณากรอกช่องนี้"
    tab.evaluate("document.querySelector('#asks input').value = 'ก'")  # as a script sets it, without an event
    tab.locator("#asks button").click()
    tab.wait_for_url("**/admin/pupils/?q=*")

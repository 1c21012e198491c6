"""Every page, looked over by axe-core in both themes and at two widths; in each theme at each width with --long.

The pages are those of the table of routes, so that a page with a line there is looked over here. What axe calls
serious or critical fails; so does a table that nobody named. axe itself comes with a package of the test
requirements; it is put in by the driver, not by the page, so the page's policy stays as it is.
"""

import io
from itertools import islice

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Error, expect

from documents import subsystems
from documents.collecting.moves import move
from documents.dmc.students import Student
from documents.people.users import ROLES
from exports.imports.importing import plan_import
from tests.browsing import LAPTOP, PHONE
from tests.people import SCHOOL
from tests.test_routes import table
from tests.test_routes import there as there
from tests.world import settle

pytestmark = pytest.mark.browser

GRAVE = ("serious", "critical")
FRAME = [".side", ".top"]  # the same on every page of a role: looked at once
RULES = {
    "resultTypes": ["violations"],
    "preload": False,
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "rules": {"label-content-name-mismatch": {"enabled": True}, "target-size": {"enabled": True}},
}
COLOURS = {
    "resultTypes": ["violations"],
    "preload": False,
    "runOnly": ["color-contrast", "link-in-text-block"],
}
FULL = [
    (LAPTOP, "light", RULES),
    (LAPTOP, "dark", COLOURS),
    (PHONE, "dark", COLOURS),
    (PHONE, "light", RULES),
]
SHORT = [(LAPTOP, "light", RULES), (PHONE, "dark", RULES)]  # of a page much like another
UNNAMED_TABLES = """() => [...document.querySelectorAll("table")]
  .filter((one) => !one.caption && !one.ariaLabel && !one.getAttribute("aria-labelledby"))
  .map((one) => one.outerHTML.slice(0, 100))"""
# Of a long list the first choices tell as much as all. The bar that sticks to the bottom covers a part of some target
# at any moment; the page scrolls free of it, and what has the focus is never under it (`scroll-padding`).
READY = """script => {
  for (const bar of document.querySelectorAll(".save-bar")) bar.style.position = "static";
  for (const one of document.querySelectorAll("option:nth-child(n + 4):not(:checked)")) one.remove();
  if (!window.axe) (0, eval)(script);
}"""
NOT_PAGES = (
    "/export/",
    "/history/",
    "/places/",
    "/template/",
    "/pdf/",
    "/choose/",
    "/jobs/corner/",
    "/jobs/status/",
    "/jobs/result/",
)
PER_ROLE = ("/admin/", "/admin/rounds/details/", "/admin/submissions/details/")  # other for each role
PARTS = {"school": 3}  # who looks at most pages does so in several tests, for several workers
ALIKE = ("/new/", *(f"/admin/{document.slug}/" for document in subsystems()[1:]))


class Watch:
    """Collects what axe finds on the pages it is shown; `said()` is the list to read."""

    def __init__(self, every_look=True):
        self.found, self.frames, self.every_look = {}, set(), every_look

    def look(self, page, name, looks=FULL, frame=None):
        """Look at a page as it stands now, in each theme and width; a `frame` seen before is left out."""
        if not self.every_look:
            looks = SHORT[: len(looks)]
        page.evaluate(READY, AXE_SCRIPT)
        leave_out = FRAME if frame in self.frames else []
        self.frames.add(frame)
        for size, theme, options in looks:
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            found = page.evaluate(
                "([exclude, options]) => axe.run({ exclude }, options)", [leave_out, options]
            )
            self.keep(found["violations"], f"{name} {size['width']} {theme}")
        page.set_viewport_size(LAPTOP)
        for opening in page.evaluate(UNNAMED_TABLES):
            self.found.setdefault(("table-has-a-name", opening), []).append(name)

    def keep(self, violations, where):
        """Remember the grave ones by rule and element."""
        for one in violations:
            for node in one["nodes"] if one["impact"] in GRAVE else []:
                said = f"{node['html'][:160]}\n      {(node.get('failureSummary') or '')[:300]}"
                self.found.setdefault((one["id"], said), []).append(where)

    def said(self):
        """A paragraph for each rule and element, with the pages it is on."""
        return "\n".join(
            f"{rule}: {element}\n      on {len(pages)}: {'; '.join(pages[:4])}"
            for (rule, element), pages in sorted(self.found.items())
        )


@pytest.fixture
def watch(request):
    """What was found by the end of the test fails it."""
    one = Watch(every_look=request.config.option.long)
    yield one
    assert not one.found, f"{len(one.found)} faults\n{one.said()}"


def pages_of(role, there):
    """Addresses of the table's pages that are looked at as this role: its first reader's, a few as everybody's."""
    for method, rule, address, _, outcome in table():
        roles = outcome.get(200, "").split() if method == "GET" else []
        if not any(part in rule for part in NOT_PAGES) and role in (roles if rule in PER_ROLE else roles[:1]):
            yield there(address, rule)


def is_page(one, address):
    """Go there; whether the answer is a page, and no file to be saved."""
    try:
        one.page.goto(one.base + address)
    except Error as error:
        if "Download is starting" not in str(error):
            raise
        return False
    return True


def test_a_planted_fault_is_found(window):
    one, watch = window(), Watch()
    one.page.goto(f"{one.base}/login")
    one.page.evaluate("""() => {
      const title = document.querySelector("h1");
      title.style.color = "var(--line)";
      title.after(document.createElement("img"), document.createElement("table"));
    }""")
    watch.look(one.page, "planted")
    seen = {
        rule: sum(map(len, (where for (name, _), where in watch.found.items() if name == rule)))
        for rule, _ in watch.found
    }
    assert seen == {"color-contrast": len(FULL), "image-alt": 2, "table-has-a-name": 1}


@pytest.mark.parametrize(
    ("role", "part"), [(role, part) for role in ROLES for part in range(PARTS.get(role, 1))]
)
def test_nothing_grave_on_any_page(role, part, world, there, window, watch):
    one, first = window(world.people[role]), role == "school"
    for address in islice(pages_of(role, there), part, None, PARTS.get(role, 1)):
        alike = any(part in address for part in ALIKE) or (
            not first and address.partition("?")[0] in PER_ROLE
        )
        if is_page(one, address):
            watch.look(one.page, f"{address} as {role}", SHORT if alike else FULL, frame=role)


def test_nothing_grave_for_a_stranger_or_on_a_refusal(window, watch, teacher):
    stranger, one = window(), window(teacher)
    stranger.page.goto(f"{stranger.base}/login")
    watch.look(stranger.page, "sign-in")
    stranger.page.fill("[name=email]", "nobody@example.org")
    stranger.page.fill("[name=password]", "wrong")
    with stranger.page.expect_navigation():
        stranger.page.press("[name=password]", "Enter")
    watch.look(stranger.page, "sign-in refused", SHORT)
    stranger.page.goto(f"{stranger.base}/public/")
    watch.look(stranger.page, "public information", SHORT)
    for address in ("/admin/nothing/", "/admin/users/", "/admin/submissions/details/?id=x"):
        assert one.page.goto(one.base + address).status >= 400
        watch.look(one.page, address, SHORT, frame="teacher")


def test_nothing_grave_in_any_state_of_a_submission(world, window, watch):
    """Confirmed, certified, returned, held and verified; each as who has to do with it next."""
    people, submission, opened = world.people, world.submission, []
    address = f"/admin/submissions/details/?id={submission.id}"
    steps = [
        ("confirm", "school", "director", ("/admin/", address)),
        (
            "certify",
            "director",
            "district",
            (address, "/admin/control-room/", "/admin/control-room/?view=table"),
        ),
        ("return", "district", "school", ("/admin/", address)),
    ]
    settle(submission, people)
    for name, who, reader, pages in steps:
        submission = move(submission, name, people[who], "กรุณาตรวจสอบน้ำหนัก")
        one = window(people[reader])
        for page in pages:
            one.page.goto(one.base + page)
            watch.look(one.page, f"{page} after {name} as {reader}", SHORT, frame=reader)
        for opener in one.page.locator("button[data-open]").all():
            opener.press("Enter")
            opened.append(opener.get_attribute("data-open"))
            watch.look(one.page, f"window {opened[-1]}", SHORT, frame=reader)
            one.page.keyboard.press("Escape")
            expect(opener).to_be_focused()
    assert {"bulk-verify", "bulk-return"} <= set(opened)
    one.page.goto(f"{one.base}/admin/papers/confirmation/?id={submission.id}")
    watch.look(one.page, "confirmation", SHORT, frame="school")


def test_nothing_grave_in_a_plan_or_a_form_with_faults(world, window, watch):
    pupil, one = Student.objects(id=world.own["students"][0]).get(), window(world.people["school"])
    lines = [
        "รหัสโรงเรียน,เลขประจำตัวประชาชน,บ้านเลขที่,น้ำหนัก",
        f"{SCHOOL},{pupil.person_id},99/9,30",
        f"{SCHOOL},1234567890123,1,900",
    ]
    plan = plan_import(
        Student, io.BytesIO("\n".join(lines).encode()), "ไฟล์.csv", world.people["school"], world.round
    )
    for tab in ("errors", "changed"):
        assert getattr(plan, tab)
        one.page.goto(f"{one.base}/admin/students/import/plan/?id={plan.id}&show={tab}")
        watch.look(one.page, f"plan {tab}", FULL if tab == "errors" else SHORT, frame="school")
    one.page.goto(f"{one.base}/admin/students/edit/?id={pupil.id}")
    one.page.fill("[name=weight_kg]", "9000")
    one.page.fill("[name=birth_date]", "ไม่ทราบ")
    one.page.click("[data-save]")
    expect(one.page.locator("[data-summary]")).to_be_focused()
    watch.look(one.page, "form with faults", frame="school")


def test_nothing_grave_in_what_opens(world, window, watch):
    """Menus, the question, the history, a cell being edited and a refused one."""
    one = window(world.people["school"])
    page, grid = one.page, f"{one.base}/admin/students/"
    page.goto(grid)
    for menu in page.locator("details.drop summary").all():
        if menu.is_visible():
            menu.click()
            watch.look(page, f"menu {menu.inner_text()}", SHORT[:1], frame="school")
            page.keyboard.press("Escape")
    page.locator("[data-history]").first.click()
    page.locator(".drawer .timeline").wait_for()
    watch.look(page, "history", SHORT, frame="school")
    page.keyboard.press("Escape")
    page.locator("input.action-checkbox").first.check()
    watch.look(page, "chosen rows", SHORT, frame="school")
    page.locator("[data-act] [data-action=delete]").click()
    watch.look(page, "question", frame="school")
    page.keyboard.press("Escape")
    page.goto(grid)
    cell = page.locator("td.can-edit[data-col=room]").first
    cell.focus()
    page.keyboard.type("999")
    watch.look(page, "cell edited", SHORT[:1], frame="school")
    cell.locator("input").press("Enter")
    cell.locator("[role=alert]").wait_for()
    watch.look(page, "cell refused", SHORT, frame="school")

"""Links: none that a page shows leads who reads it to a page that refuses him.

Following one would be no mistake of his, and yet stand among the refused attempts in the history.
"""

import re
from urllib.parse import urljoin, urlsplit

import pytest

from documents.people.users import ROLES
from tests.test_routes import table, there  # noqa: F401  the fixture
from tests.world import tersely

LINK = re.compile(r'<a\s[^>]*?href="([^"#]+)"')
FILES = re.compile(
    r"/(export|pdf|xlsx|file|template|result|static)/|/gcode/(form|evidence)/|/contacts/export"
)


def links_on(page, html):
    """The addresses within the product that a page leads to, files left out."""
    for href in LINK.findall(html):
        found = urlsplit(urljoin(f"http://localhost{page}", href.replace("&amp;", "&")))
        if found.netloc == "localhost" and not FILES.search(found.path):
            yield f"{found.path}?{found.query}" if found.query else found.path


@pytest.mark.parametrize("role", list(ROLES))
def test_no_link_leads_to_a_page_that_refuses(role, world, there, sign_in, database):  # noqa: F811
    browser = tersely(sign_in(world.people[role]))
    shown = {}
    for method, rule, address, _, outcome in table():
        if method == "GET" and role in outcome.get(200, "").split() and not FILES.search(rule):
            page = there(address, rule)
            for link in links_on(page, browser.get(page).text):
                shown.setdefault(urlsplit(link).path, (link, page))
    refused = [
        f"{link} ({answer.status_code}) on {page}"
        for link, page in shown.values()
        if (answer := browser.get(link)).status_code in (403, 404, 500)
    ]
    assert not refused, "\n".join(refused)
    assert len(shown) > 5

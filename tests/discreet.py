"""What no answer may tell outside of the record itself: a person's number in an address, a file's name or a refusal."""

import re
from urllib.parse import unquote

from documents import subsystems
from documents.database import collection
from documents.formats.citizen_id import format_id
from documents.records.record import declared

ADDRESSES = re.compile(r'(?:href|src|action|formaction|data-[\w-]*(?:url|href))="([^"]*)"')


def numbers_of():
    """Every number of a person that is stored in a record, plain and with its hyphens."""
    found = set()
    for document in subsystems():
        names = [name for name, field in declared(document).items() if getattr(field, "masked", False)]
        for row in collection(document).find({}, dict.fromkeys(names, 1)) if names else ():
            found |= {row[name] for name in names if row.get(name)}
    return found | {format_id(number) for number in found}


def told_of(numbers, text):
    """Those of the numbers that a text holds."""
    text = unquote(text)
    return {number for number in numbers if number in text}


def leaks(answer, numbers):
    """[(where, numbers)] of an answer: its addresses, the name of its file, and all of it where it is a refusal."""
    places = [answer.location or "", answer.headers.get("Content-Disposition", "")]
    if "html" in (answer.content_type or "") and not answer.is_streamed:
        places += ADDRESSES.findall(answer.text)
    found = [("address or file name", told_of(numbers, place)) for place in places]
    own_form = 'name="revision"' in answer.text if answer.status_code == 409 else False  # shown to whom it is
    if answer.status_code in (400, 401, 403, 404, 409, 413, 429, 500, 503) and not own_form:
        found.append(("refusal", told_of(numbers, answer.text)))
    return [(where, some) for where, some in found if some]

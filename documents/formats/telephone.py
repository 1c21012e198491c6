"""Telephone numbers (โทรศัพท์) as people write them: digits with blanks, hyphens or brackets, several, with an extension."""

import re

from documents.formats import thai

PHONE = re.compile(r"[0-9+(][0-9+,\-()/ ]{3,59}(?: ?(?:ต่อ|กด) ?\d{1,6})?")


def phone(value):
    """A telephone number, or several, in Arabic digits. Raises ValueError with a sentence."""
    value = thai.arabic_digits(value)
    if not PHONE.fullmatch(value):
        raise ValueError("โทรศัพท์เป็นตัวเลข เช่น 045-123456")
    return value

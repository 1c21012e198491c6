"""Which layout a document's files have: its own where the ministry prescribes one, else its fields in order."""

from exports.columns import Layout
from exports.roster import Roster

OWN = {"students": Roster}  # {slug: class of the layout}


def layout_of(document):
    """The Layout of a document's files."""
    return OWN.get(document.slug, Layout)(document)

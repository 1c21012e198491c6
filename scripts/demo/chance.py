"""Chance that is the same each time: whatever is made up is drawn from here."""

from random import Random

SEED = "khet 2568"


def chance(*what):
    """A Random of its own for each thing named; equal names give equal sequences, in every process."""
    return Random(" ".join([SEED, *map(str, what)]))  # noqa: S311  nothing secret is drawn from it


def words(text):
    """The words of a text, as a tuple."""
    return tuple(text.split())

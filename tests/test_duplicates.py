"""The duplicates desk: who is found to stand twice, what people say to it, and what becomes of the pupils."""

from types import SimpleNamespace

import pytest

from documents import resemblance
from documents.database import collection
from documents.students import Student
from documents.twofold import pairs_of
from tests.likenesses import labelled
from tests.people import AREA, OTHER, ROUND, SCHOOL, YEAR

HERE = {"area_code": AREA, "academic_year": YEAR, "round": ROUND}
THE_ROUND = SimpleNamespace(area_code=AREA, academic_year=YEAR, code=ROUND)


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_who_stands_twice_is_found_and_who_only_looks_alike_is_not(area, seed, capsys):
    made = labelled(seed)
    again = [learner for learner, same in made.asked if same]
    common = HERE | {"status": "enrolled", "sort_key": ""}
    collection(Student).insert_many(
        common | {"school_code": code, "lineage": each["_id"], "likeness": resemblance.keys(each), **each}
        for code, entries in ((SCHOOL, again), (OTHER, made.stored))
        for each in entries
    )
    found = {frozenset((pair.one["_id"], pair.other["_id"])) for pair in pairs_of(THE_ROUND)}
    recall, precision = len(found & made.pairs) / len(made.pairs), len(found & made.pairs) / len(found)
    with capsys.disabled():
        print(f"\n  seed {seed}: recall {recall:.3f}, precision {precision:.3f} of {len(made.pairs)} pairs")
    assert recall >= 0.95
    assert precision >= 0.90

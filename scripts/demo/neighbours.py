"""What joins the schools of a cluster: children who went on to another school, and mistakes made on purpose.

Mistakes are such as the door lets in, for the checks and the people who look for them: the same child in two schools,
one child under two numbers, a room that was never declared, an age that cannot be, a field left empty.
"""

import datetime as dt

from scripts.demo.pupils import Pupil, rooms_for

OPEN = ("entering", "ready", "returned")  # stories whose schools still change their records
WAITING = ("entering",)  # those in which something required is missing
OWN = ("grade", "room", "student_no", "admission_date", "status", "title", "weight_kg", "height_cm")
LEFT_EMPTY = (
    ("weight_kg", "height_cm"),
    ("reg_house_id",),
    ("guardian_relation",),
    ("father_first_name", "father_last_name"),
    ("religion",),
    ("birth_province",),
    ("mother_last_name",),
    ("reg_house_no",),
    ("guardian_first_name", "guardian_last_name"),
    ("race",),
)


def go_on(rng, cluster):
    """Let newcomers of ม.1 be children who finished ป.6 at a neighbouring school: the same child, one lineage."""
    leaving = [
        one
        for _, pupils in cluster
        for one in pupils
        if one.this is None
        and one.last
        and one.last.get("destination") == "102"
        and one.last["grade"] == "09"
    ]
    rng.shuffle(leaving)
    for _, pupils in cluster:
        for one in pupils:
            if leaving and one.is_new and one.this["grade"] == "10" and rng.random() < 0.75:
                one.before = leaving.pop()
                child = {name: value for name, value in one.before.last.items() if name in one.this}
                one.this = child | {name: one.this[name] for name in OWN}
                fit(one)


def fit(one):
    """Make title, weight and height those of the child that came."""
    boy = one.this["sex"] == "M"
    one.this["title"] = "001" if boy else "002"
    one.this["weight_kg"] = round(one.before.last["weight_kg"] + 0.8, 1)
    one.this["height_cm"] = round(one.before.last["height_cm"] + 1.0, 1)


def spoil(rng, cluster):
    """Make the mistakes of a cluster's schools, in this year's values."""
    for school, pupils in cluster:
        now = [one.this for one in pupils if one.this]
        if school.story in OPEN and now:
            wrong_values(rng, school, now)
    still_open = [each for each in cluster if each[0].story in OPEN]
    takers = [each for each in still_open if each[0].account is None]
    if takers and len(still_open) > 1:
        twice(rng, still_open, takers, same_number=True)
        twice(rng, still_open, takers, same_number=False)
    for school, pupils in cluster:
        if school.story in WAITING:
            leave_empty(rng, school, [one.this for one in pupils if one.this])


def wrong_values(rng, school, now):
    """Some schools have a room too many, an age that cannot be, or a weight typed wrong."""
    if school.story == "entering":  # an error: the others have confirmed or are about to
        one = rng.choice(now)
        one["room"] = rooms_for(sum(each["grade"] == one["grade"] for each in now)) + rng.randint(1, 2)
    if rng.random() < 0.3 or school.story == "entering":
        # Not of one with a G-code: it was certified for who was born on that day, so the mistake would be an error.
        one = rng.choice([each for each in now if each.get("id_type") != "G"] or now)
        years = rng.choice((-3, 4, 10))
        born = one["birth_date"] + dt.timedelta(days=-365 * years)
        one["birth_date"] = min(born, dt.datetime(2023, 1, 31))  # noqa: DTZ001
        one["admission_date"] = max(one["admission_date"], dt.datetime(2025, 5, 16))  # noqa: DTZ001
    if rng.random() < 0.2:
        one = rng.choice(now)
        one["weight_kg"], one["height_cm"] = one["height_cm"], one["weight_kg"]
        if one["height_cm"] < 30:
            one["height_cm"] = 30.0
    if rng.random() < 0.15:
        one = rng.choice(now)
        one["title"] = "003" if one["sex"] == "M" else "004"


def leave_empty(rng, school, now):
    """Leave required fields of some pupils empty: of eight where the first teacher is, of a few in a hundred elsewhere."""
    many = 8 if school.account == 1 else max(1, round(len(now) * rng.uniform(0.02, 0.14)))
    for one in rng.sample(now, min(many, len(now))):
        for name in rng.choice(LEFT_EMPTY):
            one.pop(name, None)


def twice(rng, schools, takers, same_number):
    """Let one of the takers enter a child that another school has: under its number, or under a G-code."""
    other, others = rng.choice(takers)
    _, pupils = rng.choice([each for each in schools if each[0] is not other])
    there = [one for one in pupils if one.this and one.this["grade"] in other.grades]
    if not there or not others:
        return
    child = rng.choice(there).this
    copy = child | {"student_no": f"{9000 + rng.randrange(900):05d}", "room": 1}
    copy["admission_date"] = dt.datetime(2025, 5, 19)  # noqa: DTZ001
    if not same_number:
        copy |= {"id_type": "G", "person_id": "G00009" + child["person_id"][-7:]}
    others.append(Pupil(None, copy, is_new=True))

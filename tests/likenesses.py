"""A labelled set of learners entered twice: made-up children, the slips that people make when they type them again, and
those who only look alike (brothers, sisters, twins, namesakes).

The kinds of slip follow the words of those who search by hand; nothing here knows how the product compares.
"""

import calendar
import datetime as dt
import random
from dataclasses import dataclass, field

from bson import ObjectId

from documents.formats import citizen_id
from scripts.demo.names import BOY_HEADS, BOY_TAILS, BOYS, GIRL_HEADS, GIRL_TAILS, GIRLS, MEN, SURNAMES, WOMEN

TONES = "่้๊๋"
TITLES = {"M": ("เด็กชาย", "ด.ช.", "นาย"), "F": ("เด็กหญิง", "ด.ญ.", "น.ส.")}
LENGTHS = ("ิี", "ุู", "ึื", "ะา")


@dataclass
class Labelled:
    """`stored` are entries of a register; `asked` pairs of (a learner looked for, the id of the same one or None)."""

    stored: list = field(default_factory=list)
    asked: list = field(default_factory=list)
    pairs: set = field(default_factory=set)  # frozensets of the two ids of each child that stands twice


def labelled(seed, children=1200, twice=400):
    """A set of so many children, `twice` of whom are looked for (or stored) again with slips."""
    chance = random.Random(seed)  # noqa: S311  not a secret
    made = Labelled()
    families = [_family(chance) for _ in range(children // 2)]
    for family in families:
        made.stored += _children(chance, family)
    made.stored += _namesakes(chance, made.stored)
    for original in chance.sample(made.stored, twice):
        again = slipped(chance, original)
        made.asked.append((again, original["_id"]))
        made.pairs.add(frozenset((again["_id"], original["_id"])))
    # As many who are not there, but whose brother, sister, twin or namesake is.
    for _ in range(twice):
        made.asked.append((_relative(chance, chance.choice(made.stored)), None))
    return made


# ---- children ----


def _family(chance):
    return {
        "last_name": chance.choice(SURNAMES),
        "father_first_name": chance.choice(MEN),
        "mother_first_name": chance.choice(WOMEN),
    }


def _children(chance, family):
    """One to three children of a family; sometimes two of them are twins."""
    first = _child(chance, family, _day(chance))
    found = [first]
    for _ in range(chance.choice((0, 1, 1, 2))):
        found.append(_relative(chance, found[-1]))
    return found


def _child(chance, family, born, sex=None, name=None):
    sex = sex or chance.choice("MF")
    number = _citizen(chance) if chance.random() < 0.85 else _g_code(chance)
    return family | {
        "_id": ObjectId(),
        "first_name": name or chance.choice(BOYS if sex == "M" else GIRLS),
        "sex": sex,
        "birth_date": born,
        "person_id": number,
    }


def _relative(chance, other):
    """A brother, sister or twin of a child, or somebody of the same name elsewhere."""
    family = {name: other[name] for name in ("last_name", "father_first_name", "mother_first_name")}
    kind = chance.choice(("sibling", "sibling", "near", "twin", "namesake"))
    if kind == "namesake":
        stranger = _family(chance) | {"last_name": other["last_name"]}
        return _child(chance, stranger, _day(chance), other["sex"], other["first_name"])
    if kind == "twin":
        sex = other["sex"] if chance.random() < 0.6 else None
        twin = _child(chance, family, other["birth_date"], sex)
        if sex == other["sex"] and chance.random() < 0.6:
            twin["first_name"] = _twin_name(chance, other)
        return twin
    apart = chance.randint(300, 1500) if kind == "sibling" else chance.choice((365, 366, 730, 3650))
    return _child(chance, family, other["birth_date"] + dt.timedelta(days=chance.choice((-1, 1)) * apart))


def _twin_name(chance, other):
    """A name that begins as the other's, as twins' names do."""
    heads, tails = (BOY_HEADS, BOY_TAILS) if other["sex"] == "M" else (GIRL_HEADS, GIRL_TAILS)
    head = next((each for each in heads if other["first_name"].startswith(each)), chance.choice(heads))
    return next(
        name for name in (head + chance.choice(tails) for _ in range(99)) if name != other["first_name"]
    )


def _namesakes(chance, stored):
    """A few who share both names with another child and nothing else."""
    return [
        _child(chance, _family(chance) | {"last_name": other["last_name"]}, _day(chance), other["sex"], other["first_name"])
        for other in chance.sample(stored, len(stored) // 50)
    ]  # fmt: skip


def _day(chance):
    return dt.datetime(2007, 1, 1) + dt.timedelta(days=chance.randrange(15 * 365))  # noqa: DTZ001  as stored


def _citizen(chance):
    first = f"10000{chance.randrange(10**7):07d}"
    return first + citizen_id.check_digit(first)


def _g_code(chance):
    return f"G68{chance.randrange(10**10):010d}"


# ---- slips ----


def slipped(chance, original):
    """The same child entered again: another number, one or two slips in the names, and perhaps in birth date and parents."""
    again = original | {"_id": ObjectId()}
    again["person_id"] = (
        _g_code(chance) if citizen_id.is_citizen_id(original["person_id"]) else _citizen(chance)
    )
    for _ in range(chance.choice((0, 1, 1, 2))):
        which = chance.choice(("first_name", "last_name"))
        again[which] = misspelt(chance, again[which])
    if chance.random() < 0.15:
        again["first_name"] = (
            chance.choice(TITLES[original["sex"]]) + chance.choice(("", " ")) + again["first_name"]
        )
    elif chance.random() < 0.15:
        again["first_name"], again["last_name"] = again["last_name"], again["first_name"]
    if chance.random() < 0.5:
        again["birth_date"] = _wrong_day(chance, original["birth_date"])
    for name in ("father_first_name", "mother_first_name"):
        lot = chance.random()
        if lot < 0.2:
            again[name] = misspelt(chance, again[name])
        elif lot < 0.35:
            again.pop(name)
    return again


def misspelt(chance, name):
    """A name with one slip of a kind that it offers."""
    kinds = [
        each for each in (_tone, _sibilant, _n, _ai, _rr, _silent, _length) if each(chance, name) != name
    ]
    return chance.choice(kinds)(chance, name) if kinds else name


def _swapped_letter(chance, name, letters):
    places = [index for index, letter in enumerate(name) if letter in letters]
    if not places:
        return name
    at = chance.choice(places)
    return name[:at] + chance.choice([each for each in letters if each != name[at]]) + name[at + 1 :]


def _tone(chance, name):
    places = [index for index, letter in enumerate(name) if letter in TONES]
    if places:  # left out, or another one
        at = chance.choice(places)
        return name[:at] + chance.choice(["", *TONES.replace(name[at], "")]) + name[at + 1 :]
    places = [index + 1 for index, letter in enumerate(name) if letter in "ิีึืุูั"]
    if not places:
        return name
    at = chance.choice(places)
    return name[:at] + chance.choice("่้") + name[at:]


def _sibilant(chance, name):
    return _swapped_letter(chance, name, "ศษส")


def _n(chance, name):
    return _swapped_letter(chance, name, "ณน")


def _ai(chance, name):
    return _swapped_letter(chance, name, "ใไ")


def _rr(chance, name):
    return name.replace("รร", "ร", 1)


def _silent(chance, name):
    at = name.find("์")
    if at < 0:
        return name
    if chance.random() < 0.5:
        return name[:at] + name[at + 1 :]
    from_ = at - 2 if name[at - 1] in "ิุ" else at - 1
    return name[:from_] + name[at + 1 :]


def _length(chance, name):
    pairs = [pair for pair in LENGTHS if set(pair) & set(name)]
    return _swapped_letter(chance, name, chance.choice(pairs)) if pairs else name


def _wrong_day(chance, day):
    """Day and month changed about, one digit wrong, another day or month, one day before or after, another year, or the Buddhist
    year taken for the Common one.
    """
    kind = chance.choice(("swapped", "digit", "day", "month", "beside", "year", "era"))
    if kind == "beside":
        return day + dt.timedelta(days=chance.choice((-1, 1)))
    if kind == "day":
        return day.replace(day=chance.choice([other for other in range(1, 29) if other != day.day]))
    if kind == "month":
        return day.replace(
            day=min(day.day, 28), month=chance.choice([one for one in range(1, 13) if one != day.month])
        )
    if kind == "swapped" and day.day <= 12 and day.day != day.month:
        return day.replace(month=day.day, day=day.month)
    if kind == "era" and not (day.month == 2 and day.day == 29):
        return day.replace(year=day.year + 543)
    if kind == "year" and not (day.month == 2 and day.day == 29):
        return day.replace(year=day.year + chance.choice((-1, 1)))
    return _other_digit(chance, day)


def _other_digit(chance, day):
    while True:
        text = f"{day:%d%m%Y}"
        at = chance.choice((0, 1, 2, 3, 7))
        text = text[:at] + chance.choice("0123456789".replace(text[at], "")) + text[at + 1 :]
        dd, month, year = int(text[:2]), int(text[2:4]), int(text[4:])
        if 1 <= month <= 12 and 1 <= dd <= calendar.monthrange(year, month)[1]:
            return dt.datetime(year, month, dd)  # noqa: DTZ001  as stored

"""Made-up families: one address, two parents, a guardian, and places for children among brothers and sisters."""

from dataclasses import dataclass

from documents.district import places
from documents.formats import citizen_id
from scripts.demo import names

OFFICE = "0000"  # no registration office has this number, so no number made here is a real person's
SCATTER, SHIFT, ROOM = 7_368_787, 1_234_567, 10**7
ELSEWHERE = (
    "341501",
    "341107",
    "340711",
    "330101",
    "350101",
    "370104",
    "103005",
    "240101",
    "130101",
    "110101",
)
STREETS = ("ราษฎร์ร่วมใจ", "สุขเกษมศานต์", "พรหมนิมิต", "ศรีวนารมย์", "บูรพาภิรมย์")
FARMER, HIRED, TRADE, OFFICIAL, STAFF, NONE_, OTHER = "4", "5", "3", "1", "6", "0", "99"
OCCUPATIONS = (
    (FARMER,) * 46
    + (HIRED,) * 32
    + (TRADE,) * 9
    + (OFFICIAL,) * 4
    + (STAFF,) * 5
    + (OTHER,) * 2
    + (NONE_,) * 2
)
INCOMES = {FARMER: (24, 70), HIRED: (36, 96), TRADE: (60, 240), OFFICIAL: (180, 420), STAFF: (110, 200)}
POOR_MOST = 140_000  # baht a year that both parents of a poor family earn together
MARITAL = (
    ("01",) * 44
    + ("05",) * 23
    + ("06",) * 14
    + ("04",) * 9
    + ("07",) * 3
    + ("10",) * 3
    + ("08",) * 2
    + ("02",) * 2
)
BLOODS = ("O", "O", "O", "B", "B", "B", "A", "A", "AB", "N", "N", "N", "N", "N")
LAO, BURMESE, CAMBODIAN, VIETNAMESE, STATELESS, UNSETTLED = "056", "048", "057", "046", "096", "097"
ABROAD = (
    (LAO,) * 58 + (BURMESE,) * 14 + (CAMBODIAN,) * 8 + (VIETNAMESE,) * 5 + (STATELESS,) * 9 + (UNSETTLED,) * 6
)
GRANDPARENTS = {"07": "M", "08": "F", "05": "M", "06": "F"}  # relation: sex


class Numbers:
    """Numbers of one school's people, each once in the whole district: citizen numbers, G-codes, house codes."""

    def __init__(self, first):
        self.next = first

    def _scattered(self):
        self.next += 1
        return (self.next * SCATTER + SHIFT) % ROOM  # a permutation of 0 to 9,999,999

    def citizen(self, kind):
        """A 13-digit number of the office that does not exist; `kind` is its first digit."""
        twelve = f"{kind}{OFFICE}{self._scattered():07d}"
        return twelve + citizen_id.check_digit(twelve)

    def g_code(self):
        """A learner's G-code."""
        return f"G{OFFICE}{self._scattered():08d}"

    def house(self):
        """An eleven-digit house code."""
        return f"{OFFICE}{self._scattered():07d}"


@dataclass
class Family:
    """One household: `shared` are the values all its children carry, `sexes` of all children, eldest first."""

    shared: dict
    surname: str
    nation: str
    poor: bool
    far: tuple  # metres of gravel and paved road to school, way of going
    sexes: str
    taken: int  # children placed so far, those before the first pupil included
    cohort: int = 99  # of the last child placed


def new_family(rng, school, numbers, birth_year):
    """A household of the school's neighbourhood whose first pupil was born in `birth_year` (B.E.)."""
    chance = rng.random
    nation = rng.choice(ABROAD) if chance() < 0.021 else "099"
    poor = chance() < 0.5
    surname = rng.choice(surnames_of(nation))
    shared = address(rng, school, numbers)
    shared |= parents(rng, numbers, nation, surname, birth_year, poor)
    shared |= guardian(rng, numbers, shared, birth_year)
    shared |= {"nationality": nation, "race": nation, "religion": religion(rng, nation)}
    many = 1 + (chance() < 0.68) + (chance() < 0.22) + (chance() < 0.05)
    sexes = "".join("M" if chance() < 0.519 else "F" for _ in range(many))
    elder = rng.randrange(many) if chance() < 0.35 else 0
    return Family(shared, surname, nation, poor, way(rng), sexes, elder)


def surnames_of(nation):
    """The surnames of a nation's people."""
    return {"099": names.SURNAMES, LAO: names.LAO_SURNAMES}.get(nation, names.FAR_SURNAMES)


def given_name(rng, nation, sex, birth_year, child=False):
    """A given name that fits nation, sex and generation."""
    if nation == LAO:
        return rng.choice(names.LAO_BOYS if sex == "M" else names.LAO_GIRLS)
    if nation != "099":
        return rng.choice(names.FAR_BOYS if sex == "M" else names.FAR_GIRLS)
    if child:
        return names.child(rng, sex, newer=min(max((birth_year - 2551) * 0.03, 0.1), 0.5))
    return names.parent(rng, sex, birth_year)


def address(rng, school, numbers):
    """The registered and, for some, the present address, in real sub-districts with their postcodes."""
    chance = rng.random()
    near = school.subdistrict if chance < 0.88 else rng.choice(neighbours(school.district))
    here = at(rng, near) | {"house_id": numbers.house()}
    if chance > 0.955:
        there = at(rng, rng.choice(ELSEWHERE)) | {"house_id": numbers.house()}
        return _named("reg", there) | _named("cur", here)
    both = _named("cur", here) if rng.random() < 0.3 else {}
    return _named("reg", here) | both


def neighbours(district):
    """Codes of the sub-districts of a district."""
    return [code for code, _ in places.subdistricts(district)]


def at(rng, subdistrict):
    """House, village number and place of an address."""
    town = subdistrict.endswith("01") and rng.random() < 0.4
    number = rng.randint(1, 260)
    line = {
        "house_no": f"{number}/{rng.randint(1, 40)}" if rng.random() < 0.25 else str(number),
        "moo": None if town else rng.randint(1, 18),
        "street": rng.choice(STREETS) if town else None,
        "soi": f"{rng.choice(STREETS)} {rng.randint(1, 30)}" if town and rng.random() < 0.5 else None,
        "subdistrict": subdistrict,
        "district": subdistrict[:4],
        "province": subdistrict[:2],
        "postcode": places.postcode(subdistrict),
    }
    return {name: value for name, value in line.items() if value is not None}


def _named(prefix, values):
    return {f"{prefix}_{name}": value for name, value in values.items()}


def parents(rng, numbers, nation, surname, birth_year, poor):
    """Father and mother; she bears his surname where they are married."""
    marital = rng.choice(MARITAL)
    mother_born = birth_year - rng.choice((18, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 33, 36))
    own = surname if marital in ("01", "07") else rng.choice(surnames_of(nation))
    found = {"parents_marital": marital}
    for who, sex, born, name in (
        ("father", "M", mother_born - rng.randint(-1, 6), surname),
        ("mother", "F", mother_born, own),
    ):
        title = "003" if sex == "M" else ("005" if marital in ("01", "07", "10") else "004")
        found |= _named(who, person(rng, nation, sex, born, name, title, poor))
        if nation == "099" and rng.random() < 0.7:
            found[f"{who}_id"] = numbers.citizen("3" if born < 2527 else "1")
            found[f"{who}_id_type"] = "I"
    both = found["father_income_year"] + found["mother_income_year"]
    if poor and both > POOR_MOST:
        for who in ("father", "mother"):
            found[f"{who}_income_year"] = found[f"{who}_income_year"] * POOR_MOST // both // 1000 * 1000
    return found


def person(rng, nation, sex, born, surname, title, poor):
    """A grown person's values, without a number."""
    occupation = rng.choice(OCCUPATIONS)
    low, high = INCOMES.get(occupation, (20, 60))
    return {
        "title": title,
        "first_name": given_name(rng, nation, sex, born),
        "last_name": surname,
        "occupation": occupation,
        "income_year": int(rng.uniform(low, high) * (0.6 if poor else 1)) * 1000,
    }


def guardian(rng, numbers, shared, birth_year):
    """Who looks after the child: one parent, or a grandparent, as in many families of the north-east."""
    chance, marital = rng.random(), shared["parents_marital"]
    if marital in ("08", "11") or (chance < 0.3 and marital not in ("07", "10")):
        found = _copied(shared, "father") | {"guardian_relation": "01"}
    elif chance < 0.68:
        found = _copied(shared, "mother") | {"guardian_relation": "02"}
    else:
        relation = rng.choice(("08", "08", "07", "06", "06", "05", "11"))
        sex = GRANDPARENTS.get(relation, "F")
        family = shared["mother_last_name" if relation in ("07", "08", "11") else "father_last_name"]
        born = birth_year - rng.randint(44, 62) if relation != "11" else birth_year - rng.randint(25, 40)
        title = "003" if sex == "M" else "005"
        found = _named("guardian", person(rng, "099", sex, born, family, title, True))
        found["guardian_relation"] = relation
    if rng.random() < 0.75:
        found["guardian_tel"] = f"060-000-{rng.randint(0, 9999):04d}"  # 060 is no one's prefix
    return found


def _copied(shared, who):
    start = who + "_"
    return {
        "guardian_" + name[len(start) :]: value for name, value in shared.items() if name.startswith(start)
    }


def religion(rng, nation):
    """The religion's code: nearly all Buddhists."""
    chance = rng.random()
    if nation == BURMESE and chance < 0.2:
        return "002"
    return "001" if chance < 0.981 else "003" if chance < 0.993 else "002" if chance < 0.998 else "006"


def way(rng):
    """(metres on gravel, metres on paved road, way of going) from the house to the school."""
    chance = rng.random()
    if chance < 0.31:
        return rng.choice((0, 100, 200, 300)), rng.randint(1, 9) * 100, "01"
    gravel = rng.choice((0, 0, 0, 200, 500, 1000, 1500))
    if chance < 0.80:
        return gravel, rng.randint(5, 45) * 100, "02"
    return gravel, rng.randint(25, 160) * 100, "03" if chance < 0.985 else "04"

"""EMIS of the demo: the staff of every school and its one profile of technology, of two years, and the moves since.

The director and the data teacher are the people who sign in; the others are made up like them. How many computers work
is worked out in one place (`computers`), since M-OBEC counts the same machines.
"""

import datetime as dt

from documents.emis.staff import Staff
from documents.emis.technology import Technology
from documents.formats import thai
from documents.records.change import Change
from documents.records.codelists import code_list
from scripts.demo import added, moments, names, reporting
from scripts.demo.chance import chance
from scripts.demo.entering import put
from scripts.demo.households import Numbers
from scripts.demo.pupils import LAST_YEAR, THIS_YEAR

SUBSYSTEM = "EMIS"
MOST_STAFF = 190  # of a school; so many numbers of persons are kept free for them
MAJORS = (
    "การประถมศึกษา", "ภาษาไทย", "คณิตศาสตร์", "วิทยาศาสตร์ทั่วไป", "ภาษาอังกฤษ", "สังคมศึกษา", "พลศึกษา", "การศึกษาปฐมวัย",
    "คอมพิวเตอร์ศึกษา", "ศิลปศึกษา", "ดนตรีศึกษา", "เกษตรกรรม",
)  # fmt: skip
LINES = (  # kind, provider, down and up, baht a month; the more usual ones more often
    *(("6", "NT", 300, 300, 1_390),) * 5,
    *(("6", "3BB", 500, 500, 1_590),) * 4,
    *(("6", "True Online", 500, 250, 1_490),) * 3,
    *(("6", "AIS Fibre", 300, 300, 1_290),) * 3,
    *(("2", "NT", 50, 20, 790),) * 3,
    *(("4", "AIS", 20, 10, 599),) * 2,
    ("3", "NT", 10, 4, 2_500),
    ("1", "NT", 100, 100, 8_500),
)
WATERS = (["2"], ["2", "1"], ["2", "3"], ["3"], ["2", "6"], ["1", "3"], ["2", "3", "6"], ["5", "1"])
MOST_LEFT = 2  # teachers who left a school at the change of the years
CAME = dt.datetime(2025, 5, 6)  # noqa: DTZ001  when those who moved came
GONE = "3"
NOT_ENTERED = ("untouched",)
HALF_WAY = ("entering",)


def enter_then(plans, people):
    """Store what the schools of a cluster had last year, and hand it in."""
    moments.set_clock(reporting.some_time(plans[0], SUBSYSTEM, reporting.WRITTEN_THEN))
    changes = []
    for school in plans:
        there = reporting.place_then(SUBSYSTEM, school.code)
        changes += [Change(Staff, there, one) for one in staff_then(school, people)]
        changes.append(Change(Technology, there, profile_then(school)))
    put(changes)
    reporting.report_then(plans, people, SUBSYSTEM)


def enter(plans, people):
    """Bring the staff and the profiles of one cluster's schools up to date, and make their moves."""
    busy = [school for school in plans if school.story not in NOT_ENTERED]
    if busy:
        moments.set_clock(reporting.some_time(busy[0], SUBSYSTEM))
        codes = [school.code for school in busy]
        begun = reporting.Begun(Staff, codes, ("person_id",)), reporting.Begun(Technology, codes, ())
        put([change for school in busy for change in changes_of(school, people, busy, *begun)])
    reporting.report(plans, people, SUBSYSTEM)


def changes_of(school, people, cluster, staff_begun, profiles_begun):
    """The Changes that enter one school, as far as its story goes."""
    rng = chance(school.code, SUBSYSTEM)
    there = reporting.place(school)
    staff = staff_of(school, people)
    half = school.story in HALF_WAY
    kept = staff if not half else [one for n, one in enumerate(staff) if n < 2 or rng.random() < 0.8]
    changes = [staff_begun.change(there, one) for one in kept]
    if not half:
        changes += [
            staff_begun.change(there, one | {"work_status": GONE}) for one in left_since(school, people)
        ]
    if half and rng.random() < 0.12 and (others := others_like(school, cluster)):
        # Someone who moved here at the change of the term, and is still on the other school's list.
        moved = next(one for one in reversed(staff_of(others[-1], people)) if one["position"] in ("3", "7"))
        changes.append(Change(Staff, there, moved))
    if not half or rng.random() < 0.6:
        at_fault = half and rng.random() < 0.15
        profile = profile_of(school, computers(school), at_fault) | added.printers(school)
        changes.append(profiles_begun.change(there, profile))
    return changes


def others_like(school, cluster):
    """Schools of the cluster that are half-way too: whoever stands in two lists stops both from confirming."""
    return [each for each in cluster if each.code < school.code and each.story in HALF_WAY]


# ---- staff ----


def staff_of(school, people):
    """The values of everybody on a school's staff: the director, if there is one, the data teacher, the others."""
    rng, moved = chance(school.code, "staff"), chance(school.code, "staff that came")
    many = min(max(round(2 + school.pupils / 25 + rng.uniform(-0.8, 0.8)), 3), MOST_STAFF)
    numbers = numbers_of(school)
    vacant = rng.random() < 0.06
    found = []
    for n, position in enumerate(positions(rng, school, many, vacant)):
        known = people.of("director" if position == "1" else "school", school.code).name if n < 2 else None
        one = one_of_staff(rng, numbers, position, known if n == 0 or position == "3" else None)
        found.append(
            one | ({"in_post_since": CAME} if n > 1 and position == "3" and moved.random() < 0.05 else {})
        )
    if vacant and rng.random() < 0.7:
        found[0]["acting_director"] = True
    return found


def numbers_of(school):
    """The numbers that are kept free for a school's staff, and for those that left it."""
    return Numbers(school.first_number + school.pupils * 6 + 200 - MOST_STAFF - MOST_LEFT)


def staff_then(school, people):
    """Last year's staff: without those who came since, with those who left since, and hired by the contracts of that year."""
    there_then = [one for one in staff_of(school, people) if not came_since(one)]
    return [contract_then(one) for one in there_then] + left_since(school, people)


def came_since(one):
    """Whether a person came at the change of the years: moved in, or hired for the first time."""
    by_the_year = one["personnel_type"] not in "134"
    return one.get("in_post_since") == CAME or (by_the_year and one.get("contract_times") == 1)


def contract_then(one):
    """A person's values of last year, when a yearly contract was the one before."""
    if "contract_times" not in one or one["personnel_type"] == "3":
        return one
    number, _, year = one["contract_no"].partition("/")
    days = {"contract_from": dt.datetime(2024, 5, 16), "contract_until": dt.datetime(2025, 3, 31)}  # noqa: DTZ001
    times = one["contract_times"] - 1
    return one | days | {
        "contract_no": f"{number}/{int(year) - 1}", "contract_times": times, "contract_type": "1" if times == 1 else "2",
    }  # fmt: skip


def left_since(school, people):
    """The teachers that a school had last year and has no more."""
    rng, numbers = chance(school.code, "staff that left"), numbers_of(school)
    numbers.next += len(staff_of(school, people))
    many = rng.choices(range(MOST_LEFT + 1), (60, 30, 10))[0]
    return [one_of_staff(rng, numbers, "3") for _ in range(many)]


def positions(rng, school, many, vacant):
    """The positions of a staff of so many, the leading ones first."""
    deputies = sum(school.pupils > bound for bound in (480, 1000, 2000, 2800))
    leading = ["3" if vacant else "1", "3", *["2"] * deputies]
    left = max(many - len(leading), 1)
    others = ["5" if rng.random() < 0.45 else "7"]  # who looks after the grounds
    if left > 4:
        others.append("7")
    for _ in range(left - len(others)):
        others.append(rng.choices(("3", "4", "6", "7"), (78, 9, 5, 8))[0])
    return leading + sorted(others)


KIND = {"1": "1", "2": "1", "3": "1", "4": "1", "5": "4", "6": "3"}


def one_of_staff(rng, numbers, position, known=None):
    """The values of one person in a position; `known` is the name of one who signs in."""
    kind = KIND.get(position) or rng.choice("5567")
    young = {"4": (24, 31), "6": (27, 50), "7": (23, 52), "1": (42, 59), "2": (38, 58), "5": (46, 59)}
    age = rng.randint(*young.get(position, (27, 59)))
    born = dt.datetime(2025 - age, rng.randint(1, 12), rng.randint(1, 28))  # noqa: DTZ001
    values = named(rng, born, position, known) | {
        "person_id": numbers.citizen("3" if born.year < 1984 else "1"),
        "id_type": "I",
        "birth_date": born,
        "nationality": "099",
        "personnel_type": kind,
        "position": position,
        "pay_source": "1" if kind in "134" or rng.random() < 0.45 else "2",
        "work_status": "2" if position == "3" and known is None and rng.random() < 0.015 else "1",
    }
    values |= schooling(rng, position, kind)
    return values | (service(rng, born, position) if kind in "14" else contract(rng, kind))


def named(rng, born, position, known):
    """Title and name: those of the account, or made up."""
    if known:
        bare = thai.without_title(known)
        title = code_list("STAFF_TITLE").find(known[: len(known) - len(bare)].strip())
        first, _, last = bare.partition(" ")
        return {"title": title, "first_name": first, "last_name": last}
    man = rng.random() < (0.75 if position == "5" else 0.32)
    given = names.parent(rng, "M" if man else "F", born.year + 543)
    title = "003" if man else "005" if born.year < 1990 and rng.random() < 0.6 else "004"
    if man and position in "34" and rng.random() < 0.05:
        title = "010"
    return {"title": title, "first_name": given, "last_name": rng.choice(names.SURNAMES)}


def schooling(rng, position, kind):
    """Degree, subject and whether it is a teacher's."""
    if kind in "47":
        return {"degree": rng.choice("1123")}
    teacher = position in "1234" or rng.random() < 0.7
    master = rng.random() < {"1": 0.95, "2": 0.9, "3": 0.3}.get(position, 0.02)
    major = "การบริหารการศึกษา" if position in "12" else rng.choice(MAJORS)
    return {"degree": "7" if master else "5", "major": major, "has_teaching_cert": teacher}


def service(rng, born, position):
    """Days of service, number of the position, and the standing of whoever bears one."""
    first = max(born.year + rng.randint(23, 27), 1984)
    appointed = dt.datetime(min(first, 2023), rng.choice((5, 6, 10)), 16)  # noqa: DTZ001
    if position == "4":
        appointed = dt.datetime(rng.choice((2023, 2024)), rng.choice((5, 10)), 1)  # noqa: DTZ001
    years = 2025 - appointed.year
    since = dt.datetime(min(appointed.year + round(years * rng.random() * 0.9), 2024), 10, 1)  # noqa: DTZ001
    found = {"appointed_on": appointed, "in_post_since": max(since, appointed)}
    found["position_no"] = f"{rng.randint(1000, 999_999)}"
    if position in "123":
        lowest = 1 if position in "12" else 0
        found["academic_standing"] = str(
            min(max(lowest, years // rng.randint(7, 11)), 2 + (rng.random() < 0.02))
        )
    return found


def contract(rng, kind):
    """The contract of whoever is hired."""
    times = rng.randint(1, 6)
    whole_years = kind == "3"
    return {
        "contract_type": "1" if times == 1 else "2",
        "contract_no": f"{rng.randint(1, 60)}/{THIS_YEAR - 1 if whole_years else THIS_YEAR}",
        "contract_times": times,
        "contract_from": dt.datetime(2024, 10, 1) if whole_years else dt.datetime(2025, 5, 16),  # noqa: DTZ001
        "contract_until": dt.datetime(2028, 9, 30) if whole_years else dt.datetime(2026, 3, 31),  # noqa: DTZ001
    }


# ---- technology ----


def computers(school):
    """{"teach" or "admin": (bought by OBEC, own, working)}: also what M-OBEC counts under 22033 and 21007."""
    rng = chance(school.code, "computers")
    found = {}
    for purpose, many in (("teach", 6 + school.pupils / 11), ("admin", 2 + school.pupils / 160)):
        whole = round(many * rng.uniform(0.8, 1.2))
        obec = round(whole * rng.uniform(0.4, 0.9))
        found[purpose] = (obec, whole - obec, round(whole * rng.uniform(0.72, 1.0)))
    return found


def computers_then(school):
    """The same of last year: some of the school's own were bought since, and some that worked have gone."""
    rng = chance(school.code, "computers", LAST_YEAR)
    found = {}
    for purpose, (obec, own, ok) in computers(school).items():
        before = own - rng.randint(0, own // 4)
        found[purpose] = (obec, before, min(obec + before, ok + rng.randint(-2, 2) if ok > 2 else ok))
    return found


def profile_then(school):
    """The values of a school's profile last year; one in four had a slower line."""
    values = profile_of(school, computers_then(school))
    if chance(school.code, "line", LAST_YEAR).random() < 0.25 and values.get("net_down_mbps", 0) > 20:
        values |= {name: values[name] // 2 for name in ("net_down_mbps", "net_up_mbps")}
    return values


def profile_of(school, counted, at_fault=False):
    """The values of a school's profile with computers so counted; `at_fault` lets them not add up."""
    rng = chance(school.code, "technology")
    values = {}
    for purpose, (obec, own, ok) in counted.items():
        broken = obec + own - ok + (2 if at_fault and purpose == "teach" else 0)
        parts = {"obec": obec, "own": own, "ok": ok, "broken": broken}
        values |= {f"pc_{purpose}_{name}": number for name, number in parts.items()}
    if rng.random() < 0.1:
        values["net_type"] = "0"  # the ministry's line alone
    else:
        kind, provider, down, up, cost = rng.choice(LINES)
        values |= {"net_type": kind, "net_provider": provider, "net_down_mbps": down, "net_up_mbps": up}
        values |= {"net_status": "0" if rng.random() < 0.03 else "1", "net_cost_month": float(cost)}
    return values | {
        "has_lan": rng.random() < 0.82,
        "has_wlan": rng.random() < 0.93,
        "electricity": rng.choices(("1", "2", "3"), (95, 3, 2))[0],
        "water": rng.choice(WATERS),
        "media": rng.choice((["2", "3"], ["2"], ["2", "3", "4"], ["1", "2"])),
        "dltv": school.pupils <= 120 or rng.random() < 0.4,
    }

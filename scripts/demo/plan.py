"""The plan of the made-up district: which schools there are, how large, where, and how far each is with its round.

Pure and deterministic: the same numbers of schools and pupils give the same plan, in any process. The shares are
those of real primary areas of the north-east (numbers of the ministry's published pupil statistics, no school's own).
"""

import math
from dataclasses import dataclass
from itertools import pairwise

from documents.district import places
from documents.district.schools import size_band
from scripts.demo.chance import chance
from scripts.demo.school_names import school_name, villages

AREA = "34010000"
AREA_NAME = "สำนักงานเขตพื้นที่การศึกษาประถมศึกษาอุบลราชธานี เขต 1"
AREA_SHORT = "สพป.อุบลราชธานี เขต 1"
PROVINCE = "34"

# District: clusters with their share of the schools, centre, and how far from it schools lie (degrees).
DISTRICTS = {
    "3401": (("กลุ่มเมืองอุบล", 4, 68), (15.244, 104.848), 0.10),
    "3404": (("กลุ่มเขื่องใน", 3, 63), (15.388, 104.560), 0.14),
    "3414": (("กลุ่มม่วงสามสิบ", 3, 60), (15.512, 104.728), 0.14),
    "3424": (("กลุ่มดอนมดแดง", 1, 17), (15.330, 105.020), 0.06),
    "3431": (("กลุ่มเหล่าเสือโก้ก", 1, 22), (15.390, 104.930), 0.07),
}
# Pupils of a school by its rank among all, smallest first: half are small, two in two hundred have 1,500 and more.
SIZES = (
    (0.0, 14), (0.05, 42), (0.10, 54), (0.16, 62), (0.22, 70), (0.28, 79), (0.34, 87), (0.40, 96), (0.46, 106),
    (0.52, 118), (0.56, 140), (0.61, 168), (0.66, 198), (0.71, 230), (0.76, 268), (0.80, 306), (0.84, 352),
    (0.88, 410), (0.92, 482), (0.95, 570), (0.97, 690), (0.978, 840), (0.985, 1080), (0.9868, 1400), (0.9872, 1650),
    (0.993, 2100), (0.997, 2600), (1.0, 3300),
)  # fmt: skip
# How far the schools are on 5 June, and the share of each; the rest is still entering.
SHARES = {
    "certified": 0.14,
    "verified": 0.17,
    "returned": 0.05,
    "untouched": 0.11,
    "confirmed": 0.13,
    "empty": 0.012,
    "ready": 0.07,
}
PACE = {
    "verified": 5,
    "certified": 4,
    "confirmed": 3,
    "returned": 3,
    "ready": 2,
    "entering": 1,
    "untouched": 0,
}
WITHOUT_PUPILS = ("untouched", "empty")
FIRST_TEACHER, SECOND_TEACHER = 140, 208  # pupils of the two schools whose teachers have accounts


@dataclass
class SchoolPlan:
    """One school of the plan; `story` is how far it is in round 2568-1, `account` 1 or 2 where a teacher signs in."""

    code: str
    name: str
    village: str
    cluster: str
    district: str
    subdistrict: str
    latitude: float
    longitude: float
    pupils: int
    grades: tuple
    story: str
    account: int | None
    first_number: int  # where its people's citizen numbers begin

    @property
    def random(self):
        """This school's own chance, the same in every process."""
        return chance("school", self.code)

    @property
    def has_pupils(self):
        """Whether the school has entered pupils in round 2568-1."""
        return self.story not in WITHOUT_PUPILS


def plan(schools, students):
    """The SchoolPlans of so many schools that enter about `students` pupils in round 2568-1, in code order."""
    rng = chance("plan")
    clusters = [cluster for cluster, _, many in clusters_of(schools) for _ in range(many)]
    districts = [district for _, district, many in clusters_of(schools) for _ in range(many)]
    shares = spread(schools, rng, clusters)
    first, second = two_with_accounts(shares, students)
    stories = tell(schools, rng, clusters, first, second)
    keep_large_busy(stories, shares)
    sizes = sized(shares, stories, students, first, second)
    return placed(rng, clusters, districts, sizes, stories, {second: 2, first: 1})


def clusters_of(schools):
    """(name, district, number of schools) of each cluster that gets a school, in order; the numbers sum up.

    Few schools stand in few clusters, so that there are still neighbours.
    """
    named = [
        (n, f"{name} {n}" if of > 1 else name, district, many / of)
        for district, ((name, of, many), _, _) in DISTRICTS.items()
        for n in range(1, of + 1)
    ]
    wanted = sorted(named, key=lambda one: one[0])[: max(min(schools, 2), schools // 6)]
    numbers = apportioned(schools, [weight for *_, weight in wanted])
    return [
        (name, district, many) for (_, name, district, _), many in zip(wanted, numbers, strict=True) if many
    ]


def apportioned(total, weights):
    """Whole numbers in proportion to the weights that sum up to `total` (largest remainders)."""
    whole = sum(weights)
    exact = [total * weight / whole for weight in weights]
    numbers = [int(each) for each in exact]
    order = sorted(range(len(weights)), key=lambda i: numbers[i] - exact[i])
    for i in order[: total - sum(numbers)]:
        numbers[i] += 1
    return numbers


def spread(schools, rng, clusters):
    """Relative sizes of the schools; the few largest are the first of their clusters, in the town."""
    sizes = sorted((quantile((i + 0.5) / schools) for i in range(schools)), reverse=True)
    largest = [size for size in sizes if size > 1500]
    others = sizes[len(largest) :]
    rng.shuffle(others)
    for i in [clusters.index(cluster) for cluster in dict.fromkeys(clusters)][: len(largest)]:
        others.insert(i, largest.pop(0))
    return others + largest


def quantile(share):
    """Pupils of the school that `share` of all schools are smaller than."""
    for (low, small), (high, large) in pairwise(SIZES):
        if share <= high:
            return small + (large - small) * (share - low) / (high - low)
    return SIZES[-1][1]


def two_with_accounts(shares, students):
    """The positions of the two schools whose teachers sign in: the nearest to their wished sizes."""
    scale = students / sum(shares)
    near = sorted(range(len(shares)), key=lambda i: abs(shares[i] * scale - FIRST_TEACHER))
    first = near[0]
    rest = [i for i in near if i != first] or [first]
    return first, min(rest, key=lambda i: abs(shares[i] * scale - SECOND_TEACHER))


def tell(schools, rng, clusters, first, second):
    """Each school's story: shares as in SHARES, one of each as far as the schools go, and clusters of their own pace."""
    numbers = {story: round(schools * share) for story, share in SHARES.items()}
    free = [i for i in range(schools) if i not in (first, second)]
    for story in SHARES:
        if sum(numbers.values()) < len(free):
            numbers[story] = max(numbers[story], 1)
    stories = [story for story, many in numbers.items() for _ in range(many)][: len(free)]
    stories += ["entering"] * (len(free) - len(stories))
    pace = {cluster: rng.random() for cluster in dict.fromkeys(clusters)}
    quickest = sorted(free, key=lambda i: pace[clusters[i]] + rng.random(), reverse=True)
    stories.sort(key=lambda story: PACE.get(story, 0), reverse=True)
    told = dict(zip(quickest, stories, strict=True)) | {second: "ready", first: "entering"}
    return [told[i] for i in range(schools)]


def keep_large_busy(stories, shares):
    """Schools that have entered nothing are not the large ones: a large one changes its story with a small one."""
    idle = [i for i, story in enumerate(stories) if story in WITHOUT_PUPILS and shares[i] > 300]
    small = sorted((i for i, story in enumerate(stories) if story == "entering"), key=lambda i: shares[i])
    for i, other in zip(idle, small, strict=False):
        if shares[other] < shares[i]:
            stories[i], stories[other] = stories[other], stories[i]


def sized(shares, stories, students, first, second):
    """Pupils of each school; those of the schools that have entered theirs sum up to `students`."""
    wished = {first: FIRST_TEACHER, second: SECOND_TEACHER} if students > 20 * SECOND_TEACHER else {}
    entered = [i for i, story in enumerate(stories) if story not in WITHOUT_PUPILS and i not in wished]
    scale = max(students - sum(wished.values()), 0) / max(sum(shares[i] for i in entered), 1)
    sizes = [wished.get(i, max(round(share * scale), 1)) for i, share in enumerate(shares)]
    for i, story in enumerate(stories):
        if story == "empty":
            sizes[i] = min(sizes[i], 17 + 11 * (i % 4))
    if entered:
        largest = max(entered, key=lambda i: sizes[i])
        over = sum(sizes[i] for i in (*entered, *wished)) - students
        sizes[largest] = max(sizes[largest] - over, 1)
    return sizes


def placed(rng, clusters, districts, sizes, stories, accounts):
    """The SchoolPlans, with names, places and grades."""
    names = villages(rng, len(sizes))
    ranks = {i: rank for rank, i in enumerate(sorted(range(len(sizes)), key=lambda i: -sizes[i]))}
    first_code = 9001 if len(sizes) < 1000 else 1  # real schools' numbers are low
    made, first_number = [], 0
    for i, size in enumerate(sizes):
        subdistrict = one_subdistrict(rng, clusters[i], districts[i])
        latitude, longitude = spot(rng, districts[i], subdistrict)
        made.append(
            SchoolPlan(
                code=f"3401{first_code + i:04d}",
                name=school_name(rng, names[i], size_band(size), ranks[i]),
                village=names[i],
                cluster=clusters[i],
                district=districts[i],
                subdistrict=subdistrict,
                latitude=latitude,
                longitude=longitude,
                pupils=size,
                grades=grades_taught(rng, size, accounts.get(i)),
                story=stories[i],
                account=accounts.get(i),
                first_number=first_number,
            )
        )
        first_number += size * 6 + 200
    return made


def one_subdistrict(rng, cluster, district):
    """A sub-district of the cluster's part of its district."""
    codes = sorted(code for code, _ in places.subdistricts(district))
    of = DISTRICTS[district][0][1]
    number = int(cluster[-1]) - 1 if of > 1 else 0
    return rng.choice(codes[number::of])


def spot(rng, district, subdistrict):
    """(latitude, longitude) of a school: about its sub-district, which lies about the district's centre."""
    _, (latitude, longitude), radius = DISTRICTS[district]
    own = chance("subdistrict", subdistrict)
    angle, away = own.uniform(0, 2 * math.pi), radius * math.sqrt(own.random())
    return (
        round(latitude + away * math.sin(angle) + rng.uniform(-0.02, 0.02), 6),
        round(longitude + away * math.cos(angle) + rng.uniform(-0.02, 0.02), 6),
    )


def grades_taught(rng, size, account):
    """The grades of a school: อ.2 to ป.6, a third of the schools to ม.3, one in ten from อ.1."""
    first = 1 if account is None and rng.random() < 0.1 else 2
    extended = account == 2 or (account is None and 110 < size < 1800 and rng.random() < 0.62)
    return tuple(f"{grade:02d}" for grade in range(first, 13 if extended else 10))


def shared_out(plans, parts):
    """The clusters (lists of SchoolPlans) in so many parts of about the same number of pupils."""
    clusters = {}
    for school in plans:
        clusters.setdefault(school.cluster, []).append(school)
    shares = [[] for _ in range(parts)]
    for cluster in sorted(clusters.values(), key=pupils_in, reverse=True):
        min(shares, key=lambda share: sum(map(pupils_in, share))).append(cluster)
    return shares


def pupils_in(cluster):
    """How many pupils a cluster's schools have."""
    return sum(school.pupils for school in cluster)

"""What the made-up schools' profiles say: address, local government, land, founding, distances. All invented."""

import datetime as dt
import math

from documents.district import places
from scripts.demo.chance import chance

OFFICE = (15.2496, 104.8391)
KM_IN_DEGREE = 111.32
TOWNS = {"3401": (15.2287, 104.8564), "3404": (15.3860, 104.5530), "3414": (15.5110, 104.7260),
         "3424": (15.3180, 105.0210), "3431": (15.4180, 104.9260)}  # fmt: skip
ROAD = 1.25  # how much longer a road is than the straight line
LAND = (("state", "treasury", 6), ("donated", "ns3", 2), ("temple", "deed", 1), ("public", "nsl", 2))
EXPANDED = "12"  # a school that teaches up to ม.3


def profile(plan):
    """The further fields of one school of the plan."""
    rng = chance("profile", plan.code)
    in_temple = plan.name.startswith("วัด")
    return {
        "address": f"เลขที่ {rng.randint(1, 320)}",
        "moo": str(rng.randint(1, 14)),
        "village": plan.village,
        "house_id": f"0000000{plan.code[-4:]}",
        **local_government(plan, rng),
        "founded_on": dt.datetime(rng.randint(1917, 1987), rng.randint(1, 12), rng.randint(1, 28)),  # noqa: DTZ001  a day has no zone
        "km_to_area": by_road((plan.latitude, plan.longitude), OFFICE),
        "km_to_district": by_road((plan.latitude, plan.longitude), TOWNS[plan.district]),
        "flags": flags(plan, rng) or None,
        "in_temple": in_temple,
        "land": land(plan, rng, in_temple),
        "fax": f"045-001-{int(plan.code[-3:]):03d}" if rng.random() < 0.4 else None,
        "email": f"s{plan.code}@khet.example",
        "website": f"www.s{plan.code}.khet.example" if rng.random() < 0.5 else None,
    }


def local_government(plan, rng):
    """The kind and the name of the municipality or organisation that a school lies in."""
    name = places.name(plan.subdistrict)
    if plan.district == "3401" and rng.random() < 0.15:
        return {"municipal_type": "city", "local_gov": "เทศบาลนครอุบลราชธานี"}
    if rng.random() < 0.3:
        return {"municipal_type": "subdistrict", "local_gov": f"เทศบาลตำบล{name}"}
    return {"municipal_type": "sao", "local_gov": f"อบต.{name}"}


def flags(plan, rng):
    """Special features that fit what the school is."""
    found = ["expanded"] if plan.grades[-1] == EXPANDED else []
    if plan.pupils <= 120 and rng.random() < 0.7:
        found.append("small")
    if rng.random() < 0.03:
        found.append("royal")
    return found


def land(plan, rng, in_temple):
    """One parcel, sometimes two or three; larger schools have more."""
    kinds, weights = [row[:2] for row in LAND], [row[2] for row in LAND]
    parcels = []
    for number in range(rng.choices((1, 2, 3), (75, 20, 5))[0]):
        tenure, document = rng.choices(kinds, weights)[0]
        tenure = "temple" if in_temple and not number else tenure
        parcels.append(
            {
                "document": document,
                "number": str(rng.randint(100, 9999)),
                "tenure": tenure,
                "rai": rng.randint(1, 8) + min(plan.pupils // 60, 20) // (number + 1),
                "ngan": rng.randint(0, 3),
                "wah": float(rng.randint(0, 99)),
            }
        )
    return parcels


def by_road(here, there):
    """Kilometres by road, to one decimal."""
    north = (here[0] - there[0]) * KM_IN_DEGREE
    east = (here[1] - there[1]) * KM_IN_DEGREE * math.cos(math.radians(here[0]))
    return round(math.hypot(north, east) * ROAD + 0.1, 1)

"""A small map drawn on the server: an area's schools as dots, one of them marked, a scale bar. No tiles, no network."""

import math
from dataclasses import dataclass
from urllib.parse import urlencode

from documents.database import collection
from documents.district.schools import School

WIDTH, HEIGHT, EDGE = 340, 230, 22
KM_IN_DEGREE = 111.32
SCALES = (0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)
LEAST_SPAN = 0.02  # degrees, so that a single school is no map of one metre
FAR = 1.5  # degrees: a school that far away is a slip, and would make all others one dot


@dataclass(frozen=True)
class Drawing:
    """What the template draws: places in pixels, and what the scale bar stands for."""

    dots: list  # (x, y, name or None)
    here: tuple | None
    scale: int  # pixels
    scale_words: str
    href: str


def map_of(school, names):
    """The Drawing of a school among the schools of its area; None where nobody knows where it is.

    `names` says whether the others may be named.
    """
    if not has_place(school.latitude, school.longitude):
        return None
    others = [
        row
        for row in collection(School).find(
            {"area_code": school.area_code, "latitude": {"$ne": None}, "status": "open"},
            {"code": 1, "name": 1, "latitude": 1, "longitude": 1, "_id": 0},
        )
        if has_place(row.get("latitude"), row.get("longitude"))
        and row["code"] != school.code
        and abs(row["latitude"] - school.latitude) < FAR
        and abs(row["longitude"] - school.longitude) < FAR
    ]
    place, per_degree = _projection([(row["latitude"], row["longitude"]) for row in others], school)
    km, pixels = _scale(per_degree)
    return Drawing(
        dots=[(*place(row["latitude"], row["longitude"]), row["name"] if names else None) for row in others],
        here=place(school.latitude, school.longitude),
        scale=pixels,
        scale_words=f"{km:g} กม.",
        href=link_to(school.latitude, school.longitude),
    )


def has_place(latitude, longitude):
    """Whether a place was measured: zero is what a form holds that nobody filled."""
    return bool(latitude) and bool(longitude)


def link_to(latitude, longitude):
    """The address of a public map with this place marked."""
    asked = urlencode({"mlat": f"{latitude:.6f}", "mlon": f"{longitude:.6f}"})
    return f"https://www.openstreetmap.org/?{asked}#map=16/{latitude:.6f}/{longitude:.6f}"


def _projection(others, school):
    """(function from degrees to pixels, pixels of a degree of latitude) that fits all of them into the picture."""
    points = [*others, (school.latitude, school.longitude)]
    south, north = min(lat for lat, _ in points), max(lat for lat, _ in points)
    west, east = min(lng for _, lng in points), max(lng for _, lng in points)
    narrower = math.cos(math.radians((south + north) / 2))
    high, wide = max(north - south, LEAST_SPAN), max((east - west) * narrower, LEAST_SPAN)
    per_degree = min((HEIGHT - 2 * EDGE) / high, (WIDTH - 2 * EDGE) / wide)
    middle_lat, middle_lng = (south + north) / 2, (west + east) / 2

    def place(latitude, longitude):
        x = WIDTH / 2 + (longitude - middle_lng) * narrower * per_degree
        return round(x, 1), round(HEIGHT / 2 - (latitude - middle_lat) * per_degree, 1)

    return place, per_degree


def _scale(per_degree):
    """(kilometres, pixels) of the longest round distance that takes a third of the picture at most."""
    per_km = per_degree / KM_IN_DEGREE
    km = max((each for each in SCALES if each * per_km <= WIDTH / 3), default=SCALES[0])
    return km, round(km * per_km)

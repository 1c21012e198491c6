"""Sketches for the demo: a few dozen flat drawings of buildings with type and year, and of schools' grounds from above.

Drawn by Pillow from shapes; no photograph, no place, no person.
"""

from functools import cache

from PIL import Image, ImageDraw, ImageFont

from documents.records.pictures import THUMB, Drawn, as_jpeg
from exports.workbooks.pdf import FONTS

SIZE = 800, 600
VARIANTS = 6  # of each type
SKIES = ("#BFDBFE", "#C7E3F4", "#DCE9F2", "#CFE5EE", "#E3E9EE", "#B9D7EA")
WALLS = ("#F6E7C8", "#EFD9B4", "#F2EFE6", "#E6D3C0", "#DDE5E0", "#F4DFA9")
ROOFS = ("#A4492F", "#7F3B2C", "#8C5A3C", "#5E6B73", "#3F6F63", "#9A3B3B")
GRASS, PATH, DARK, GLASS = "#86A96A", "#D6C7A8", "#3D4A57", "#8FB3C7"


@cache
def sketch(kind, variant, caption):
    """The Drawn of a building's type (its code), one of VARIANTS; `caption` stands below it."""
    picture = Image.new("RGB", SIZE, SKIES[variant])
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 430, 800, 600), GRASS)
    draw.polygon([(350, 600), (450, 600), (420, 430), (385, 430)], PATH)
    DRAWINGS.get(kind, _hall)(draw, variant)
    draw.rectangle((0, 552, 800, 600), "#1F2A37")
    draw.text((20, 576), caption, "#F8FAFC", font=_font(), anchor="lm")
    small = picture.copy()
    small.thumbnail((THUMB, THUMB))
    return Drawn(as_jpeg(picture), as_jpeg(small), *SIZE)


@cache
def site_plan(variant):
    """The Drawn of a school's ground from above, one of VARIANTS: its blocks around the flag, the field, the road, the pond."""
    picture = Image.new("RGB", SIZE, "#F4F1E6")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((40, 40, 760, 470), "#DCE8CF", DARK, 4)
    draw.rectangle((0, 486, 800, 536), "#C3C7CC")
    draw.rectangle((360, 440, 430, 486), "#C3C7CC")
    draw.rectangle((470, 250, 720, 420), "#A9C88F", "#F8FAFC", 4)
    draw.ellipse((556, 302, 634, 368), None, "#F8FAFC", 4)
    draw.ellipse((70, 360, 210, 440), "#A9D3E6")
    draw.ellipse((388, 300, 404, 316), "#B22234")
    words = [((595, 335), "สนาม"), ((140, 400), "สระน้ำ"), ((400, 511), "ถนน")]
    for number in range(2 + variant % 3):
        left, top = 90 + number % 3 * 210, 80 + number // 3 * 100
        draw.rectangle((left, top, left + 180, top + 66), ROOFS[(variant + number) % VARIANTS], DARK, 2)
        words.append(((left + 90, top + 33), f"อาคาร {number + 1}"))
    draw.rectangle((270, 360, 340, 400), ROOFS[(variant + 4) % VARIANTS], DARK, 2)
    words.append(((305, 380), "ส้วม"))
    for at, word in words:
        fill = "#F8FAFC" if word.startswith(("อาคาร", "ส้วม")) else DARK
        draw.text(at, word, fill=fill, font=_font(), anchor="mm")
    draw.rectangle((0, 552, 800, 600), "#1F2A37")
    draw.text((20, 576), "แผนผังโรงเรียน (ภาพตัวอย่าง)", "#F8FAFC", font=_font(), anchor="lm")
    small = picture.copy()
    small.thumbnail((THUMB, THUMB))
    return Drawn(as_jpeg(picture), as_jpeg(small), *SIZE)


@cache
def _font():
    return ImageFont.truetype(str(FONTS / "Sarabun-Regular.ttf"), 24)


def _block(draw, variant):
    """A classroom block: storeys of windows under a long roof."""
    storeys = 1 + variant % 3
    top = 430 - storeys * 95
    draw.polygon([(70, top), (730, top), (680, top - 60), (120, top - 60)], ROOFS[variant])
    draw.rectangle((90, top, 710, 430), WALLS[variant])
    for storey in range(storeys):
        y = top + storey * 95
        draw.rectangle((90, y + 84, 710, y + 92), ROOFS[variant])
        for x in range(112, 690, 74):
            draw.rectangle((x, y + 22, x + 48, y + 66), GLASS, DARK)
    draw.rectangle((378, 366, 424, 430), DARK)
    draw.line((752, 430, 752, 170), DARK, 5)
    for n, colour in enumerate(("#B22234", "#FFFFFF", "#2B3A67", "#2B3A67", "#FFFFFF", "#B22234")):
        draw.rectangle((755, 172 + n * 7, 797, 179 + n * 7), colour)


def _hall(draw, variant):
    """A hall: one tall room under a gable."""
    draw.polygon([(120, 250), (680, 250), (400, 130)], ROOFS[variant])
    draw.rectangle((150, 250, 650, 430), WALLS[variant])
    for x in range(170, 640, 96):
        draw.rectangle((x, 250, x + 14, 430), "#C9B79A")
    draw.rectangle((340, 320, 460, 430), DARK)


def _house(draw, variant):
    """A house on posts."""
    draw.polygon([(200, 240), (600, 240), (520, 150), (280, 150)], ROOFS[variant])
    draw.rectangle((230, 240, 570, 350), WALLS[variant])
    for x in (232, 320, 470, 558):
        draw.rectangle((x, 350, x + 12, 430), "#8A6F52")
    for x in (270, 470):
        draw.rectangle((x, 270, x + 56, 320), GLASS, DARK)
    draw.polygon([(370, 430), (440, 430), (420, 350), (390, 350)], "#A58A68")


def _toilets(draw, variant):
    """A low row of doors."""
    doors = 3 + variant % 3
    left = 400 - doors * 46
    draw.polygon([(left - 30, 300), (830 - left, 300), (800 - left, 270), (left, 270)], ROOFS[variant])
    draw.rectangle((left - 10, 300, 810 - left, 430), WALLS[variant])
    for n in range(doors):
        x = left + 16 + n * 92
        draw.rectangle((x, 322, x + 58, 430), "#4E7C8A", DARK)
        draw.rectangle((x + 12, 306, x + 46, 316), GLASS)


def _tank(draw, variant):
    """A row of round tanks."""
    for n in range(2 + variant % 2):
        x = 170 + n * 170
        draw.rectangle((x, 230, x + 140, 430), "#C9CED3")
        draw.ellipse((x, 210, x + 140, 250), "#DDE1E5")
        draw.line((x + 124, 250, x + 124, 430), "#7B8794", 5)


def _ground(draw, variant):
    """A sports ground with its goals."""
    draw.polygon([(60, 540), (740, 540), (620, 350), (180, 350)], "#6E9A58")
    draw.line([(90, 528), (710, 528), (606, 360), (194, 360), (90, 528)], "#F1F5F0", 4)
    draw.ellipse((345, 415, 455, 470), None, "#F1F5F0", 4)
    for x in (200, 560):
        draw.line([(x, 392), (x, 330), (x + 60, 330), (x + 60, 392)], "#F8FAFC", 6)


def _fence(draw, variant):
    """A wall with a gate."""
    for x in range(0, 800, 70):
        draw.rectangle((x, 330, x + 60, 430), WALLS[variant])
        draw.rectangle((x + 58, 316, x + 72, 430), "#B9A583")
    draw.rectangle((330, 300, 470, 430), DARK)
    for x in range(340, 466, 16):
        draw.line((x, 306, x, 430), "#9AA5B1", 4)
    draw.rectangle((300, 262, 500, 300), ROOFS[variant])


DRAWINGS = {
    "01": _block, "82": _hall, "83": _hall, "84": _block, "03": _house, "04": _house, "81": _house, "05": _toilets, "16": _tank,
    "15": _ground, "08": _ground, "27": _fence, "28": _ground,
}  # fmt: skip

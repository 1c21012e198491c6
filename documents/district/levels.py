"""Levels (ระดับชั้น) of the ministry's statistical files: its 23 columns, totals among them.

Source: DMC's own files of an area, which have one layout for every report (domain.md 3.1.6).
"""

SEXES = ("M", "F")
# The ministry's columns in its order, totals among them, with the codes of GRADE each holds. Source: DMC's own files.
LEVELS = (
    ("อนุบาล1", ("01",)),
    ("อนุบาล2", ("02",)),
    ("อนุบาล3", ("03",)),
    ("รวมก่อนประถม", ("01", "02", "03")),
    ("ป.1", ("04",)),
    ("ป.2", ("05",)),
    ("ป.3", ("06",)),
    ("ป.4", ("07",)),
    ("ป.5", ("08",)),
    ("ป.6", ("09",)),
    ("รวมประถม", ("04", "05", "06", "07", "08", "09")),
    ("ม.1", ("10",)),
    ("ม.2", ("11",)),
    ("ม.3", ("12",)),
    ("รวมมัธยมต้น", ("10", "11", "12")),
    ("ม.4", ("13",)),
    ("ม.5", ("14",)),
    ("ม.6", ("15",)),
    ("ปวช.1", ("16",)),
    ("ปวช.2", ("17",)),
    ("ปวช.3", ("18",)),
    ("รวมมัธยมปลาย/ปวช.", ("13", "14", "15", "16", "17", "18")),
    ("รวมทั้งหมด", tuple(f"{grade:02d}" for grade in range(1, 19))),
)
GRADES = LEVELS[-1][1]
# The stages of schooling in words, each with its last grade. Source: the ministry's page of a school (domain.md 4.1).
STAGES = (
    ("03", "อนุบาล"),
    ("09", "ประถมศึกษา"),
    ("12", "มัธยมศึกษาตอนต้น"),
    ("15", "มัธยมศึกษาตอนปลาย"),
    ("18", "ปวช."),
)


def stages_in_words(first, last):
    """ "อนุบาล–ประถมศึกษา": what a school teaches from one grade to another; "" where one of them is not known."""
    if not first or not last:
        return ""
    ends = [next((words for most, words in STAGES if code <= most), "") for code in (first, last)]
    return "–".join(dict.fromkeys(filter(None, ends)))

"""The other subsystems of the demo: each is a module named here, which enters what the schools have besides pupils.

Such a module has

    SUBSYSTEM                     "M-OBEC"; its round of 2568 is open (`calendar_of_rounds.OTHERS`)
    enter(plans, people)          stores the records of one cluster's schools (SchoolPlans), in one of several processes
    enter_office(people)          stores those of the area office, where it reports too; called once, may be left out

and, where there was a round before (`reporting.LAST_ROUNDS`), whose records this year's begins with,

    enter_then(plans, people)     stores last year's, and hands them in
    enter_office_then(people)     the same of the area office

It writes through the door in bulk (`entering.put`), at its own moments (`moments.some`), and takes about three seconds
of one core for 230 schools and a year, `reporting.report` included: that makes the moves of each school's story.
"""

from importlib import import_module

PARTS = [
    "scripts.demo.emis",
    "scripts.demo.equipment",
    "scripts.demo.buildings",
    "scripts.demo.added",
]


def modules():
    """The modules of PARTS."""
    return [import_module(name) for name in PARTS]


def each_does(what, *arguments):
    """Let each part that has one do its function of a name, in order."""
    for part in modules():
        if hasattr(part, what):
            getattr(part, what)(*arguments)

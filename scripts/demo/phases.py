"""What the processes of the demo share out among them, phase by phase; each phase builds on what the one before has stored."""

from scripts.demo import calendar_of_rounds, parts
from scripts.demo.entering import enter_cluster
from scripts.demo.plan import shared_out


def pupils(cluster, people, tell):
    """The pupils of both years; tells of each school's pupils."""
    enter_cluster(cluster, people, tell)


def then(cluster, people, tell):
    """What last year's rounds of the other subsystems hold; tells how many schools did."""
    parts.each_does("enter_then", cluster, people)
    tell(len(cluster))


def now(cluster, people, tell):
    """What the schools made of the records that were carried over; tells how many schools did."""
    parts.each_does("enter", cluster, people)
    tell(len(cluster))


DONE = "done\n"  # what a process says when its part of a phase is stored
BY_CLUSTER = {"pupils": pupils, "then": then, "now": now}


def do(phase, plans, share, people, tell):
    """Do the part of a phase that a `share`, (number, of how many), has: some clusters, or the rounds of some subsystems."""
    part, number = share
    if phase == "carry":
        for subsystem in list(calendar_of_rounds.LAST_ROUNDS)[part::number]:
            calendar_of_rounds.begin_from_last_year(subsystem, people)
            tell(1)
    else:
        for cluster in shared_out(plans, number)[part]:
            BY_CLUSTER[phase](cluster, people, tell)

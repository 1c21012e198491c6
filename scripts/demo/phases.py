"""What the processes of the demo do cluster by cluster, in two phases: between them last year's rounds are locked and carried over."""

from scripts.demo import parts
from scripts.demo.entering import enter_cluster


def then(cluster, people, tell):
    """The pupils of both years, and whatever else last year's rounds hold; tells of each school's pupils."""
    enter_cluster(cluster, people, tell)
    parts.each_does("enter_then", cluster, people)


def now(cluster, people, tell):
    """What the schools made of the records that were carried over; tells how many schools did."""
    parts.each_does("enter", cluster, people)
    tell(len(cluster))


PHASES = {"then": then, "now": now}

"""What every page of a signed-in person carries: menu with counts, year and round, time left, who he is."""

from flask import current_app, g, request, session, url_for
from flask_login import current_user

from documents import buddhist, clock, subsystems, thai
from documents.progress import sums_of
from documents.rounds import STATES, utc
from documents.schools import Area, School
from documents.users import EVERY_AREA, ROLES, SCHOOL_ROLES
from documents.waiting import waiting_for
from views import here, jobs, links

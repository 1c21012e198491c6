"""A process that serves from now on: what was loaded stays, so the collector of cycles need not look at it again.

A page makes tens of thousands of objects that die with it, and the usual thresholds walk the living ones dozens of times
meanwhile: a tenth of its time. Frozen before the web server parts into processes, what is loaded is also shared by them.
"""

import gc

YOUNG, MIDDLE, OLD = 50_000, 20, 50  # objects made, then rounds, before each generation is looked over


def settle():
    """Call once, when the application and its libraries are loaded."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)

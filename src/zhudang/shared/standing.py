"""What a process loaded when it started stays until its end: the collector of cyclic garbage need not look at it.

Measured before: 7 % of a worker's time went into collections, two thirds of it into full ones over the 180,000 objects
of the loaded modules, and one page in some hundred waited 90 ms for one.
"""

import gc


def leave_what_stands() -> None:
    """Take everything there is now out of garbage collection; call it once, after loading.

    How often is collected stays as it is: less often was tried, saved one percent and cost 80 MB in a worker.
    """
    gc.collect()
    gc.freeze()

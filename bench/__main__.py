"""`./dev bench [small memory large pages holdings checks log preservation] [--quick]`: a table of figures against the issue's targets."""

import sys
import time
from collections.abc import Callable

from bench import examination, holdings, many_files, measures, preserving, the_log, the_store
from bench.row import Row

ALL: dict[str, Callable[[bool], list[Row]]] = {
    "small": measures.small_files,
    "memory": measures.memory,
    "large": measures.large_file,
    "pages": measures.pages,
    "holdings": holdings.holdings,
    "checks": examination.checks,
    "log": the_log.log,
    "preservation": lambda quick: [
        *the_store.store(quick),
        *many_files.many_files(quick),
        *preserving.preservation(quick),
    ],
}


def steps_a_second() -> float:
    """How fast one processor is at this moment, in millions of steps of an empty loop: virtual ones are slowed at times."""
    count, began = 5_000_000, time.perf_counter()
    for _ in range(count):
        pass
    return count / (time.perf_counter() - began) / 1e6


def main(arguments: list[str]) -> int:
    quick = "--quick" in arguments
    names = [name for name in arguments if name != "--quick"] or list(ALL)
    if strange := [name for name in names if name not in ALL]:
        print(f"{__doc__}\nno such benchmark: {', '.join(strange)}", file=sys.stderr)
        return 2
    print(f"{'benchmark':<44}{'figure':>16}  {'against':<46}{'target':>10}  met")
    for name in names:
        began, before = time.monotonic(), steps_a_second()
        for row in ALL[name](quick):
            sign = "–" if row.met is None else "yes" if row.met else "NO"
            print(f"{row.what:<44}{row.figure:>16}  {row.against:<46}{row.target:>10}  {sign}", flush=True)
        told = f"{name}: {time.monotonic() - began:.0f} s; a processor made {before:.0f} million steps a second before, {steps_a_second():.0f} after"
        print(f"  ({told}{'; quick: smaller than the target speaks of' if quick else ''})", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

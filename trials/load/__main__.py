"""Put load on Footman on this machine, and see what gives: python3 dev.py load [starts | schedules | all]."""

import argparse
import sys
from collections.abc import Sequence

from trials.load import schedules, starts

PARTS = ("starts", "schedules")


def main(arguments: Sequence[str]) -> int:
    """Run the chosen parts and return the exit code."""
    options = _options(arguments)
    chosen = PARTS if options.part == "all" else (options.part,)
    codes = []
    if "starts" in chosen:
        codes.append(starts.main(options.seconds))
    if "schedules" in chosen:
        codes.append(schedules.main(options.schedules, options.firing, options.minutes))
    return max(codes)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dev.py load", description=__doc__)
    parser.add_argument("part", nargs="?", default="all", choices=(*PARTS, "all"))
    parser.add_argument("--seconds", type=_whole, default=30, help="how long tasks are started (30)")
    parser.add_argument("--schedules", type=_whole, default=10_000, help="how many are stored (10000)")
    parser.add_argument("--firing", type=_whole, default=1_000, help="how many of them fire each minute (1000)")
    parser.add_argument("--minutes", type=_whole, default=3, help="how many minutes they fire (3)")
    options = parser.parse_args(arguments)
    if options.firing + schedules.CALLERS > options.schedules:
        parser.error(f"--schedules must be {schedules.CALLERS} more than --firing, for the callers to have one each")
    return options


def _whole(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Try what Footman promises for bad days: python3 dev.py faults [TRIAL ...] [--rounds N]; all trials unless named."""

import argparse
import sys

from trials.faults import audit, beside, bulk, changes, clock, crash, hosts, model, seconds, trouble
from trials.faults.report import verdict

TRIALS = {
    "seconds": seconds.main,
    "beside": beside.main,
    "bulk": bulk.main,
    "hosts": hosts.main,
    "clock": clock.main,
    "apart": clock.apart,
    "changes": changes.main,
    "sense": trouble.sense,
    "storage": trouble.storage,
    "hiccups": trouble.hiccups,
    "both": trouble.both,
    "model": model.main,
    "audit": audit.main,
    "crash": crash.main,
}


def main() -> int:
    """Run the chosen trials, print their table and return the exit code."""
    parser = argparse.ArgumentParser(prog="dev.py faults", description=__doc__)
    parser.add_argument(
        "trial", nargs="*", metavar="TRIAL", choices=[*TRIALS, []], help=f"{', '.join(TRIALS)}; all unless named"
    )
    parser.add_argument("--rounds", type=int, help="how often, instead of as often as is promised")
    options = parser.parse_args()
    return verdict([each for name in options.trial or TRIALS for each in TRIALS[name](options.rounds)])


if __name__ == "__main__":
    sys.exit(main())

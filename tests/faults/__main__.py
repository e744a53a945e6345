"""Try what Footman promises for bad days: python3 dev.py faults TRIAL [--rounds N], or all trials."""

import argparse
import sys

from tests.faults import crash, hosts, model, outage, seconds

TRIALS = {"crash": crash.main, "hosts": hosts.main, "outage": outage.main, "seconds": seconds.main, "model": model.main}


def main() -> int:
    parser = argparse.ArgumentParser(prog="dev.py faults", description=__doc__)
    parser.add_argument("trial", choices=[*TRIALS, "all"])
    parser.add_argument("--rounds", type=int, help="how often, instead of as often as is promised")
    options = parser.parse_args()
    wanted = TRIALS if options.trial == "all" else {options.trial: TRIALS[options.trial]}
    return max([trial(options.rounds) for trial in wanted.values()])


if __name__ == "__main__":
    sys.exit(main())

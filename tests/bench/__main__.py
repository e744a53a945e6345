"""Measure Footman on this machine: python3 dev.py bench start | import."""

import sys

from tests.bench import imports, start

BENCHES = {"start": start.main, "import": imports.main}


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0] not in BENCHES:
        print(f"python3 dev.py bench {' | '.join(BENCHES)}", file=sys.stderr)
        return 2
    return BENCHES[arguments[0]]()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

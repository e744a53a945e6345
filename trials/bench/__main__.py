"""Measure Footman on this machine: python3 dev.py bench start | tick | import | stand-in."""

import sys

from trials.bench import imports, stand_in, start, tick

BENCHES = {"start": start.main, "import": imports.main, "stand-in": stand_in.main}


def main(arguments: list[str]) -> int:
    """Run the named bench and return its exit code."""
    if arguments[:1] == ["tick"]:
        return tick.main(arguments[1:])
    if len(arguments) != 1 or arguments[0] not in BENCHES:
        print(f"python3 dev.py bench {' | '.join(['tick [a] [b] [c]', *BENCHES])}", file=sys.stderr)
        return 2
    return BENCHES[arguments[0]]()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Run, test and measure Footman on this machine, and export and import schedules: `python3 dev.py` prints how."""

from __future__ import annotations  # so that an older Python gets as far as printing that it is too old

import os
import subprocess
import sys

from sandbox import environment

USAGE = """\
python3 dev.py run [--port 7071] [--fresh] [--func] [--qrs-latency MS]
    Footman with a storage emulator and a stand-in for Qlik Sense, on 127.0.0.1. Ctrl-C ends all of it.
python3 dev.py test [STEP ...]
    Every check: format, lint, types, tests, worker.
python3 dev.py bench start | tick [a] [b] [c] | import | stand-in
    What it costs, as a ratio to what can't be avoided.
python3 dev.py faults [TRIAL ...] [--rounds N]
    What schedules come to on bad days, as a table: lost, doubled, late. All of it takes some two hours.
python3 dev.py load [starts | schedules | all] [--seconds N] [--minutes N] [--schedules N] [--firing N]
    What many callers get at a time: throughput, latencies, errors, memory, connections.
python3 dev.py hostile [--requests 20000]
    Every call under bytes that no client library sends: no 5xx, no hang, memory flat.
python3 dev.py smoke --url URL [--key KEY]
    Whether a Footman that was deployed works; starts nothing.
python3 dev.py import-butler FILE.yaml --url URL [--key KEY] --server-timezone ZONE --month-base 0|1 [--dry-run]
    Bring Butler's schedules over.
python3 dev.py export --url URL [--key KEY] [FILE.yaml]
python3 dev.py import FILE.yaml --url URL [--key KEY] [--dry-run]
    Schedules to a file that is fit for Git, and back.
"""
COMMANDS = {
    "run": "sandbox.run",
    "test": "tests.gate",
    "bench": "trials.bench",
    "faults": "trials.faults",
    "load": "trials.load",
    "hostile": "trials.hostile",
    "smoke": "client.smoke",
    "import-butler": "client.import_butler",
    "export": "client.export",
    "import": "client.import_file",
}


def main(arguments: list[str]) -> int:
    """Run the command in the environment that it needs, which is set up if necessary; return the exit code."""
    if not arguments or arguments[0] not in COMMANDS:
        print(USAGE, end="", file=sys.stderr)
        return 2
    try:
        environment.check_python()
        module = COMMANDS[arguments[0]]
        is_client = module.startswith("client.")
        python = environment.client_packages() if is_client else environment.python_packages()
    except environment.SetupFailed as failed:
        print(f"\n{failed}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nEnded.", file=sys.stderr)
        return 130
    if is_client:
        # Its file arguments are relative to the current folder; no module is imported from there.
        os.environ["PYTHONPATH"] = str(environment.ROOT)
        return _become([str(python), "-P", "-m", module, *arguments[1:]])
    os.chdir(environment.ROOT)
    return _become([str(python), "-m", module, *arguments[1:]])


def _become(command: list[str]) -> int:
    if os.name != "nt":
        os.execv(command[0], command)  # noqa: S606 - so that a signal to this process reaches the command
    child = subprocess.Popen(command)
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue  # the console sent it to the command too, which stops what it started


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

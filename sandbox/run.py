"""Serve Footman on this machine with all that it needs around it: python3 dev.py run."""

import argparse
import os
import shutil
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from types import FrameType

from sandbox import certificates
from sandbox.azurite import start_azurite
from sandbox.environment import LOCAL, ROOT, SetupFailed
from sandbox.examples import examples
from sandbox.host.errors import CannotStartError
from sandbox.host.settings import apply_settings, read_local_settings
from sandbox.kept_host import KeptHost
from sandbox.locks import held
from sandbox.run_file import RunFile, only_run
from sandbox.stand_in import StandIn, start_stand_in
from shared import settings
from shared.core.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What Footman runs against; a process id is None if somebody else runs that part."""

    azurite: int | None
    qrs: int | None


def main() -> int:
    """Run until asked to end and return the exit code."""
    options = _options()
    if isinstance(sys.stdout, TextIOWrapper):  # a console may be unable to show a letter of a tag
        sys.stdout.reconfigure(errors="replace")
    # SIGINT too: a shell that starts this in the background has it ignored.
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        if number := getattr(signal, name, None):  # each system has its own
            signal.signal(number, _interrupt)
    try:
        _run(options)
    except KeyboardInterrupt:
        print("\nEnded.", flush=True)
        return 0
    except (SetupFailed, CannotStartError, SettingsError) as error:
        print(f"\n{error}", file=sys.stderr, flush=True)
        return 1
    return 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dev.py run", description=__doc__)
    parser.add_argument("--port", type=int, default=7071)
    parser.add_argument("--fresh", action="store_true", help="begin with empty storage")
    parser.add_argument("--func", action="store_true", help="use Azure Functions Core Tools as the host")
    parser.add_argument(
        "--run-file",
        type=Path,
        default=LOCAL / "run.json",
        help="where to tell what runs; with the port in its name, of this run alone",
    )
    parser.add_argument("--qrs-latency", type=float, default=0, metavar="MS", help="how slow the stand-in answers")
    return parser.parse_args()


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt


def _run(options: argparse.Namespace) -> None:
    apply_settings(read_local_settings(ROOT), os.environ)
    file = RunFile(file=options.run_file, port=options.port)
    _refuse_taken(options.port)
    with ExitStack() as stack:
        stack.enter_context(only_run(options.port))
        surroundings = stack.enter_context(_surroundings(options))
        settings.load(os.environ)
        os.environ["FUNCTIONS_WORKER_RUNTIME"] = "python"
        host = stack.enter_context(KeptHost(options.port, func=options.func))
        stack.enter_context(_recorded(file, host, surroundings))
        local = {"storage": surroundings.azurite is not None, "sense": surroundings.qrs is not None}
        print(examples(host.url, run_file=str(file.own).removeprefix(f"{ROOT}{os.sep}"), **local), flush=True)
        for _ in host.lives():
            _record(file, host, surroundings)


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        if os.name != "nt":  # on Windows it would let the port be taken twice
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            raise SetupFailed(f"Port {port} can't be used ({error}): choose another with --port.") from None


@contextmanager
def _surroundings(options: argparse.Namespace) -> Iterator[Surroundings]:
    """Start whatever no setting names, and put it into the environment, where the host finds it."""
    azurite = qrs = None
    with ExitStack() as stack:
        if not os.environ.get("STORAGE_CONNECTION"):
            storage = stack.enter_context(start_azurite(_storage_folder(options), tables_only=not options.func))
            os.environ |= {"STORAGE_CONNECTION": storage.connection, "AzureWebJobsStorage": storage.connection}
            azurite = storage.pid
        if not os.environ.get("QRS_URL"):
            with held(LOCAL / "certificates.lock"):  # one lock for all runs of this folder
                certificates.make(LOCAL / "certificates")
            stand_in = stack.enter_context(start_stand_in(folder=LOCAL / "certificates", latency=options.qrs_latency))
            os.environ |= sense_settings(stand_in)
            qrs = stand_in.pid
        yield Surroundings(azurite=azurite, qrs=qrs)


def _storage_folder(options: argparse.Namespace) -> Path:
    # One folder for each port: two emulators would corrupt the same files.
    storage, timers = LOCAL / f"storage-{options.port}", LOCAL / f"timers-{options.port}"
    if options.fresh:
        for folder in (storage, timers):
            _empty(folder)
    return storage


def _empty(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise SetupFailed(f"{folder} can't be emptied ({error}): does another run use it?") from None


def sense_settings(stand_in: StandIn) -> dict[str, str]:
    """Return the settings with which Footman and a stand-in trust each other."""
    return {
        "QRS_URL": stand_in.https,
        "QRS_CLIENT_CERTIFICATE": str(stand_in.certificates / "client.pem"),
        "QRS_CLIENT_KEY": str(stand_in.certificates / "client_key.pem"),
        "QRS_ROOT_CERTIFICATE": str(stand_in.certificates / "root.pem"),
    }


@contextmanager
def _recorded(file: RunFile, host: KeptHost, surroundings: Surroundings) -> Iterator[None]:
    try:
        _record(file, host, surroundings)
        yield
    finally:
        file.forget()


def _record(file: RunFile, host: KeptHost, surroundings: Surroundings) -> None:
    file.record(
        {
            "url": host.url,
            "storageConnection": os.environ["STORAGE_CONNECTION"],
            "qrsUrl": os.environ["QRS_URL"],
            "processes": {"host": host.pid, "azurite": surroundings.azurite, "qrs": surroundings.qrs},
        }
    )


if __name__ == "__main__":
    sys.exit(main())

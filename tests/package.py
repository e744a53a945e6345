"""What a deployment sends: the files that .funcignore leaves, and what they weigh."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from pathspec import GitIgnoreSpec

from sandbox.environment import ROOT

STARTS = 5
IMPORT = "import time; begun = time.perf_counter(); import function_app; print(time.perf_counter() - begun)"


def files() -> list[Path]:
    """Return what is sent, relative to the project."""
    ignored = GitIgnoreSpec.from_lines((ROOT / ".funcignore").read_text(encoding="utf-8").splitlines())
    return sorted(path for path in _under(ROOT, ignored))


def _under(folder: Path, ignored: GitIgnoreSpec) -> Iterator[Path]:
    for path in folder.iterdir():
        relative = path.relative_to(ROOT)
        if ignored.match_file(f"{relative.as_posix()}/" if path.is_dir() else relative.as_posix()):
            continue
        if path.is_dir():
            yield from _under(path, ignored)
        else:
            yield relative


def build(to: Path) -> None:
    """Copy what is sent into a folder."""
    for file in files():
        (to / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / file, to / file)


def show(python: Path) -> None:
    """Print what the package weighs and how long its import takes, with the libraries that Azure installs."""
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder))
        sent = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
        seconds = [float(_output(python, IMPORT, Path(folder))) for _ in range(STARTS)]
    libraries = Path(_output(python, "import sysconfig; print(sysconfig.get_path('purelib'))", ROOT).strip())
    installed = sum(path.stat().st_size for path in libraries.rglob("*") if path.is_file() and "/pip" not in str(path))
    print("\nThe deployment package")
    print(f"  sent                {len(files()):6} files {sent / 1024:8.0f} KB")
    print(f"  libraries beside it {installed / 1024 / 1024:21.0f} MB, compiled files among them")
    print(f"  cold import         {median(seconds) * 1000:21.0f} ms, median of {STARTS} fresh interpreters", flush=True)


def _output(python: Path, code: str, folder: Path) -> str:
    return subprocess.check_output([str(python), "-c", code], cwd=folder, text=True)

"""What a deployment sends, in the real worker library, with nothing installed but requirements.txt."""

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from sandbox.environment import deployed_packages
from tests.package import build, files
from tests.worker.conftest import Worker

IMPORT_ALL = """
import pkgutil, importlib, shared
for module in pkgutil.walk_packages(shared.__path__, "shared."):
    importlib.import_module(module.name)
import azure.identity, croniter, cryptography, tzdata, tzlocal.windows_tz
"""
INDEX = """
import asyncio, json, sys
import azure.functions
sys.path.append(sys.argv[1])  # last: the worker brings itself, and no library for the app
sys.path.append(sys.argv[2])
import azure_functions_runtime as runtime
from tests.worker import messages
here = sys.argv[3]
begun = asyncio.run(runtime.worker_init_request(messages.init_request(here)))
assert begun.result.status == messages.protos.StatusResult.Success, begun.result.exception
told = asyncio.run(runtime.functions_metadata_request(messages.metadata_request(here)))
assert told.result.status == messages.protos.StatusResult.Success, told.result.exception
ours = sys.modules["function_app"].__file__
print(json.dumps({"functions": [one.name for one in told.function_metadata_results], "app": ours}))
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    build(folder)
    return folder


@pytest.fixture(scope="module")
def deployed() -> Path:
    """A Python with requirements.txt alone."""
    return deployed_packages([sys.executable])


def run(python: Path, code: str, package: Path, *arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 - our own code, our own Python
        [str(python), "-c", code, *arguments], cwd=package, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_only_the_app_is_sent() -> None:
    sent = files()

    assert {path.parts[0] for path in sent} == {"function_app.py", "host.json", "requirements.txt", "shared"}
    assert {path.suffix for path in sent} == {".py", ".json", ".txt", ".html", ".css", ".js", ".gz", ""}
    assert {path.name for path in sent if not path.suffix} == {"LICENSE", "NOTICE"}


def test_no_library_is_missing(package: Path, deployed: Path) -> None:
    run(deployed, IMPORT_ALL, package)


def test_the_worker_indexes_every_function_of_it(package: Path, deployed: Path, worker: Worker) -> None:
    root = Path(__file__).parents[2]

    told = json.loads(run(deployed, INDEX, package, sysconfig.get_path("purelib"), str(root), str(package)))

    assert set(told["functions"]) == set(worker.bindings)
    assert Path(told["app"]) == package / "function_app.py"

"""Imports only point down: every room may know what stands in its row, and nothing else."""

import ast
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# The standard library is free to all but core.
ROOMS = {
    "function_app.py": {"shared.api", "shared.timers", "shared.settings", "azure.functions"},
    "shared/api": {"shared.log", "shared.api", "shared.wiring", "shared.use_cases", "shared.core", "shared.version"}
    | {"azure.functions", "pydantic", "typing_extensions"},
    "shared/timers": {"shared.log", "shared.wiring", "shared.core", "azure.functions"},
    "shared/wiring.py": {"shared.settings", "shared.qrs", "shared.storage", "shared.use_cases", "shared.core"}
    | {"shared.turns"},
    "shared/use_cases": {"shared.log", "shared.threads", "shared.use_cases", "shared.core"},
    "shared/qrs": {"shared.log", "shared.qrs", "shared.core", "shared.version"}
    | {"requests", "urllib3", "certifi", "cryptography"},
    "shared/storage": {"shared.log", "shared.storage", "shared.core", "shared.version"}
    | {"azure.core", "azure.data.tables", "azure.identity", "requests", "urllib3"},
    "shared/settings.py": {"shared.core", "shared.pem", "shared.setting_texts", "pydantic"},
    "shared/pem.py": set(),
    "shared/setting_texts.py": set(),
    "shared/core": {"shared.core", "croniter", "tzlocal"},
    "moving": {"moving", "shared.api", "shared.core", "croniter", "pydantic", "requests", "urllib3", "yaml"},
    "infra": {"infra", "moving.command", "moving.reaching", "requests"},
    "shared/log.py": set(),
    "shared/threads.py": set(),
    "shared/turns.py": {"shared.threads"},
    "shared/version.py": set(),
    "shared/__init__.py": set(),
}
# What a folder of tests knows beside itself.
SHARED = {"tests.sandbox", "tests.conftest", "tests.cron_texts", "tests.functions"}
SHARED |= {"tests.documents"}
# Their subject is a trial: the books that it keeps, the names that people type.
ABOUT_TRIALS = {
    "tests/unit/test_faults_accounting.py": "tests.faults",
    "tests/unit/test_faults_lives.py": "tests.faults",
    "tests/unit/test_documents.py": "tests.faults",
}
PURE = {"re", "dataclasses", "typing", "collections", "enum", "functools", "itertools", "datetime", "math", "bisect"}
PURE |= {"heapq", "zoneinfo", "difflib", "importlib"}  # zones are data, read from the tzdata package


def files(room: str) -> list[Path]:
    place = ROOT / room
    return sorted(place.rglob("*.py")) if place.is_dir() else [place]


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import hides where it points"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_known(module: str, room: str) -> bool:
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names:
        return room != "shared/core" or top in PURE
    return is_in(module, ROOMS[room])


def is_in(module: str, rooms: Collection[str]) -> bool:
    return any(f"{module}.".startswith(f"{room}.") for room in rooms)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_knows_only_the_rooms_below(room: str) -> None:
    strange = {
        f"{file.relative_to(ROOT)} imports {module}"
        for file in files(room)
        for module in imports(file)
        if not is_known(module, room)
    }

    assert strange == set()


def test_every_file_of_the_app_stands_in_a_room() -> None:
    placed = {file for room in ROOMS for file in files(room)}

    assert set((ROOT / "shared").rglob("*.py")) - placed == set()


# What makes a thread, by the module it comes from; of asyncio all that hands work to one.
THREADS = {"ThreadPoolExecutor", "ProcessPoolExecutor", "Thread", "Timer", "ThreadPool", "start_new_thread"}
THREADS |= {"start_joinable_thread", "to_thread", "run_in_executor", "ThreadingTCPServer", "ThreadingHTTPServer"}


def names(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield node.name.rpartition(".")[2]


def test_every_thread_of_the_app_carries_the_context_of_its_invocation() -> None:
    # Azure's worker drops the line of a thread without it.
    makers = {
        f"{file.relative_to(ROOT)} uses {name}"
        for file in [*(ROOT / "shared").rglob("*.py"), ROOT / "function_app.py"]
        for name in THREADS.intersection(names(file))
    }

    assert makers == {"shared/threads.py uses ThreadPoolExecutor"}


@pytest.mark.parametrize("folder", [path.parent.name for path in sorted((ROOT / "tests").glob("*/__init__.py"))])
def test_tests_and_trials_of_one_kind_know_those_of_no_other(folder: str) -> None:
    known = {"tests.sandbox"} if folder == "sandbox" else {f"tests.{folder}", *SHARED}
    strange = {
        f"{name} imports {module}"
        for file in files(f"tests/{folder}")
        for name in [file.relative_to(ROOT).as_posix()]
        for module in imports(file)
        if module.startswith("tests.") and not is_in(module, {*known, ABOUT_TRIALS.get(name, "tests.sandbox")})
    }

    assert strange == set()

"""Imports only point down: every room may know what stands in its row, and nothing else."""

import ast
import re
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# The standard library is free to all but core.
ROOMS = {
    "function_app.py": {"shared.api", "shared.timers", "shared.settings", "azure.functions"},
    "shared/api": {"shared.log", "shared.api", "shared.wiring", "shared.use_cases", "shared.core", "shared.version"}
    | {"shared.foreign", "azure.functions", "pydantic", "typing_extensions"},
    "shared/timers": {"shared.log", "shared.wiring", "shared.core", "azure.functions"},
    "shared/wiring.py": {"shared.settings", "shared.qrs", "shared.storage", "shared.use_cases", "shared.core"}
    | {"shared.turns", "shared.clock", "shared.once", "shared.sense_access"},
    "shared/once.py": set(),
    "shared/sense_access.py": {"shared.qrs", "shared.settings"},
    "shared/clock.py": set(),
    "shared/use_cases": {"shared.log", "shared.threads", "shared.use_cases", "shared.core"},
    "shared/qrs": {"shared.log", "shared.keep_alive", "shared.qrs", "shared.core", "shared.version"}
    | {"shared.foreign", "urllib3", "certifi", "cryptography"},
    "shared/storage": {"shared.log", "shared.keep_alive", "shared.storage", "shared.core", "shared.version"}
    | {"shared.foreign", "azure.core", "azure.data.tables", "azure.identity", "requests", "urllib3"},
    "shared/settings.py": {"shared.core", "shared.pem", "shared.setting_texts", "pydantic"}
    | {"shared.callers_text", "shared.start_filter_text"}
    | {"shared.setting_names", "shared.setting_values"},
    "shared/setting_values.py": {"shared.pem", "shared.setting_texts", "pydantic"},
    "shared/setting_names.py": {"shared.core", "shared.setting_texts"},
    "shared/callers_text.py": {"shared.core", "shared.setting_texts", "shared.start_filter_text", "pydantic"},
    "shared/start_filter_text.py": {"shared.core", "shared.setting_texts", "pydantic"},
    "shared/pem.py": set(),
    "shared/setting_texts.py": set(),
    "shared/core": {"shared.core", "croniter", "tzlocal"},
    "client": {"client", "shared.api", "shared.core", "shared.foreign", "pydantic", "requests", "urllib3", "yaml"},
    "sandbox": {"sandbox", "shared", "azure.functions", "azure.data.tables", "requests", "croniter"}
    | {"aiohttp", "multidict", "hypothesis", "cryptography", "jwt", "trustme"},
    "trials": {"trials", "sandbox", "shared", "azure.core", "azure.data.tables", "requests", "aiohttp", "hypothesis"},
    "shared/keep_alive.py": {"urllib3"},
    "shared/log.py": {"shared.foreign"},
    "shared/foreign.py": set(),
    "shared/threads.py": set(),
    "shared/turns.py": {"shared.threads"},
    "shared/version.py": set(),
    "shared/__init__.py": set(),
}
# What a kind of tests, or of trials, knows beside itself.
SHARED = {
    "tests": {"tests.conftest", "tests.functions", "tests.tables", "tests.browser", "tests.gate", "tests.package"}
    | {"tests.commands", "tests.compiled", "tests.documents", "tests.recipes", "tests.saying"},
    "trials": {"trials.callers", "trials.say", "trials.site"},
}
# Their subject is a trial: the books that it keeps, the names that people type, its parts in short.
ABOUT_TRIALS = {
    "tests/unit/test_faults_accounting.py",
    "tests/unit/test_faults_audit.py",
    "tests/unit/test_faults_lives.py",
    "tests/unit/test_documents.py",
    "tests/timing/test_tick_faults.py",
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


# Whom each file of requirements serves, with all of ours that they import.
REQUIREMENTS = {"requirements.txt": ("function_app.py", "shared"), "client/requirements.txt": ("client",)}
OTHER_NAMES = {"yaml": "pyyaml"}


def reached(rooms: Collection[str]) -> set[Path]:
    found: set[Path] = set()
    waiting = [file for room in rooms for file in files(room)]
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += [place for module in imports(file) for place in sources(module)]
    return found


def sources(module: str) -> list[Path]:
    """Return the file of a module of ours, or of that in which a name stands."""
    names = (module, module.rpartition(".")[0])
    return [file for name in names if (file := ROOT / f"{name.replace('.', '/')}.py").is_file()]


def distributions(requirements: Path) -> set[str]:
    """Return what a file of requirements names itself: what another library brings may go with its next version."""
    lines = (line.partition("#")[0].strip() for line in requirements.read_text(encoding="utf-8").splitlines())
    return {re.split(r"[\[<>=!~;]", line)[0].strip().lower() for line in lines if line and not line.startswith("-")}


def is_named(module: str, named: Collection[str]) -> bool:
    """Tell whether a library of a module's name is among those: azure.data.tables is of azure-data-tables."""
    top, *rest = module.replace("_", "-").lower().split(".")
    parts = [OTHER_NAMES.get(top, top), *rest]
    return any("-".join(parts[:length]) in named for length in range(1, len(parts) + 1))


@pytest.mark.parametrize("requirements", REQUIREMENTS)
def test_what_is_imported_is_named_in_the_requirements(requirements: str) -> None:
    named, ours = distributions(ROOT / requirements), {*sys.stdlib_module_names, "shared", "client"}
    unnamed = {
        f"{file.relative_to(ROOT)} imports {module}"
        for file in reached(REQUIREMENTS[requirements])
        for module in imports(file)
        if module.partition(".")[0] not in ours and not is_named(module, named)
    }

    assert unnamed == set()


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


KINDS = [file.parent.relative_to(ROOT).as_posix() for room in SHARED for file in (ROOT / room).glob("*/__init__.py")]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_tests_and_trials_of_one_kind_know_those_of_no_other(kind: str) -> None:
    room = kind.partition("/")[0]
    known = {kind.replace("/", "."), *SHARED[room]}
    strange = {
        f"{file.relative_to(ROOT)} imports {module}"
        for file in files(kind)
        for module in imports(file)
        if module.startswith(f"{room}.") and not is_in(module, known)
    }

    assert strange == set()


def test_no_test_knows_a_trial_but_those_about_one() -> None:
    knowing = {
        file.relative_to(ROOT).as_posix()
        for file in files("tests")
        if any(is_in(module, {"trials"}) for module in imports(file))
    }

    assert knowing == ABOUT_TRIALS

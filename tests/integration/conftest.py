"""The QRS room on its own, against the stand-in; the storage room on its own, against the emulator."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace

import pytest

from sandbox.access import access_to
from sandbox.azurite import Azurite
from sandbox.stand_in import StandIn
from shared.qrs.access import Access
from shared.qrs.connection import Connection
from shared.qrs.tasks import TaskService
from tests.tables import Store, open_store

OpenTasks = Callable[..., TaskService]

# Minutes of waiting for storage that is away; last, it would wait alone.
FIRST = "test_storage_hiccups.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name != FIRST)


@pytest.fixture
def access(sense: StandIn) -> Access:
    """The way into the stand-in by certificate."""
    return access_to(sense)


@pytest.fixture
def open_tasks(access: Access) -> Iterator[OpenTasks]:
    """Open the tasks of a site, by default the stand-in's; arguments change the way in."""
    with ExitStack() as stack:

        def opened(**changes: object) -> TaskService:
            changed = replace(access, **changes)  # type: ignore[arg-type]
            pool = stack.enter_context(ThreadPoolExecutor(changed.max_connections))
            return TaskService(Connection(changed), pool)

        yield opened


@pytest.fixture(scope="module")
def opened(azurite: Azurite) -> Iterator[Store]:
    with open_store(azurite.connection) as opened:
        yield opened


@pytest.fixture
def store(opened: Store) -> Store:
    """Footman's table, reached straight and through storage that fails on demand; empty."""
    opened.empty()
    return opened

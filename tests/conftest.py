"""The sandbox for tests: a stand-in for Sense, and Footman in the local Functions host, each a process of its own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from tests.sandbox.local_host import LocalHost, start_local_host
from tests.sandbox.run import sense_settings
from tests.sandbox.stand_in import StandIn, start_stand_in

ROOT = Path(__file__).parents[1]

StartFootman = Callable[[dict[str, str]], LocalHost]


@pytest.fixture(scope="session")
def stand_in() -> Iterator[StandIn]:
    with start_stand_in() as running:
        yield running


@pytest.fixture
def sense(stand_in: StandIn) -> StandIn:
    """The stand-in as new."""
    stand_in.reset()
    return stand_in


@pytest.fixture(scope="session")
def start_footman(stand_in: StandIn) -> Iterator[StartFootman]:
    """Start Footman with settings on top of those that reach the stand-in; runs until the end of the tests."""
    with ExitStack() as stack:

        def start(settings: dict[str, str]) -> LocalHost:
            return stack.enter_context(start_local_host(ROOT, sense_settings(stand_in) | settings))

        yield start


@pytest.fixture(scope="session")
def footman(start_footman: StartFootman) -> LocalHost:
    return start_footman({})


@pytest.fixture(scope="session")
def http() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session

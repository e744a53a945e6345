"""The real worker library, holding the app that stands at the top of this repository."""

import asyncio
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sandbox.azurite import Azurite
from sandbox.run import sense_settings
from sandbox.stand_in import StandIn
from tests.worker import messages

ROOT = Path(__file__).parents[2]

# The library keeps one app a process, and exists for these versions only.
collect_ignore_glob = [] if sys.version_info >= (3, 13) else ["test_*.py"]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What an invocation gave back; no body is None."""

    status: int
    content_type: str | None
    body: Any


@dataclass(frozen=True, kw_only=True)
class Worker:
    """The worker with the app indexed; `functions` as it reports them to the host, `bindings` by function name."""

    functions: list[Any]
    bindings: dict[str, list[dict[str, Any]]]

    def http(
        self, function: str, method: str, url: str, *, route: dict[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        asked = messages.http_invocation(self._id(function), method, url, route or {}, body)
        http = _answered(asked).return_value.http
        content = json.loads(http.body.bytes or b"null")
        return Answer(status=int(http.status_code), content_type=http.headers.get("Content-Type"), body=content)

    def timer(self, function: str, last: datetime, due: datetime) -> None:
        """Let a timer fire that is due and fired at `last` before."""
        assert _answered(messages.timer_invocation(self._id(function), last, due)).return_value is None

    def _id(self, function: str) -> Any:
        return next(known.function_id for known in self.functions if known.name == function)


def _answered(asked: Any) -> Any:
    import azure_functions_runtime as runtime  # noqa: PLC0415 - not there on older Pythons

    answer = asyncio.run(runtime.invocation_request(asked))
    assert answer.result.status == messages.protos.StatusResult.Success, answer.result.exception
    return answer


@pytest.fixture(scope="session")
def azurite(emulator: tuple[Azurite, Iterator[int]]) -> Azurite:
    """Storage of the one app that this process can hold, whatever the file of tests."""
    running, _ = emulator
    return running


@pytest.fixture(scope="session")
def worker(running_stand_in: StandIn, azurite: Azurite) -> Iterator[Worker]:
    import azure_functions_runtime as runtime  # noqa: PLC0415 - not there on older Pythons

    with pytest.MonkeyPatch.context() as environment:
        for name, value in {**sense_settings(running_stand_in), "STORAGE_CONNECTION": azurite.connection}.items():
            environment.setenv(name, value)
        runtime.start_threadpool_executor()
        begun = asyncio.run(runtime.worker_init_request(messages.init_request(str(ROOT))))
        assert begun.result.status == messages.protos.StatusResult.Success, begun.result.exception
        told = asyncio.run(runtime.functions_metadata_request(messages.metadata_request(str(ROOT))))
        functions = told.function_metadata_results
        bindings = {known.name: [json.loads(raw) for raw in known.raw_bindings] for known in functions}
        yield Worker(functions=functions, bindings=bindings)
        runtime.stop_threadpool_executor()

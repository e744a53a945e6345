"""Callers who send the next HTTP request as soon as they have an answer, and record how long each took."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import requests

TIMEOUT_SECONDS = 60
MOST_SHOWN = 200


@dataclass(frozen=True, kw_only=True)
class Called:
    """A call, the seconds until its answer, and a problem if the answer was not the promised one."""

    kind: str
    seconds: float
    problem: str = ""


Verdict = Callable[[Any], bool]


class Caller:
    """Calls over a connection of its own, one call at a time."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http = requests.Session()
        # Ignore a proxy in the environment.
        self._http.trust_env = False
        self.called: list[Called] = []

    def ask(self, kind: str, method: str, path: str, body: object = None, *, status: int, is_right: Verdict) -> Any:
        """Return the JSON of the answer, or None if it was wrong: then the call counts as an error."""
        begun = time.perf_counter()
        try:
            answer = self._http.request(method, f"{self._url}{path}", json=body, timeout=TIMEOUT_SECONDS)
            seconds = time.perf_counter() - begun
            content, problem = _judged(answer, status, is_right)
        except requests.RequestException as error:
            content, problem, seconds = None, f"{type(error).__name__}: {error}", time.perf_counter() - begun
        self.called.append(Called(kind=kind, seconds=seconds, problem=problem and f"{method} {path}: {problem}"))
        return content

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


@dataclass(frozen=True, kw_only=True)
class Latencies:
    """How many calls of a kind there were, how many were errors, and how long they took, in seconds."""

    count: int
    errors: int
    p50: float
    p95: float
    p99: float
    longest: float


def latencies(called: Sequence[Called]) -> Latencies:
    """Return the latencies of these calls."""
    seconds = sorted(each.seconds for each in called)
    return Latencies(
        count=len(called),
        errors=sum(bool(each.problem) for each in called),
        p50=_percentile(seconds, 50),
        p95=_percentile(seconds, 95),
        p99=_percentile(seconds, 99),
        longest=seconds[-1],
    )


def _percentile(ordered: Sequence[float], percent: int) -> float:
    """Return the smallest of the values that so many per cent do not exceed."""
    return ordered[-(-len(ordered) * percent // 100) - 1]


def _judged(answer: requests.Response, status: int, is_right: Verdict) -> tuple[Any, str]:
    if answer.status_code != status:
        return None, f"{answer.status_code} {answer.text[:MOST_SHOWN]}"
    content = answer.json() if answer.content else None
    try:
        if is_right(content):
            return content, ""
    except (LookupError, TypeError):
        pass  # it lacks what the check looks at
    return None, f"a wrong answer: {answer.text[:MOST_SHOWN]}"

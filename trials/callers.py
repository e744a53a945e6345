"""Callers who ask over HTTP as fast as they are answered, and keep what each call took."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import requests

PATIENCE_SECONDS = 60
MOST_SHOWN = 200


@dataclass(frozen=True, kw_only=True)
class Called:
    """A call and the seconds until its answer was there; a problem when it was not the answer that was promised."""

    kind: str
    seconds: float
    problem: str = ""


Verdict = Callable[[Any], bool]


class Caller:
    """One who calls over a connection of its own, one call at a time."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http = requests.Session()
        # A proxy in the environment must not come between.
        self._http.trust_env = False
        self.called: list[Called] = []

    def ask(self, kind: str, method: str, path: str, body: object = None, *, status: int, is_right: Verdict) -> Any:
        """Return what was answered, None where it was not what is right: then the call counts as an error."""
        begun = time.perf_counter()
        try:
            answer = self._http.request(method, f"{self._url}{path}", json=body, timeout=PATIENCE_SECONDS)
            seconds = time.perf_counter() - begun
            told, problem = _judged(answer, status, is_right)
        except requests.RequestException as error:
            told, problem, seconds = None, f"{type(error).__name__}: {error}", time.perf_counter() - begun
        self.called.append(Called(kind=kind, seconds=seconds, problem=problem and f"{method} {path}: {problem}"))
        return told

    def close(self) -> None:
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
    """Return the least of the values that so many per cent do not exceed."""
    return ordered[-(-len(ordered) * percent // 100) - 1]


def _judged(answer: requests.Response, status: int, is_right: Verdict) -> tuple[Any, str]:
    if answer.status_code != status:
        return None, f"{answer.status_code} {answer.text[:MOST_SHOWN]}"
    told = answer.json() if answer.content else None
    try:
        if is_right(told):
            return told, ""
    except (LookupError, TypeError):
        pass  # it lacks what it is judged by
    return None, f"a wrong answer: {answer.text[:MOST_SHOWN]}"

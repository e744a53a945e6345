"""How long a start request takes, compared with the unavoidable round trips: one look-up, one start."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import requests

from sandbox.azurite import start_azurite
from sandbox.local_host import start_local_host
from sandbox.run import sense_settings
from sandbox.stand_in import StandIn, start_stand_in

ROOT = Path(__file__).parents[2]
HEAD = f"{'':18} {'median':>9} {'floor':>8} {'ratio':>6} {'limit':>6} {'look-ups':>9} {'starts':>7} {'handshakes':>11}"
LATENCY_MS = 20
ROUNDS = 15
IDS = [f"be9c0000-0000-4000-8000-{number:012d}" for number in range(200)]
TASKS = [
    {"id": task_id, "name": f"Bench {task_id[-3:]}", "enabled": True, "taskType": 0, "tags": [{"name": "bench"}]}
    for task_id in IDS
]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A request, how many tasks it starts, and its highest allowed ratio to the floor."""

    name: str
    items: list[dict[str, Any]]
    starts: int
    limit: float | None


CASES = [
    Case(name="1 task by id", items=[{"type": "starttaskid", "payload": {"taskId": IDS[0]}}], starts=1, limit=1.25),
    Case(
        name="50 tasks by id",
        items=[{"type": "starttaskid", "payload": {"taskId": task_id}} for task_id in IDS[:50]],
        starts=50,
        limit=3.5,
    ),
    Case(
        name="200 tasks by tag", items=[{"type": "starttasktag", "payload": {"tag": "bench"}}], starts=200, limit=None
    ),
]


def main() -> int:
    """Measure all cases, print a table and return the exit code."""
    with (
        start_stand_in(latency=LATENCY_MS) as sense,
        start_azurite() as azurite,  # for the record of each request
        start_local_host(
            ROOT,
            sense_settings(sense) | {"STORAGE_CONNECTION": azurite.connection},
            arguments=["--no-timers"],
        ) as footman,
        requests.Session() as http,
    ):
        sense.tasks(TASKS)
        url = f"{footman.url}/v4/reloadtask/-/start"
        print(f"Stand-in at {LATENCY_MS} ms a call over mutual TLS; medians of {ROUNDS} requests over HTTP.\n")
        print(HEAD)
        ratios = []
        for case in CASES:
            request = partial(_request, http, url, case)
            request()
            ratios.append(_measure(case, request, sense))
        stats = sense.stats()
    print(f"\nOpen connections at most {stats['maxOpenConnections']}, one of them the bench's own.")
    print("The floor is the bare round trip twice: a start can't be sent before its task was looked up.")
    return 1 if any(case.limit and ratio > case.limit for case, ratio in zip(CASES, ratios, strict=True)) else 0


def _request(http: requests.Session, url: str, case: Case) -> None:
    answer = http.put(url, json=case.items, timeout=60)
    content = answer.json()
    assert len(content["tasksId"]["started"]) + len(content["tasksTag"]) == case.starts, answer.text


def _measure(case: Case, request: Callable[[], None], sense: StandIn) -> float:
    """Print one row and return its ratio; floor and request alternate, so that a busy moment hits both."""
    floors, times = [], []
    sense.forget_log()
    before = sense.stats()["handshakes"]
    with requests.Session() as bare:
        bare.trust_env = False
        call = _bare_call(bare, sense)
        _seconds([call])
        own = sense.stats()["handshakes"] - before
        for _ in range(ROUNDS):
            floors.append(_seconds([call, call]))
            times.append(_seconds([request]))
    calls = [entry["path"] for entry in sense.log() if not entry["path"].endswith("/about")]
    look_ups = sum("full" in path for path in calls) / ROUNDS
    handshakes = sense.stats()["handshakes"] - before - own
    ratio, limit = median(times) / median(floors), f"{case.limit:.2f}" if case.limit else "-"
    print(
        f"{case.name:18} {median(times) * 1000:6.1f} ms {median(floors) * 1000:5.1f} ms {ratio:6.2f} {limit:>6} "
        f"{look_ups:9.0f} {len(calls) / ROUNDS - look_ups:7.0f} {handshakes:11}"
    )
    return ratio


def _bare_call(bare: requests.Session, sense: StandIn) -> Callable[[], None]:
    """Return the cheapest possible call: `about`, over a connection that is open already."""
    folder, key = sense.certificates, "0123456789abcdef"
    bare.cert = (str(folder / "client.pem"), str(folder / "client_key.pem"))
    bare.verify = str(folder / "root.pem")
    bare.headers.update({"X-Qlik-Xrfkey": key, "X-Qlik-User": "UserDirectory=INTERNAL; UserId=sa_repository"})

    def call() -> None:
        bare.get(f"{sense.https}/about?xrfkey={key}", timeout=30).raise_for_status()

    return call


def _seconds(calls: Sequence[Callable[[], None]]) -> float:
    begun = time.perf_counter()
    for call in calls:
        call()
    return time.perf_counter() - begun

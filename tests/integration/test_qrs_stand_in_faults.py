import gc
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from sandbox import certificates
from sandbox.stand_in import GOOD_HEADERS, XSRF_KEY, StandIn, start_stand_in

APP0 = "c447f882-71e2-5352-b1fe-4b73f8a8fbf9"
APP1 = "c6d86a12-bd1c-5e5c-b5c7-914f09a2b88a"
START = f"/task/{APP0}/start/synchronous"
ROOT = Path(certificates.__file__).parents[1]


@pytest.fixture(scope="module", name="running")
def _running() -> Iterator[StandIn]:
    with start_stand_in() as running:
        yield running


@pytest.fixture(name="qrs")
def _qrs(running: StandIn) -> StandIn:
    running.session.close()
    # an answer or error of the test before that nobody has collected keeps its connection open
    gc.collect()
    running.reset()
    return running


def get_with_client_certificate(qrs: StandIn, path: str) -> requests.Response:
    folder = qrs.certificates
    return requests.get(
        f"{qrs.https}{path}?xrfkey={XSRF_KEY}",
        headers=GOOD_HEADERS,
        cert=(str(folder / "client.pem"), str(folder / "client_key.pem")),
        verify=str(folder / "root.pem"),
        timeout=5,
    )


def test_refuse_closes_the_ports_and_what_is_open_until_it_is_removed(qrs: StandIn) -> None:
    assert qrs.ask("GET", "/about").status_code == 200
    qrs.fault("refuse")

    wait_until_open(qrs, 0)
    for _ in range(2):
        with pytest.raises(requests.ConnectionError, match=r"refused|reset|aborted|actively"):
            qrs.ask("GET", "/about")
    with pytest.raises(requests.ConnectionError):
        get_with_client_certificate(qrs, "/about")
    qrs.no_faults()
    assert qrs.ask("GET", "/about").status_code == 200
    assert get_with_client_certificate(qrs, "/about").status_code == 200


def test_reset_cuts_the_connection_and_nothing_is_started(qrs: StandIn) -> None:
    qrs.fault("reset", method="POST", count=1)

    with pytest.raises(requests.ConnectionError):
        qrs.ask("POST", START)
    assert (qrs.starts(), qrs.log()[0]["status"]) == ([], None)
    assert qrs.ask("POST", START).status_code == 201


def test_reset_after_cuts_the_connection_when_the_task_was_started(qrs: StandIn) -> None:
    qrs.fault("resetAfter", path=f"{APP0.upper()}/START", count=1)

    with pytest.raises(requests.ConnectionError):
        qrs.ask("POST", START)
    assert [begun["taskId"] for begun in qrs.starts()] == [APP0]


def test_hang_never_answers_and_ends_when_the_client_leaves(qrs: StandIn) -> None:
    qrs.fault("hang", count=1)

    with pytest.raises(requests.ReadTimeout):
        requests.post(f"{qrs.http}{START}?xrfkey={XSRF_KEY}", headers=GOOD_HEADERS, timeout=0.3)
    assert (qrs.starts(), qrs.log()[0]["status"]) == ([], None)
    wait_until_open(qrs, 0)


def test_delay_answers_late_but_starts_at_once(qrs: StandIn) -> None:
    qrs.fault("delay", delayMs=400, count=1)
    begun = time.monotonic()

    waiting = threading.Thread(target=qrs.ask, args=("POST", START))
    waiting.start()
    while not (started := qrs.starts()) and time.monotonic() < begun + 0.3:
        time.sleep(0.02)
    assert len(started) == 1
    assert waiting.is_alive()
    waiting.join()
    assert time.monotonic() - begun >= 0.4


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_status_answers_in_the_place_of_qrs(qrs: StandIn, status: int) -> None:
    qrs.fault("status", status=status, body="Too many requests")

    answer = qrs.ask("POST", START)

    assert (answer.status_code, answer.text) == (status, "Too many requests")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert (qrs.starts(), qrs.log()[0]["status"]) == ([], status)


def test_html_is_a_login_page_with_200(qrs: StandIn) -> None:
    qrs.fault("html")

    answer = qrs.ask("POST", START)

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert answer.text.startswith("<!DOCTYPE html>")
    assert qrs.starts() == []


def test_truncate_sends_half_of_the_answer(qrs: StandIn) -> None:
    whole = qrs.ask("GET", "/about")
    qrs.fault("truncate")

    with pytest.raises(requests.exceptions.ChunkedEncodingError, match=f"{len(whole.content) // 2} bytes read"):
        qrs.ask("GET", "/about")


@pytest.mark.parametrize(
    ("about", "statuses"),
    [
        ({"count": 2}, [503, 503, 200, 200]),
        ({"method": "get"}, [503, 503, 503, 503]),
        ({"method": "POST"}, [200, 200, 200, 200]),
        ({"path": "/QRS/About"}, [503, 503, 503, 503]),
        ({"path": "/task"}, [200, 200, 200, 200]),
    ],
)
def test_a_fault_hits_what_it_names_as_often_as_it_says(
    qrs: StandIn, about: dict[str, object], statuses: list[int]
) -> None:
    qrs.fault("status", **about)

    assert [qrs.ask("GET", "/about").status_code for _ in range(4)] == statuses
    qrs.no_faults()
    assert qrs.ask("GET", "/about").status_code == 200


@pytest.mark.parametrize(
    ("kind", "about", "message"),
    [
        ("explode", {}, "kind is one of"),
        ("status", {"status": "503"}, "status is"),
        ("status", {"often": 1}, "often"),
    ],
)
def test_it_refuses_a_fault_it_does_not_know(qrs: StandIn, kind: str, about: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        qrs.fault(kind, **about)


@pytest.mark.parametrize(
    ("changes", "message"), [({"latency": 5}, "no such setting: latency"), ({"slots": "4"}, "slots is int")]
)
def test_it_refuses_a_setting_it_does_not_know(qrs: StandIn, changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        qrs.settings(**changes)


def test_latency_delays_each_answer_but_not_the_others(qrs: StandIn) -> None:
    qrs.settings(latencyMs=200)
    begun = time.monotonic()

    askers = [threading.Thread(target=ask_alone, args=(qrs,)) for _ in range(8)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()

    assert 0.2 <= time.monotonic() - begun < 0.8
    assert [entry["status"] for entry in qrs.log()] == [200] * 8


def test_the_log_tells_what_was_asked(qrs: StandIn) -> None:
    qrs.ask("GET", "/Task/full", filter=f"id eq {APP0}")
    qrs.ask("POST", f"/task/{APP0}/start")

    read, begun = qrs.log()
    assert {name: read[name] for name in ("listener", "method", "path", "filter", "status", "user")} == {
        "listener": "http",
        "method": "GET",
        "path": "/qrs/Task/full",
        "filter": f"id eq {APP0}",
        "status": 200,
        "user": "INTERNAL\\sa_repository",
    }
    assert (begun["status"], begun["filter"], begun["connection"]) == (204, None, read["connection"])
    assert qrs.starts()[0]["connection"] == begun["connection"]
    assert read["at"] < begun["at"]
    qrs.forget_log()
    assert qrs.log() == []


def test_stats_count_connections_and_handshakes(qrs: StandIn) -> None:
    wait_until_open(qrs, 0)
    qrs.reset()
    with requests.Session() as first, requests.Session() as second:
        for session in (first, second, first):
            session.get(f"{qrs.http}/about", timeout=5)
        get_with_client_certificate(qrs, "/about")
        wait_until_open(qrs, 2)

        assert qrs.stats() == {
            "requests": 4,
            "connections": 3,
            "handshakes": 1,
            "openConnections": 2,
            "maxOpenConnections": 3,
        }
    wait_until_open(qrs, 0)


def test_reset_puts_everything_back(qrs: StandIn) -> None:
    qrs.tasks([{"id": APP1, "name": "only"}])
    qrs.settings(latency_ms=1, bare_guid=True)
    qrs.fault("status")
    qrs.ask("POST", f"/task/{APP1}/start")
    qrs.no_faults()
    assert len(qrs.ask("GET", "/task").json()) == 1
    assert qrs.ask("POST", f"/task/{APP1}/start").status_code == 204

    qrs.reset()

    assert (qrs.log(), qrs.starts(), qrs.stats()["requests"]) == ([], [], 0)
    assert qrs.settings()["bareGuid"] is False
    assert len(qrs.ask("GET", "/task").json()) == 20
    assert qrs.ask("GET", "/executionresult").json() == []


def test_the_process_ends_when_its_input_ends(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sandbox.qrs", "--exit-with-parent", "--certificates", str(tmp_path)]
    with started(command, stdin=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"{")
        assert process.communicate(timeout=10) == (b"", b"")
        assert process.returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process without telling it")
def test_the_process_ends_quietly_when_told_to(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sandbox.qrs", "--certificates", str(tmp_path)]
    with started(command) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.terminate()
        assert process.communicate(timeout=10) == (b"", b"")
        assert process.returncode == 0


def started(command: list[str], stdin: int | None = None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, cwd=ROOT, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def ask_alone(qrs: StandIn) -> None:
    requests.get(f"{qrs.http}/about?xrfkey={XSRF_KEY}", headers=GOOD_HEADERS, timeout=5)


def wait_until_open(qrs: StandIn, connections: int) -> None:
    deadline = time.monotonic() + 5
    while (are_open := qrs.stats()["openConnections"]) != connections:
        assert time.monotonic() < deadline, f"{are_open} connections are open"
        time.sleep(0.02)

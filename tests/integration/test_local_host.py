import http.client
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.local_host import LocalHost, start_local_host

APP = """
import json, logging, os, threading, time
import azure.functions as func

print("printed while it is imported")
app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
calls = []

@app.route("echo/{id?}", methods=["GET", "POST"])
def echo(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    logging.info("a record of the app")
    answer = {
        "method": req.method, "url": req.url, "params": dict(req.params), "route_params": dict(req.route_params),
        "headers": dict(req.headers), "body": req.get_body().decode(), "name": context.function_name,
        "id": context.invocation_id, "folder": context.function_directory, "parent": context.trace_context.trace_parent,
        "thread": threading.current_thread() is not threading.main_thread(),
    }
    return func.HttpResponse(json.dumps(answer), mimetype="application/json", headers={"X-One": "1"})

@app.route("alone")
async def alone(req: func.HttpRequest) -> str:
    return f"main thread: {threading.current_thread() is threading.main_thread()}"

@app.route("gone", methods=["DELETE"])
def gone(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(status_code=204)

@app.route("bug")
def bug(req: func.HttpRequest) -> func.HttpResponse:
    raise LookupError("nothing here")

@app.route("nothing")
def nothing(req: func.HttpRequest):
    return None

@app.route("settings/{name}", auth_level=func.AuthLevel.ANONYMOUS)
def settings(req: func.HttpRequest) -> str:
    return os.environ[req.route_params["name"]]

@app.route("slow")
def slow(req: func.HttpRequest) -> str:
    time.sleep(0.5)
    return "at last"

@app.route("calls")
def calls_so_far(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(json.dumps(calls))

@app.timer_trigger(arg_name="timer", schedule="%TICK%")
def tick(timer: func.TimerRequest) -> None:
    calls.append({"at": time.time(), "past_due": timer.past_due, "status": timer.schedule_status})
    time.sleep(float(os.environ.get("TICK_SECONDS", "0")))

@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *", use_monitor=False)
def talkative(timer: func.TimerRequest):
    return "a timer must not"

@app.route("{*rest}", methods=["GET"])
def z_rest(req: func.HttpRequest) -> str:
    return "the rest"
"""
YEARLY = {"TICK": "0 0 0 1 1 *"}
JUNE = "2019-06-01T00:00:00+00:00"
MISSED = {"Last": JUNE, "Next": "2020-01-01T00:00:00+00:00", "LastUpdated": JUNE}


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


def call(host: LocalHost, method: str, path: str, body: str = "", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with closing(http.client.HTTPConnection(host.url.removeprefix("http://"), timeout=20)) as connection:
        connection.request(method, path, body.encode() or None, named)
        response = connection.getresponse()
        lowered = {name.lower(): value for name, value in response.getheaders()}
        return Answer(status=response.status, headers=lowered, body=response.read())


def wait_for(condition: Callable[[], bool], seconds: float = 8.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def ticks(host: LocalHost) -> list[Any]:
    return list(json.loads(call(host, "GET", "/calls").body))


def write_app(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    texts = {"function_app.py": APP, "host.json": '{"extensions": {"http": {"routePrefix": ""}}}', **files}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHost]:
    local = '{"Values": {"ONLY_FILE": "from file", "BOTH": "from file"}}'
    app = write_app(tmp_path_factory.mktemp("app"), **{"local.settings.json": local})
    with start_local_host(app, {"BOTH": "from environment", **YEARLY}) as running:
        yield running


def test_it_announces_its_functions_in_order_whatever_the_app_prints(host: LocalHost) -> None:
    assert "printed while it is imported" in host.stderr_text()
    names = "alone bug calls_so_far echo gone nothing settings slow talkative tick z_rest"
    assert host.functions == names.split()


def test_a_handler_gets_the_request_as_the_worker_would_pass_it(host: LocalHost) -> None:
    path = "/ECHO/a%20b%2Fc?x=1&x=2&empty=&y=a+b"
    answer = call(host, "POST", path, "grüß", X_Own="Yes", traceparent="00-1-2-01", Content_Encoding="gzip")
    got = json.loads(answer.body)
    assert (answer.status, answer.headers["x-one"]) == (200, "1")
    assert answer.headers["content-type"] == "application/json"
    assert (got["method"], got["body"], got["url"]) == ("POST", "grüß", f"{host.url}{path}")
    assert (got["route_params"], got["params"]) == ({"id": "a b%2Fc"}, {"x": "1,2", "y": "a b"})
    assert (got["headers"]["x-own"], got["name"], got["parent"]) == ("Yes", "echo", "00-1-2-01")
    assert got["thread"]
    assert (Path(got["folder"]) / "function_app.py").is_file()


def test_each_log_line_of_a_call_carries_its_id(host: LocalHost) -> None:
    call_id = json.loads(call(host, "GET", "/echo").body)["id"]
    wait_for(lambda: host.stderr_text().count(call_id) == 3)
    lines = [line for line in host.stderr_text().splitlines() if call_id in line]
    assert ["Executing echo" in lines[0], "a record of the app" in lines[1], "Executed echo in" in lines[2]] == [
        True
    ] * 3


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", "/alone", 200, b"main thread: True"),
        ("HEAD", "/alone", 200, b""),
        ("DELETE", "/gone", 204, b""),
        ("POST", "/gone", 404, b""),
        ("HEAD", "/elsewhere", 404, b""),
        ("GET", "/elsewhere/x", 200, b"the rest"),
        ("GET", "/", 200, b"the rest"),
        ("GET", "//elsewhere", 404, b""),
        ("GET", "/bug", 500, b""),
        ("GET", "/nothing", 500, b""),
        ("GET", "/settings/ONLY_FILE", 200, b"from file"),
        ("GET", "/settings/BOTH", 200, b"from environment"),
        ("GET", "/admin/elsewhere", 404, b""),
        ("POST", "/admin/functions/unknown", 404, b""),
        ("POST", "/admin/functions/tick", 400, b""),
    ],
)
def test_it_answers(host: LocalHost, method: str, path: str, status: int, body: bytes) -> None:
    answer = call(host, method, path)
    assert (answer.status, answer.body) == (status, body)


def test_text_is_sent_as_text_even_when_there_is_none(host: LocalHost) -> None:
    for method, path in (("GET", "/alone"), ("DELETE", "/gone")):
        assert call(host, method, path).headers["content-type"] == "text/plain; charset=utf-8"


def test_an_exception_is_traced_on_stderr(host: LocalHost) -> None:
    call(host, "GET", "/bug")
    assert "LookupError: nothing here" in host.stderr_text()


def test_it_tells_its_state_and_functions(host: LocalHost) -> None:
    assert json.loads(call(host, "GET", "/admin/host/status").body)["state"] == "Running"
    listed = json.loads(call(host, "GET", "/admin/functions").body)
    assert [one["name"] for one in listed] == host.functions


def test_a_timer_fires_by_hand(host: LocalHost) -> None:
    answer = call(host, "POST", "/admin/functions/Tick", '{"input": ""}')
    assert (answer.status, answer.body) == (202, b"")
    wait_for(lambda: len(ticks(host)) == 1)
    tick = ticks(host)[0]
    assert (tick["past_due"], set(tick["status"])) == (False, {"Last", "Next", "LastUpdated"})


def test_a_timer_that_returns_a_value_fails(host: LocalHost) -> None:
    call(host, "POST", "/admin/functions/talkative", '{"input": ""}')
    wait_for(lambda: "talkative failed" in host.stderr_text())
    assert "without a $return binding" in host.stderr_text()


def test_a_body_may_be_large(host: LocalHost) -> None:
    assert json.loads(call(host, "POST", "/echo", "x" * 2_000_000).body)["body"] == "x" * 2_000_000


def ask_twice_at_once(host: LocalHost) -> list[int]:
    with ThreadPoolExecutor() as askers:
        return sorted(askers.map(lambda _: call(host, "GET", "/slow").status, range(2)))


def test_a_request_beyond_the_limit_of_host_json_is_turned_away(tmp_path: Path) -> None:
    limits = {"extensions": {"http": {"routePrefix": "", "maxOutstandingRequests": 1}}, "functionTimeout": "00:00:00"}
    with start_local_host(write_app(tmp_path, **{"host.json": json.dumps(limits)}), YEARLY) as host:
        assert ask_twice_at_once(host) == [200, 429]
        assert "slow exceeds functionTimeout" in host.stderr_text()


def test_handlers_share_as_many_threads_as_the_setting_says(tmp_path: Path) -> None:
    with start_local_host(write_app(tmp_path), {"PYTHON_THREADPOOL_THREAD_COUNT": "1", **YEARLY}) as host:
        began = time.monotonic()
        assert ask_twice_at_once(host) == [200, 200]
        assert time.monotonic() - began >= 1


def test_a_key_is_asked_for_where_one_is_given(tmp_path: Path) -> None:
    app = write_app(tmp_path, **{"host.json": "{}"})
    asked = [
        ("/api/alone", {}, 401),
        ("/api/alone", {"x_functions_key": "k"}, 200),
        ("/api/alone?code=k", {}, 200),
        ("/api/alone?code=k", {"x_functions_key": "wrong"}, 401),
        ("/api/settings/TICK", {}, 200),
        ("/admin/host/status", {}, 401),
        ("/admin/host/status", {"x_functions_key": "k"}, 200),
        ("/alone", {"x_functions_key": "k"}, 404),
    ]
    with start_local_host(app, YEARLY, arguments=["--key", "k"]) as host:
        assert [call(host, "GET", path, **headers).status for path, headers, _ in asked] == [one[2] for one in asked]


@pytest.mark.parametrize(("run_seconds", "gap"), [("0", 1.0), ("1.5", 1.5)])
def test_a_timer_fires_every_second_but_never_while_it_runs(tmp_path: Path, run_seconds: str, gap: float) -> None:
    with start_local_host(write_app(tmp_path), {"TICK": "* * * * * *", "TICK_SECONDS": run_seconds}) as host:
        wait_for(lambda: len(ticks(host)) >= 2)
        first, second, *_ = ticks(host)
    assert second["at"] - first["at"] == pytest.approx(gap, abs=0.35)
    assert not (tmp_path / ".local").exists()


def test_a_missed_run_is_made_good_once_and_recorded_after_it(tmp_path: Path) -> None:
    state = tmp_path / "state" / "tick.json"
    state.parent.mkdir()
    state.write_text(json.dumps(MISSED))
    app, arguments = write_app(tmp_path / "app"), ["--state", str(state.parent)]
    with start_local_host(app, {"TICK_SECONDS": "60", **YEARLY}, arguments=arguments) as host:
        wait_for(lambda: len(ticks(host)) == 1)
        host.kill()
    assert json.loads(state.read_text()) == MISSED
    with start_local_host(app, YEARLY, arguments=arguments) as host:
        wait_for(lambda: json.loads(state.read_text()) != MISSED)
        assert [(tick["past_due"], tick["status"]) for tick in ticks(host)] == [(True, MISSED)]
    with start_local_host(app, YEARLY, arguments=arguments) as host:
        assert ticks(host) == []


def test_without_timers_nothing_fires_by_itself(tmp_path: Path) -> None:
    with start_local_host(write_app(tmp_path), {"TICK": "* * * * * *"}, arguments=["--no-timers"]) as host:
        time.sleep(1.1)
        assert ticks(host) == []


def end_by_signal(host: LocalHost) -> None:
    os.kill(host.pid, signal.SIGTERM)


ON_POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process at once")


@pytest.mark.parametrize("end", [LocalHost.stop, pytest.param(end_by_signal, marks=ON_POSIX)])
def test_a_running_call_is_finished_before_it_ends(tmp_path: Path, end: Callable[[LocalHost], object]) -> None:
    answers: list[Answer] = []
    with start_local_host(write_app(tmp_path), YEARLY) as host:
        asking = threading.Thread(target=lambda: answers.append(call(host, "GET", "/slow")))
        asking.start()
        wait_for(lambda: "Executing slow" in host.stderr_text())
        end(host)
        asking.join()
        assert host.stop() == 0
    assert [answer.body for answer in answers] == [b"at last"]
    assert "Traceback" not in host.stderr_text()

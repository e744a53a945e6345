"""`dev.py run`: one command, everything served, kept alive and taken down again."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
import requests
from azure.data.tables import TableServiceClient

from sandbox.azurite import free_ports
from sandbox.run_file import only_run

ROOT = Path(__file__).parents[2]
APP1 = "c6d86a12-bd1c-5e5c-b5c7-914f09a2b88a"
TASKS = {task["id"]: task["name"] for task in json.loads((ROOT / "sandbox/qrs/tasks.json").read_text("utf-8"))}
Value = TypeVar("Value")

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Ctrl-C can't be sent to one process alone on Windows")


@pytest.fixture(autouse=True)
def _no_storage_is_left() -> Iterator[None]:
    before = left()
    yield
    for path in left() - before:
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def left() -> set[Path]:
    return {path for name in ("storage-*", "timers-*", "run-*.lock") for path in (ROOT / ".local").glob(name)}


@contextmanager
def running(file: Path, *options: str, **settings: str) -> Iterator[dict[str, Any]]:
    """Run it, give what it wrote of itself for other programs, and end it with Ctrl-C."""
    own = file.with_name(f"{file.stem}-{options[1]}.json")
    command = [sys.executable, "-m", "sandbox.run", "--run-file", str(file), *options]
    environment = os.environ | settings
    # A group of its own, as a terminal gives; Ctrl-C there goes to every member of it.
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            yield within(60, lambda: json.loads(own.read_text()) if own.exists() else None)
        finally:
            os.killpg(process.pid, signal.SIGINT)
            last_resort = threading.Timer(30, process.kill)
            last_resort.start()
            said, _ = process.communicate()
            last_resort.cancel()
    assert process.returncode == 0
    assert said.split()[0] == f"http://127.0.0.1:{options[1]}/documentation"
    assert f'curl -X PUT "http://127.0.0.1:{options[1]}/v4/reloadtask/' in said
    assert [f"{task_id}  {name}" in said for task_id, name in TASKS.items()] == ["QRS_URL" not in settings] * 20
    assert not own.exists()


def within(seconds: float, look: Callable[[], Value | None]) -> Value:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (found := look()) is not None:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def pong(url: str) -> int | None:
    try:
        return requests.get(f"{url}/v4/butlerping", timeout=1).status_code
    except requests.ConnectionError:
        return None


def run_to_its_end(port: int, folder: Path, *options: str, **settings: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sandbox.run", "--port", str(port), "--run-file", str(folder / "run.json")]
    return subprocess.run(
        [*command, *options],
        cwd=ROOT,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_serves_and_ends_all_it_started(tmp_path: Path) -> None:
    [port] = free_ports(1)
    # On a console that lacks letters of a tag, too.
    with running(tmp_path / "run.json", "--port", str(port), "--fresh", PYTHONIOENCODING="ascii") as told:
        answer = requests.put(f"{told['url']}/v4/reloadtask/{APP1}/start", timeout=30)

        assert set(told) == {"url", "storageConnection", "qrsUrl", "processes"}
        assert answer.json()["tasksId"]["started"] == [{"taskId": APP1, "taskName": "Reload task of App1"}]
        assert all(is_alive(pid) for pid in told["processes"].values())
        assert json.loads((tmp_path / "run.json").read_text()) == told
    assert not any(is_alive(pid) for pid in told["processes"].values())
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_lets_a_running_request_have_its_answer(tmp_path: Path) -> None:
    [port] = free_ports(1)
    with ThreadPoolExecutor(1) as thread:
        with running(tmp_path / "run.json", "--port", str(port), "--fresh", "--qrs-latency", "700") as told:
            url = f"{told['url']}/v4/reloadtask/{APP1}/start"
            answer = thread.submit(requests.put, url, timeout=30)
            time.sleep(0.9)
        assert answer.result().json()["tasksId"]["started"] == [{"taskId": APP1, "taskName": "Reload task of App1"}]


def test_a_host_that_dies_serves_again_within_two_seconds(tmp_path: Path) -> None:
    [port] = free_ports(1)
    file = tmp_path / "run.json"
    with running(file, "--port", str(port), "--fresh") as told:
        before = told["processes"]
        os.kill(before["host"], signal.SIGKILL)
        died = time.monotonic()
        within(2, lambda: None if json.loads(file.read_text())["processes"]["host"] == before["host"] else True)
        within(2, lambda: pong(told["url"]))

        after = json.loads(file.read_text())["processes"]
        assert time.monotonic() - died < 2.5
        assert (after["azurite"], after["qrs"]) == (before["azurite"], before["qrs"])
        assert is_alive(before["azurite"])
        assert is_alive(before["qrs"])


def test_a_second_run_works_beside_it_on_the_same_storage(tmp_path: Path) -> None:
    one, two = free_ports(2)
    with running(tmp_path / "1.json", "--port", str(one), "--fresh") as first:
        shared = {"STORAGE_CONNECTION": first["storageConnection"], "QRS_URL": "http://127.0.0.1:1/qrs"}
        with running(tmp_path / "2.json", "--port", str(two), **shared) as second:
            assert second["storageConnection"] == first["storageConnection"]
            assert second["qrsUrl"] == "http://127.0.0.1:1/qrs"
            assert (second["processes"]["azurite"], second["processes"]["qrs"]) == (None, None)
            assert requests.put(f"{second['url']}/v4/reloadtask/{APP1}/start", timeout=30).status_code == 503
        assert pong(first["url"]) == 200


def test_the_file_tells_of_the_first_run_that_is_alive(tmp_path: Path) -> None:
    ports = free_ports(3)
    file = tmp_path / "run.json"
    file.write_text(json.dumps({"url": f"http://127.0.0.1:{ports[2]}"}))  # of a run that was killed
    first, second, third = (run_elsewhere(file, port) for port in ports)
    with ExitStack() as later:
        with first as told:
            with second:
                assert json.loads(file.read_text()) == told
            assert json.loads(file.read_text()) == told
            heir = later.enter_context(third)
            assert json.loads(file.read_text()) == told
        assert json.loads(file.read_text()) == heir
    assert not file.exists()


def run_elsewhere(file: Path, port: int) -> AbstractContextManager[dict[str, Any]]:
    """Run it alone, with storage and Sense that somebody else has."""
    elsewhere = {"STORAGE_CONNECTION": "UseDevelopmentStorage=true", "QRS_URL": "http://127.0.0.1:1/qrs"}
    return running(file, "--port", str(port), **elsewhere)


def test_a_port_has_one_run_even_while_its_host_is_away(tmp_path: Path) -> None:
    [port] = free_ports(1)
    with only_run(port):
        storage = ROOT / ".local" / f"storage-{port}"
        storage.mkdir()
        (storage / "kept").touch()
        ended = run_to_its_end(port, tmp_path, "--fresh")

        assert (ended.returncode, len(ended.stderr.strip().splitlines())) == (1, 1)
        assert f"Another run has port {port} and the storage of that port" in ended.stderr
        assert (storage / "kept").exists()


def test_storage_lasts_until_a_fresh_start(tmp_path: Path) -> None:
    [port] = free_ports(1)
    tables = []
    for options in (["--fresh"], [], ["--fresh"]):
        nowhere = {"QRS_URL": "http://127.0.0.1:1/qrs"}
        with running(tmp_path / "run.json", "--port", str(port), *options, **nowhere) as told, ExitStack() as stack:
            service = stack.enter_context(TableServiceClient.from_connection_string(told["storageConnection"]))
            tables.append([table.name for table in service.list_tables()])
            service.create_table_if_not_exists("kept")

    assert tables == [[], ["kept"], []]


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({}, "Port {port} can't be used"),
        ({"QRS_URL": "sense"}, "QRS_URL ('sense'): an http(s) address is needed"),
        ({"QRS_TIMEOUT_SECONDS": "soon"}, "QRS_TIMEOUT_SECONDS ('soon')"),
    ],
)
def test_what_hinders_it_is_one_clear_line(settings: dict[str, str], line: str, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = free_ports(1)[0] if settings else taken.getsockname()[1]
        ended = run_to_its_end(port, tmp_path, **settings)

    assert ended.returncode == 1
    assert len(ended.stderr.strip().splitlines()) == 1
    assert line.format(port=port) in ended.stderr


def test_a_broken_settings_file_is_one_clear_line(tmp_path: Path) -> None:
    for folder in ("shared", "sandbox"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "local.settings.json").write_text('{"Values": {"QRS_URL": "x",}}')
    ended = subprocess.run(
        [sys.executable, "-m", "sandbox.run", "--port", str(free_ports(1)[0])],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 1
    assert re.fullmatch(r"\n.*local\.settings\.json, line 1, column \d+: .*\n", ended.stderr)

"""What travels to Sense: who asks, how often, over how many connections."""

import re
import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from sandbox import certificates
from sandbox.stand_in import StandIn
from shared.core.errors import QrsDenied, QrsMisplaced, QrsTimedOut, QrsUnreachable
from shared.core.tasks import Found, Property, TaskQuery
from tests.integration.conftest import OpenTasks

APP1 = "c6d86a12-bd1c-5e5c-b5c7-914f09a2b88a"
ANY = TaskQuery(task_ids=(APP1,))


def some_ids(count: int) -> tuple[str, ...]:
    return tuple(f"00000000-0000-4000-8000-{number:012d}" for number in range(count))


def a_closed_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_a_task_comes_with_its_tags_and_properties(open_tasks: OpenTasks) -> None:
    [task] = open_tasks().find(ANY).by_id

    assert (task.id, task.name, task.enabled) == (APP1, "Reload task of App1", True)
    assert task.tags == {"tag 1"}
    assert task.properties == {Property(name="taskGroup", value="group1"), Property(name="cadence", value="daily")}


def test_ids_tags_and_properties_are_looked_up_together(sense: StandIn, open_tasks: OpenTasks) -> None:
    what = TaskQuery(task_ids=(APP1,), tags=("tag 1",), properties=(Property(name="taskGroup", value="group2"),))
    found = open_tasks().find(what)

    assert (len(found.by_id), len(found.by_tag), len(found.by_property)) == (1, 4, 6)
    assert len(sense.log()) == 3


def test_nothing_found_is_no_error(open_tasks: OpenTasks) -> None:
    assert open_tasks().find(TaskQuery(task_ids=some_ids(1), tags=("no such tag",))) == Found()


@pytest.mark.parametrize(("ids", "queries"), [(1, 1), (40, 1), (41, 2), (50, 2), (200, 5)])
def test_forty_ids_are_one_query(ids: int, queries: int, sense: StandIn, open_tasks: OpenTasks) -> None:
    open_tasks().find(TaskQuery(task_ids=some_ids(ids)))

    assert len(sense.log()) == queries


def test_the_user_goes_encoded_into_the_header(sense: StandIn, open_tasks: OpenTasks) -> None:
    open_tasks(user_directory="LAB 1", user_id="gösta;x").find(ANY)

    assert [call["user"] for call in sense.log()] == ["LAB 1\\gösta;x"]


def test_many_starts_share_few_connections_and_a_handshake_each(sense: StandIn, open_tasks: OpenTasks) -> None:
    ids = some_ids(100)
    sense.tasks([{"id": task_id, "name": "A", "enabled": True, "taskType": 0} for task_id in ids])
    tasks = open_tasks(max_connections=4)
    with ThreadPoolExecutor(32) as threads:
        executions = list(threads.map(tasks.start, ids))

    stats = sense.stats()
    assert len(set(executions)) == 100
    assert stats["requests"] == 100
    assert stats["connections"] <= 4
    assert stats["handshakes"] <= 4


def test_a_connection_that_sense_closed_is_opened_anew(sense: StandIn, open_tasks: OpenTasks) -> None:
    tasks = open_tasks()
    tasks.find(ANY)
    sense.fault("refuse")
    sense.no_faults()

    assert tasks.start(APP1)


def test_a_connection_given_up_leaves_its_place_to_another(sense: StandIn, open_tasks: OpenTasks) -> None:
    sense.fault("status", status=102, count=1)

    assert open_tasks(max_connections=1).find(ANY).by_id
    assert len(sense.log()) == 2


@pytest.mark.parametrize("verb", ["find", "start"])
def test_the_next_address_is_tried_when_no_connection_is_made(verb: str, sense: StandIn, open_tasks: OpenTasks) -> None:
    dead = f"https://127.0.0.1:{a_closed_port()}/qrs"
    tasks = open_tasks(base_urls=(dead, sense.https))

    assert tasks.find(ANY).by_id if verb == "find" else tasks.start(APP1)
    assert len(sense.log()) == 1


def test_a_look_up_goes_on_at_the_next_address_when_one_hangs(sense: StandIn, open_tasks: OpenTasks) -> None:
    sense.fault("hang", count=1)
    tasks = open_tasks(base_urls=(sense.https, sense.http))

    assert tasks.find(ANY).by_id
    assert [call["listener"] for call in sense.log()][-1] == "http"


def test_a_start_is_never_sent_to_a_second_address_once_it_was_sent(sense: StandIn, open_tasks: OpenTasks) -> None:
    sense.fault("hang", count=1)
    tasks = open_tasks(base_urls=(sense.https, sense.http))

    with pytest.raises(QrsTimedOut, match="outcome unknown"):
        tasks.start(APP1)
    assert len(sense.log()) == 1


def test_all_addresses_dead_is_unreachable(open_tasks: OpenTasks) -> None:
    dead = tuple(f"https://127.0.0.1:{a_closed_port()}/qrs" for _ in range(2))

    with pytest.raises(QrsUnreachable, match=re.escape(urlsplit(dead[1]).netloc)):
        open_tasks(base_urls=dead).start(APP1)


def test_an_unknown_name_is_told_as_such(open_tasks: OpenTasks) -> None:
    with pytest.raises(QrsUnreachable, match="the name is unknown"):
        open_tasks(base_urls=("https://sense.invalid:4242/qrs",)).find(ANY)


class TestVirtualProxy:
    def test_a_token_stands_for_certificate_and_user(self, sense: StandIn, open_tasks: OpenTasks) -> None:
        token = certificates.bearer_token(sense.certificates)
        tasks = open_tasks(base_urls=(sense.proxy,), jwt=token)

        assert tasks.find(ANY).by_id
        assert tasks.start(APP1)

    def test_an_expired_token_is_told_as_such(self, sense: StandIn, open_tasks: OpenTasks) -> None:
        token = certificates.bearer_token(sense.certificates, exp=1)

        with pytest.raises(QrsDenied, match="the token has expired"):
            open_tasks(base_urls=(sense.proxy,), jwt=token).find(ANY)

    def test_many_callers_at_once_share_one_session(self, sense: StandIn, open_tasks: OpenTasks) -> None:
        # A site refuses the sixth session of a user in five minutes.
        ids = some_ids(100)
        sense.tasks([{"id": task_id, "name": "A", "enabled": True, "taskType": 0} for task_id in ids])
        tasks = open_tasks(base_urls=(sense.proxy,), jwt=certificates.bearer_token(sense.certificates))
        with ThreadPoolExecutor(16) as threads:
            executions = list(threads.map(tasks.start, ids))

        assert len(set(executions)) == 100

    def test_many_callers_whose_session_ends_share_the_next_one(self, sense: StandIn, open_tasks: OpenTasks) -> None:
        ids = some_ids(120)
        sense.tasks([{"id": task_id, "name": "A", "enabled": True, "taskType": 0} for task_id in ids])
        tasks = open_tasks(base_urls=(sense.proxy,), jwt=certificates.bearer_token(sense.certificates))
        with ThreadPoolExecutor(16) as threads:
            executions: list[str] = []
            for some in (ids[:40], ids[40:80], ids[80:]):
                executions += threads.map(tasks.start, some)
                sense.forget_sessions()

        assert len(set(executions)) == 120

    def test_a_prefix_that_is_none_is_told_as_such(self, sense: StandIn, open_tasks: OpenTasks) -> None:
        token = certificates.bearer_token(sense.certificates)
        wrong = sense.proxy.replace("/jwt/", "/other/")

        with pytest.raises(QrsMisplaced, match=r"a web page .* Check port, virtual proxy prefix"):
            open_tasks(base_urls=(wrong,), jwt=token).find(ANY)

"""Find the endpoint of a method and path, and check the rights for it."""

import re
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import unquote

from sandbox.qrs import lists, starting
from sandbox.qrs.answers import Answer, json_answer, refused
from sandbox.qrs.asked import Call, ReceivedRequest
from sandbox.qrs.checks import rights_of
from sandbox.qrs.state import Site

Endpoint = Callable[[Call], Answer]

_GUID = re.compile(r"(?<=/)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?=/|$)")
_ABOUT = json_answer(
    {
        "buildVersion": "30.4.0.0",
        "buildDate": "10/8/2021 12:43:37 PM",
        "databaseProvider": "Devart.Data.PostgreSql",
        "nodeType": 1,
        "sharedPersistence": True,
        "requiresBootstrap": False,
        "singleNodeOnly": False,
        "schemaPath": "About",
    }
)

# there is no GET /task/{id} and no GET /task/count, as in QRS
_ROUTES: dict[tuple[str, str], Endpoint] = {
    ("GET", "/qrs/about"): lambda _call: _ABOUT,
    ("GET", "/qrs/task"): lists.condensed(lists.tasks),
    ("GET", "/qrs/task/full"): lists.full(lists.tasks),
    ("POST", "/qrs/task/table"): lists.table(lists.tasks),
    ("GET", "/qrs/reloadtask"): lists.condensed(lists.reload_tasks),
    ("GET", "/qrs/reloadtask/full"): lists.full(lists.reload_tasks),
    ("GET", "/qrs/reloadtask/count"): lists.count(lists.reload_tasks),
    ("POST", "/qrs/reloadtask/table"): lists.table(lists.reload_tasks),
    ("GET", "/qrs/reloadtask/{id}"): lists.one(lists.reload_tasks),
    ("GET", "/qrs/executionsession"): lists.condensed(lists.sessions),
    ("GET", "/qrs/executionsession/full"): lists.full(lists.sessions),
    ("GET", "/qrs/executionsession/count"): lists.count(lists.sessions),
    ("GET", "/qrs/executionsession/{id}"): lists.one(lists.sessions),
    ("GET", "/qrs/executionresult"): lists.condensed(lists.results),
    ("GET", "/qrs/executionresult/full"): lists.full(lists.results),
    ("GET", "/qrs/executionresult/count"): lists.count(lists.results),
    ("GET", "/qrs/executionresult/{id}"): lists.one(lists.results),
    ("POST", "/qrs/task/{id}/start"): starting.start,
    ("POST", "/qrs/task/{id}/start/synchronous"): starting.start_synchronous,
    ("POST", "/qrs/task/start"): starting.start_by_name,
    ("POST", "/qrs/task/start/synchronous"): starting.start_by_name_synchronous,
    ("POST", "/qrs/task/start/many"): starting.start_many,
    ("POST", "/qrs/task/{id}/stop"): starting.stop,
}


def respond(site: Site, received: ReceivedRequest, path: str, user: str) -> Answer:
    """Answer the request of a known user: find the endpoint, check rights, call it."""
    endpoint, found_id = _locate(received.method, path)
    rights = rights_of(user, site.settings)
    received.query.check()
    return endpoint(
        Call(
            site=site,
            query=received.query,
            body=received.body,
            id=found_id,
            sees=rights != "none",
            may_start=rights == "all",
            connection=received.connection,
            now=received.now,
        )
    )


def _locate(method: str, path: str) -> tuple[Endpoint, str]:
    found = _find(method, path)
    if found is None:
        raise refused(404, "No matching endpoint found")
    return found


@lru_cache(maxsize=8192)
def _find(method: str, path: str) -> tuple[Endpoint, str] | None:
    plain = unquote(path).lower()
    guid = _GUID.search(plain)
    endpoint = _ROUTES.get((method, _GUID.sub("{id}", plain)))
    return None if endpoint is None else (endpoint, guid[0] if guid else "")

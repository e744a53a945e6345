"""A path with a slip in it is told which route was meant; another idea is not."""

import pytest

from shared.api.documentation.page import PAGE
from shared.api.edge.nearest import nearest
from shared.api.routes import ROUTES as DESCRIBED

ROUTES = ["v4/openapi.json", *(route.path for route in (*DESCRIBED, *PAGE))]
ID = "c6d86a12-bd1c-5e5c-b5c7-914f09a2b88a"


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/v4/schedule", "/v4/schedules"),
        ("/schedules", "/v4/schedules"),
        ("/api/v4/schedules", "/v4/schedules"),
        ("/v4/v4/schedules", "/v4/schedules"),
        ("/V4/Schedule", "/v4/schedules"),
        ("/v3/schedules", "/v4/schedules"),
        (f"/schedules/{ID}", "/v4/schedules/{id}"),
        (f"/v4/schedule/{ID}/start", "/v4/schedules/{id}/start"),
        (f"/v4/schedules/{ID}/strat", "/v4/schedules/{id}/start"),
        (f"/v4/schedules/{ID}/start/now", "/v4/schedules/{id}/start"),
        (f"/v4/schedules/{ID}/histroy", "/v4/schedules/{id}/history"),
        (f"/v4/schedules/{ID}/pause", "/v4/schedules/{id}"),
        ("/v4/schedule/startall", "/v4/schedules/startall"),
        ("/v4/schedules/status/all", "/v4/schedules/status"),
        (f"/v4/reloadtasks/{ID}/start", "/v4/reloadtask/{taskId}/start"),
        (f"/v4/reloadTasks/{ID}/START", "/v4/reloadtask/{taskId}/start"),
        (f"/reloadtask/{ID}/start", "/v4/reloadtask/{taskId}/start"),
        (f"/v4/reloadtask/{ID}", "/v4/reloadtask/{taskId}/start"),
        ("/v4/reloadtask", "/v4/reloadtask/{taskId}/start"),
        ("/v4/keyvalue/ns", "/v4/keyvalues/{namespace}"),
        ("/v4/keyvalues", "/v4/keyvalues/{namespace}"),
        ("/v4/keylists/ns", "/v4/keylist/{namespace}"),
        ("/v4/keyvaluenamespaces", "/v4/keyvaluesnamespaces"),
        ("/butlerping", "/v4/butlerping"),
        ("/v4/butlerping/x", "/v4/butlerping"),
        ("/v4/documentation", "/documentation"),
        ("/openapi.json", "/v4/openapi.json"),
        ("/healthz", "/v4/health"),
        ("/", None),
        ("/v4", None),
        ("/nowhere", None),
        ("/favicon.ico", None),
        ("/robots.txt", None),
        ("/wp-login.php", None),
        ("/v4/tasks", None),
        ("/v4/x", None),
        ("/v4/schedules/a/b/c/d/e/f/g", None),
        ("/schedules/" + "x" * 300, None),
        ("/" + "schedules/" * 10, None),
    ],
)
def test_it_names_what_was_meant(path: str, meant: str | None) -> None:
    assert nearest(path, ROUTES) == meant


@pytest.mark.parametrize("path", ROUTES)
def test_every_route_is_nearest_to_itself(path: str) -> None:
    assert nearest(f"/{path}", ROUTES) == f"/{path}"


def test_without_routes_none_is_near() -> None:
    assert nearest("/v4/schedules", []) is None

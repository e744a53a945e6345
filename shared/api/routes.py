"""List every route, in the order in which they are tried: the first one that matches answers.

Azure's host has a fixed order of its own: it tries functions in the order of their names, compared in upper case,
whatever their paths are (FunctionMetadataManager of azure-functions-host sorts them, and WebScriptHostHttpRoutesManager
takes the first match). So where two paths match one address, the names of their functions must be in the order of this
list; tests/contract/test_routes.py checks that. Choose the name of a new route accordingly. Don't change an existing
one: metrics, queries and settings such as AzureWebJobs.tick.Disabled use it.
"""

import azure.functions as func

from shared.api.documentation import page
from shared.api.edge import unknown_path
from shared.api.edge.calls import Route, blueprint
from shared.api.key_values import pairs
from shared.api.schedules import many, one, preview
from shared.api.service import audit, health, ping, tick
from shared.api.start_task import start

ROUTES = (
    Route("start_task", "v4/reloadtask/{taskId}/start", {"PUT": start.START, "POST": start.START}),
    # With a slash at the end, the id of a schedule is missing.
    Route("schedules", "v4/schedules", {"GET": many.LIST, "POST": many.CREATE}, ends_with_name=True),
    Route("schedule_start_all", "v4/schedules/startall", {"PUT": many.START_ALL}),
    Route("schedule_stop_all", "v4/schedules/stopall", {"PUT": many.STOP_ALL}),
    Route("schedule_status", "v4/schedules/status", {"GET": many.STATUS}),
    Route("schedule_preview", "v4/schedules/preview", {"GET": preview.PREVIEW}),
    Route("schedule_deleted", "v4/schedules/deleted", {"GET": many.DELETED}),
    Route("schedule_with_id", "v4/schedules/{id}", {"GET": one.READ, "PUT": one.REPLACE, "DELETE": one.DELETE}),
    Route("schedule_start", "v4/schedules/{id}/start", {"PUT": one.START}),
    Route("schedule_stop", "v4/schedules/{id}/stop", {"PUT": one.STOP}),
    Route("schedule_restore", "v4/schedules/{id}/restore", {"PUT": one.RESTORE}),
    Route("schedule_history", "v4/schedules/{id}/history", {"GET": one.HISTORY}),
    Route("key_namespaces", "v4/keyvaluesnamespaces", {"GET": pairs.LIST_NAMESPACES}),
    Route("key_list", "v4/keylist/{namespace}", {"GET": pairs.LIST_KEYS}),
    Route(
        "key_values",
        "v4/keyvalues/{namespace}",
        {"GET": pairs.READ, "POST": pairs.STORE, "DELETE": pairs.DELETE_NAMESPACE},
    ),
    Route(
        "key_exists",
        "v4/keyvalues/{namespace}/keyexists",
        {"GET": pairs.EXISTS, "DELETE": pairs.DELETE_KEY_NAMED_KEYEXISTS},
        ends_with_name=True,
    ),
    Route("key_value", "v4/keyvalues/{namespace}/{key}", {"DELETE": pairs.DELETE}),
    Route("health", "v4/health", {"GET": health.HEALTH}, is_open=True),
    Route("audit", "v4/audit", {"GET": audit.AUDIT}),
    Route("health_details", "v4/checks", {"GET": health.DETAILS}),
    Route("tick_now", "v4/tick", {"POST": tick.TICK}),
    Route("ping", "v4/butlerping", {"GET": ping.PING}),
)
LAST = "zzz_unknown_path"


def blueprints(*, asks_for_key: bool, are_answers_current: bool) -> tuple[func.Blueprint, func.Blueprint]:
    """Return the functions of all routes, including the contract and the page, and the one for any other path."""
    routes = (*ROUTES, *page.routes(ROUTES, asks_for_key=asks_for_key, are_answers_current=are_answers_current))
    return blueprint(routes), unknown_path.for_paths_other_than(routes, name=LAST)

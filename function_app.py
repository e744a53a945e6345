"""The composition root: one FunctionApp, and each resource's blueprint registered on it."""

import os

import azure.functions as func

from shared.api.documentation import page
from shared.api.edge import unknown_path
from shared.api.key_values import pairs
from shared.api.schedules import all as schedules
from shared.api.schedules import one as schedule
from shared.api.schedules import preview
from shared.api.service import health, ping
from shared.api.start_task import start
from shared.settings import are_answers_current, auth_level
from shared.timers import daily, tick

level = auth_level(os.environ)
app = func.FunctionApp(http_auth_level=level)

resources = (
    start.blueprint,
    schedules.blueprint,
    schedule.blueprint,
    preview.blueprint,
    pairs.blueprint,
    health.blueprint,
    ping.blueprint,
)
for resource in resources:
    app.register_functions(resource)
pages = page.describing(
    resources, asks_for_key=level != "ANONYMOUS", are_answers_current=are_answers_current(os.environ)
)
app.register_functions(pages)
app.register_functions(unknown_path.beside((*resources, pages)))
app.register_functions(tick.blueprint)
app.register_functions(daily.blueprint)

"""The composition root: one FunctionApp, and each resource's blueprint registered on it."""

import os

import azure.functions as func

from shared.api import health, key_values, ping, schedule, schedule_preview, schedules, start_task, unknown_path
from shared.settings import auth_level
from shared.timers import daily, tick

app = func.FunctionApp(http_auth_level=auth_level(os.environ))

app.register_functions(start_task.blueprint)
app.register_functions(schedules.blueprint)
app.register_functions(schedule.blueprint)
app.register_functions(schedule_preview.blueprint)
app.register_functions(key_values.blueprint)
app.register_functions(health.blueprint)
app.register_functions(ping.blueprint)
app.register_functions(unknown_path.blueprint)
app.register_functions(tick.blueprint)
app.register_functions(daily.blueprint)

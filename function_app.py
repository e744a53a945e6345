"""The composition root: one FunctionApp, with the routes and the timers registered on it."""

import os

import azure.functions as func

from shared.api import routes
from shared.settings import are_answers_current, auth_level
from shared.timers import daily, tick

level = auth_level(os.environ)
app = func.FunctionApp(http_auth_level=level)

http = routes.blueprints(asks_for_key=level != "ANONYMOUS", are_answers_current=are_answers_current(os.environ))
for blueprint in (*http, tick.blueprint, daily.blueprint):
    app.register_functions(blueprint)

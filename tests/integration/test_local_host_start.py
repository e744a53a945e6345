import socket
from pathlib import Path

import pytest

from sandbox.local_host import LocalHostFailedError, start_local_host

APP = """
import azure.functions as func
app = func.FunctionApp()
"""
ROUTE = """
@app.route("{route}")
def {name}(req: func.HttpRequest{more}) -> str: return ""
"""
TIMER = """
@app.timer_trigger(arg_name="timer", schedule="%TICK%")
def tick(timer: func.TimerRequest) -> None: ...
"""


def a_function(name: str = "x", route: str = "x", more: str = "") -> str:
    return ROUTE.format(name=name, route=route, more=more)


def refusal(app: Path, port: int = 0) -> LocalHostFailedError:
    with pytest.raises(LocalHostFailedError) as failed:
        start_local_host(app, {}, port=port)
    return failed.value


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("import no_such_thing", "function_app.py cannot be imported: ModuleNotFoundError: No module"),
        ("del app", "function_app.py: Could not find top level function app instances"),
        ("again = app", "function_app.py: More than one FunctionApp or other"),
        (a_function() * 2, "function_app.py: Function x does not have a unique function name"),
        (a_function(more=", ctx: func.Context"), "function x: the following parameters are declared in Python but not"),
        (a_function(route="x{y}"), "function x: 'x{y}': a segment is either text or one {parameter}"),
        (a_function(route="Admin/x"), "function x: route 'Admin/x' conflicts with a route of the host"),
        (a_function() + a_function("y", "X"), "function y: route 'X' conflicts with the route defined by function x"),
        (TIMER, "function tick: '%TICK%': there is no setting TICK"),
        (
            TIMER.replace("%TICK%", "* * * * *"),
            "function tick: '* * * * *' is not an NCRONTAB expression of six fields",
        ),
    ],
)
def test_it_says_in_one_line_what_is_wrong_with_the_app(tmp_path: Path, code: str, line: str) -> None:
    (tmp_path / "function_app.py").write_text(APP + code)
    refused = refusal(tmp_path)
    assert refused.exit_code == 2
    assert refused.stderr_text.splitlines()[-1].startswith(f"Cannot start: {line}")
    assert ("Traceback" in refused.stderr_text) is ("cannot be imported" in line)


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("host.json", '{"a": 1,\n  b}', ", line 2, column 3: "),
        ("host.json", "[]", ": must hold a JSON object"),
        ("host.json", '{"functionTimeout": "5 min"}', ": functionTimeout must be hh:mm:ss or -1, got '5 min'"),
        ("host.json", '{"extensions": {"http": {"routePrefix": 1}}}', ": routePrefix must be str, got 1"),
        ("local.settings.json", "{", ", line 1, column 2: "),
        ("local.settings.json", '{"Values": []}', ": Values must be dict, got []"),
        ("local.settings.json", '{"Values": {"A": true}}', ": Values.A must be text, got true: write it in quotes"),
    ],
)
def test_it_names_file_and_place_of_a_wrong_setting(tmp_path: Path, name: str, text: str, place: str) -> None:
    (tmp_path / "function_app.py").write_text(APP)
    (tmp_path / name).write_text(text)
    refused = refusal(tmp_path)
    assert refused.exit_code == 2
    assert refused.stderr_text.startswith(f"Cannot start: {tmp_path / name}{place}")
    assert refused.stderr_text.count("\n") == 1


def test_a_folder_without_an_app_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path).stderr_text.splitlines() == [f"Cannot start: {tmp_path}: there is no function_app.py"]


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    (tmp_path / "function_app.py").write_text(APP + a_function())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = refusal(tmp_path, port)
    assert refused.exit_code == 2
    assert refused.stderr_text.startswith(f"Cannot start: port {port} on 127.0.0.1 cannot be used: ")
    assert refused.stderr_text.count("\n") == 1

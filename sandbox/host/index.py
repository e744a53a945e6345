"""Find an app's functions as the Python worker does."""

import importlib
import inspect
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType

import azure.functions as func

from sandbox.host.errors import CannotStartError
from sandbox.host.functions import Function, HttpTrigger, TimerTrigger
from sandbox.host.routes import name_order

RESERVED = ("admin", "runtime")


def index_app(app: Path) -> list[Function]:
    """Import function_app.py and return its functions in the host's order; lets ImportError and others pass."""
    if not (app / "function_app.py").is_file():
        raise CannotStartError(f"{app}: there is no function_app.py")
    # First in the path, because this process itself starts in a folder with a function_app.py.
    sys.path.insert(0, str(app))
    register = _find_register(importlib.import_module("function_app"))
    try:
        # Only once: a second call would find every name taken.
        functions = [_read_function(built) for built in register.get_functions()]
    except ValueError as error:
        raise CannotStartError(f"function_app.py: {error}") from error
    functions.sort(key=lambda function: name_order(function.name))
    _refuse_conflicts([(one.name, one.trigger) for one in functions if isinstance(one.trigger, HttpTrigger)])
    return functions


def _find_register(module: ModuleType) -> func.FunctionRegister:
    registers = [value for value in vars(module).values() if isinstance(value, func.FunctionRegister)]
    if not registers:
        raise CannotStartError("function_app.py: Could not find top level function app instances")
    if len(registers) > 1:
        kind = type(registers[0]).__name__
        raise CannotStartError(
            f"function_app.py: More than one {kind} or other top level function app instances are defined. "
            "A second name for the same app counts too."
        )
    return registers[0]


def _read_function(built: func.Function) -> Function:
    name = str(built.get_function_name())
    handler = built.get_user_function()
    bindings = tuple(json.loads(binding) for binding in built.get_raw_bindings())
    inputs = [binding for binding in bindings if binding["name"] != "$return"]
    _refuse_unknown_bindings(name, inputs)
    parameters = set(inspect.signature(handler).parameters)
    _refuse_wrong_parameters(name, parameters - {"context"}, {str(inputs[0]["name"])})
    return Function(
        name=name,
        handler=handler,
        trigger=_read_trigger(inputs[0]),
        parameter=str(inputs[0]["name"]),
        wants_context="context" in parameters,
        directory=Path(inspect.getfile(handler)).parent,
        bindings=bindings,
    )


def _read_trigger(binding: dict[str, object]) -> HttpTrigger | TimerTrigger:
    if binding["type"] == "timerTrigger":
        return TimerTrigger(
            schedule=str(binding["schedule"]),
            use_monitor=binding.get("useMonitor") is not False,
            run_on_startup=binding.get("runOnStartup") is True,
        )
    methods = binding.get("methods")
    return HttpTrigger(
        route=str(binding["route"]),
        methods=frozenset(str(method).upper() for method in methods) if isinstance(methods, list) else frozenset(),
        auth_level=str(binding.get("authLevel") or "function").lower(),
    )


def _refuse_unknown_bindings(name: str, inputs: Sequence[dict[str, object]]) -> None:
    unknown = [str(binding["type"]) for binding in inputs if binding["type"] not in {"httpTrigger", "timerTrigger"}]
    if unknown:
        raise CannotStartError(f"function {name}: this host does not know the binding {', '.join(unknown)}")


def _refuse_wrong_parameters(name: str, parameters: set[str], bound: set[str]) -> None:
    if parameters - bound:
        raise CannotStartError(
            f"function {name}: the following parameters are declared in Python "
            f"but not in the function definition: {sorted(parameters - bound)}"
        )
    if bound - parameters:
        raise CannotStartError(
            f"function {name}: the following parameters are declared as bindings "
            f"but are not present in Python: {sorted(bound - parameters)}"
        )


def _refuse_conflicts(triggers: Sequence[tuple[str, HttpTrigger]]) -> None:
    for position, (name, trigger) in enumerate(triggers):
        route = trigger.route.strip("/").lower()
        if route.startswith(RESERVED):
            raise CannotStartError(f"function {name}: route '{trigger.route}' conflicts with a route of the host")
        rival = _rival(trigger, route, triggers[:position])
        if rival:
            raise CannotStartError(
                f"function {name}: route '{trigger.route}' conflicts with the route defined by function {rival}"
            )


def _rival(trigger: HttpTrigger, route: str, others: Iterable[tuple[str, HttpTrigger]]) -> str | None:
    for name, other in others:
        meet = not trigger.methods or not other.methods or trigger.methods & other.methods
        if meet and other.route.strip("/").lower() == route:
            return name
    return None

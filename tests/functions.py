"""The functions of the app, as Azure would index them."""

from functools import cache

from azure.functions.decorators.function_app import Function

import function_app


@cache
def functions() -> tuple[Function, ...]:
    """Return them all; the library lists them once in a process."""
    return tuple(function_app.app.get_functions())

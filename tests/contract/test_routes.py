"""One list says in which order routes are tried; Azure's host, which goes by the names of functions, does the same."""

import re
from collections.abc import Iterator, Sequence
from itertools import product

import pytest
from azure.functions.decorators.http import HttpTrigger

from sandbox.host.routes import Route, RouteTable
from shared.api.documentation.page import PAGE
from shared.api.routes import LAST, ROUTES
from tests.functions import functions

LISTED = [
    *((route.name, route.path) for route in ROUTES),
    ("openapi", "v4/openapi.json"),
    *((route.name, route.path) for route in PAGE),
    (LAST, "{*path}"),
]
PARAMETER = re.compile(r"\{[^}]*\}")


def addresses(listed: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yield the addresses of every route, with each word of a route in the place of each parameter."""
    words = {part for _, path in listed for part in path.split("/") if not PARAMETER.fullmatch(part)} | {"x", ""}
    for _, path in listed:
        literals = PARAMETER.split(path)
        for given in product(sorted(words), repeat=len(literals) - 1):
            between = zip(literals, [*given, ""], strict=True)
            yield "/" + "".join(literal + word for literal, word in between)


def answered_by_another(listed: Sequence[tuple[str, str]]) -> set[str]:
    """Return the addresses to which the host gives another function than the first of the list that fits."""
    routes = [Route.parse(name, path) for name, path in listed]
    by_names = RouteTable(routes)
    found = set()
    for address in addresses(listed):
        first = next((route.function for route in routes if route.values(address) is not None), None)
        match = by_names.match("GET", address)
        if first != (match and match.function):
            found.add(address)
    return found


def test_the_host_gives_every_address_to_the_first_route_of_the_list_that_fits() -> None:
    assert answered_by_another(LISTED) == set()


@pytest.mark.parametrize(
    ("name", "other", "address"),
    [
        ("schedule_with_id", "schedule_one", "/v4/schedules/preview"),
        ("key_exists", "key_with_name", "/v4/keyvalues/x/keyexists"),
        (LAST, "any_path", "/v4/schedules/startall"),
    ],
)
def test_a_name_out_of_the_order_of_the_list_is_noticed(name: str, other: str, address: str) -> None:
    named = [(other if each == name else each, path) for each, path in LISTED]

    assert address in answered_by_another(named)


def test_the_app_registers_the_list_in_its_order() -> None:
    triggers = [(function.get_function_name(), function.get_trigger()) for function in functions()]

    assert [(name, told.route) for name, told in triggers if isinstance(told, HttpTrigger)] == LISTED

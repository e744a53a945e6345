"""The contract that tools read: valid, complete, with examples that are true."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests
from azure.functions.decorators.http import HttpTrigger
from openapi_spec_validator import OpenAPIV31SpecValidator

from sandbox.local_host import LocalHost
from shared.api.documentation.openapi import document
from shared.api.documentation.page import HOME
from shared.api.routes import ROUTES
from shared.core.runs import OUTCOME_WORDS
from shared.core.schedules import STATE_OF, State
from tests.functions import functions

CONTRACT = document(ROUTES, asks_for_key=True)
HERE = Path(__file__).parent


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in CONTRACT["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


OPERATIONS = dict(operations())


def current_operations() -> dict[str, dict[str, Any]]:
    contract = document(ROUTES, asks_for_key=True, are_answers_current=True)
    return {
        f"{method.upper()} {path}": operation
        for path, methods in contract["paths"].items()
        for method, operation in methods.items()
    }


def conforms(value: object, schema: dict[str, Any]) -> None:
    whole = {**schema, "components": CONTRACT["components"]}
    jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker()).validate(value)


def test_it_is_valid_openapi_3_1() -> None:
    assert CONTRACT["openapi"] == "3.1.0"
    assert list(OpenAPIV31SpecValidator(CONTRACT).iter_errors()) == []


def test_it_is_what_is_served(footman: LocalHost, http: requests.Session) -> None:
    answer = http.get(f"{footman.url}/v4/openapi.json", timeout=10)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    served = answer.json()
    assert served["paths"].pop("/v4/openapi.json")["get"]["operationId"] == "openapi_get"
    assert served == CONTRACT


def test_every_route_of_the_app_stands_in_it_but_the_page_and_the_last_catch_all() -> None:
    bindings = [binding for function in functions() for binding in function.get_bindings()]
    routes = {binding.route for binding in bindings if isinstance(binding, HttpTrigger)}

    untold = {HOME, "documentation", "documentation/{file}", "{*path}", "v4/openapi.json"}
    assert {f"/{route}" for route in routes - untold} == set(CONTRACT["paths"])


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_says_what_it_does_and_what_may_go_wrong(name: str) -> None:
    operation = OPERATIONS[name]

    assert operation["summary"]
    assert {"400", "500"} <= operation["responses"].keys()
    is_open = operation.get("security") == []
    assert ("401" in operation["responses"]) != is_open


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_example_conforms_to_what_the_operation_says(name: str) -> None:
    operation = OPERATIONS[name]
    bodies = [operation["requestBody"]] if "requestBody" in operation else []
    contents = [one["content"] for one in (*bodies, *operation["responses"].values()) if "content" in one]

    for content in contents:
        told = content["application/json"]
        examples = [told["example"]] if "example" in told else [one["value"] for one in told["examples"].values()]
        assert examples
        for example in examples:
            conforms(example, told["schema"])


def test_with_current_answers_two_calls_answer_a_list_and_nothing_else_differs() -> None:
    current = current_operations()
    listed = OPERATIONS["PUT /v4/schedules/{id}/start"]["responses"]["200"]["content"]["application/json"]["schema"]

    differ = {name for name, operation in current.items() if operation != OPERATIONS[name]}
    assert differ == {"GET /v4/schedules", "PUT /v4/schedules/{id}/stop"}
    for name in differ:
        answer = current[name]["responses"]["200"]["content"]["application/json"]
        assert answer["schema"] == listed
        conforms(answer["example"], answer["schema"])
    stopped = current["PUT /v4/schedules/{id}/stop"]["responses"]["200"]["content"]["application/json"]["example"]
    assert [each["lastKnownState"] for each in stopped] == ["stopped"]


def test_every_link_leads_to_an_operation_with_these_parameters() -> None:
    of_id = {operation["operationId"]: operation for operation in OPERATIONS.values()}
    links = [
        (name, link)
        for operation in OPERATIONS.values()
        for response in operation["responses"].values()
        for name, link in response.get("links", {}).items()
    ]

    assert links
    for name, link in links:
        assert link["operationId"] == name
        assert set(link["parameters"]) <= {one["name"] for one in of_id[name]["parameters"]}


@pytest.mark.parametrize(
    ("place", "values"),
    [
        (("ScheduleAnswer", "lastKnownState"), [state.value for state in State]),
        (("ScheduleAnswer", "startupState"), list(STATE_OF)),
        (("ScheduleBody", "startupState"), list(STATE_OF)),
        (("RunAnswer", "outcome"), list(OUTCOME_WORDS)),
    ],
    ids=" ".join,
)
def test_the_values_it_names_are_all_there_are(place: tuple[str, str], values: list[str]) -> None:
    schema, name = place

    assert CONTRACT["components"]["schemas"][schema]["properties"][name]["enum"] == values


def recorded() -> Iterator[Any]:
    """Yield what Butler answered, where the transcripts tell the whole body."""
    for file in ("start-task", "start-task-filtered", "key-values"):
        told = json.loads((HERE / f"{file}.json").read_text(encoding="utf-8"))
        for case in told["cases"] if isinstance(told, dict) else told:
            if "body" in case["response"]:
                yield pytest.param(case["request"], case["response"], id=f"{file}: {case['name']}")


@pytest.mark.parametrize(("request_", "response"), list(recorded()))
def test_what_was_recorded_of_butler_conforms(request_: dict[str, Any], response: dict[str, Any]) -> None:
    path = request_["path"].partition("?")[0]
    [operation] = [told for name, told in OPERATIONS.items() if leads_to(name, request_["method"], path)]

    told = operation["responses"][str(response["status"])]

    conforms(response["body"], told["content"]["application/json"]["schema"])


def leads_to(operation: str, method: str, path: str) -> bool:
    pattern = re.sub(r"\{[^}]*\}", "[^/]+", operation)
    return re.fullmatch(pattern, f"{method} {path}") is not None


def test_it_advises_to_send_the_key_in_the_header_alone() -> None:
    [key] = CONTRACT["components"]["securitySchemes"].values()

    assert (key["in"], key["name"]) == ("header", "x-functions-key")
    assert "code=" not in json.dumps(CONTRACT)


def test_nothing_optional_is_filled_in() -> None:
    parameters = [one for operation in OPERATIONS.values() for one in operation.get("parameters", [])]

    assert [one["name"] for one in parameters if "example" in one and not one["required"]] == []


def test_without_keys_it_asks_for_none() -> None:
    contract = document(ROUTES, asks_for_key=False)

    assert "security" not in contract
    assert "securitySchemes" not in contract["components"]
    assert not any("401" in one["responses"] for methods in contract["paths"].values() for one in methods.values())

import pytest

from sandbox.qrs.filters import FilterError, parse
from sandbox.qrs.terms import fold

SALES = "aaaaaaaa-0000-4000-8000-000000000001"
OTHER = "aaaaaaaa-0000-4000-8000-000000000002"
TASK = {
    "id": SALES,
    "name": "Reload of Sales",
    "enabled": True,
    "taskType": 0,
    "maxRetries": 3,
    "modifiedDate": "2024-01-15T10:00:00.000Z",
    "app": {"id": OTHER, "name": "Q1'25 \\ C++"},
    "stream": None,
    "tags": [{"name": "nightly"}, {"name": "åäö & more"}],
    "customProperties": [
        {"value": "Prod", "definition": {"name": "Env"}},
        {"value": "Gold", "definition": {"name": "Class"}},
    ],
    "operational": {"lastExecutionResult": {"status": 8}},
}
ROW = fold(TASK)


@pytest.mark.parametrize(
    "text",
    [
        f"id eq {SALES}",
        f"ID EQ {SALES.upper()}",
        f"id ne {OTHER}",
        f"id eq '{SALES}'",
        "name eq 'reload of sales'",
        "Name ne 'Reload'",
        "name sw 'RELOAD'",
        "name ew 'sales'",
        "name so 'd OF s'",
        "enabled eq true",
        "enabled ne False",
        "taskType eq 0",
        "taskType eq Reload",
        "maxRetries gt 2",
        "maxRetries ge 3",
        "maxRetries lt 4",
        "maxRetries le 3",
        "operational.lastExecutionResult.status eq 8",
        "operational.lastExecutionResult.status eq FinishedFail",
        "modifiedDate eq '2024-01-15T10:00:00.000Z'",
        "modifiedDate gt '2024-01-15 09:59:59'",
        "modifiedDate le '2024-01-15T12:00:00+02:00'",
        r"app.name eq 'Q1\'25 \\ C++'",
        f"app.id eq {OTHER}",
        "tags.name eq 'NIGHTLY'",
        "tags.name eq 'ÅÄÖ & more'",
        "tags.name ne 'nightly'",
        "customProperties.definition.name eq 'Env' and customProperties.value eq 'Prod'",
        "name eq 'x' or enabled eq true",
        "not name eq 'x'",
        "not (name eq 'x' and enabled eq true)",
        "((name sw 'r'))",
        "(name eq 'x' or name sw 'r')and(enabled eq true)",
        "  name   eq   'Reload of Sales'  ",
    ],
)
def test_it_matches(text: str) -> None:
    assert parse(text).matches(ROW)


@pytest.mark.parametrize(
    "text",
    [
        f"id eq {OTHER}",
        f"id ne {SALES}",
        "name eq 'reload'",
        "name ew 'reload'",
        "enabled eq false",
        "enabled eq 1",
        "maxRetries gt 3",
        "maxRetries eq '3'",
        "modifiedDate lt '2024-01-15T10:00:00.000Z'",
        "name gt '2024-01-01'",
        "tags.name eq 'night'",
        "stream.name ne 'x'",
        "nothing.here eq 'x'",
        "not enabled eq true",
    ],
)
def test_it_does_not_match(text: str) -> None:
    assert not parse(text).matches(ROW)


def test_and_binds_tighter_than_or() -> None:
    text = "enabled eq true or enabled eq true and name eq 'x'"

    assert parse(text).matches(ROW)
    assert not parse("(enabled eq true or enabled eq true) and name eq 'x'").matches(ROW)


def test_terms_over_a_list_match_any_element_each_on_its_own() -> None:
    # Env is Prod and Class is Gold; nothing has Env = Gold, and QRS says it does
    mixed_up = "customProperties.definition.name eq 'Env' and customProperties.value eq 'Gold'"

    assert parse(mixed_up).matches(ROW)


@pytest.mark.parametrize(
    "text",
    [
        "name eq 'it''s'",
        'name eq "x"',
        "name eq 'open",
        "name eq 'it's'",
        "name eq x",
        "name eq",
        "name",
        "name 'x'",
        "name is 'x'",
        "name eq 'x' name eq 'y'",
        "name eq 'x' and",
        "or name eq 'x'",
        "(name eq 'x'",
        "name eq 'x')",
        "na-me eq 'x'",
        "name gt 'x'",
        f"id gt {SALES}",
        "enabled lt true",
        "taskType sw 0",
        "(" * 5000,
        "not " * 5000,
    ],
)
def test_it_refuses_what_it_cannot_parse(text: str) -> None:
    with pytest.raises(FilterError) as refusal:
        parse(text)

    assert str(refusal.value) == f"Cannot parse the expression: {text}"


@pytest.mark.parametrize("text", ["()", "name eq 'x' and ()", "( )"])
def test_it_refuses_an_empty_group(text: str) -> None:
    with pytest.raises(FilterError, match=r"^Invalid expression$"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        (f"id eq {SALES}", {SALES}),
        (f"id eq {SALES.upper()} or (ID eq {OTHER})", {SALES, OTHER}),
    ],
)
def test_a_filter_of_ids_alone_is_looked_up(text: str, ids: set[str]) -> None:
    assert parse(text).lookup == ("id", frozenset(ids))


@pytest.mark.parametrize(
    "text",
    [
        f"id ne {SALES}",
        f"id eq {SALES} and enabled eq true",
        f"id eq {SALES} or name eq 'x'",
        f"id eq {SALES} or app.id eq {OTHER}",
        f"not id eq {SALES}",
    ],
)
def test_any_other_filter_is_not_looked_up(text: str) -> None:
    assert parse(text).lookup is None

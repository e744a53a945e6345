"""What is read of an address, and what is refused for it would be passed over."""

import azure.functions as func
import pytest

from shared.api.edge import address
from shared.core.errors import CallerError

TAKES = ("allTaskIdsMustExist", "tag")
NONE = "is no parameter of this call: it takes allTaskIdsMustExist, tag."
UNNAMED = f"A name that is not repeated here {NONE}"
AT = "https://footman.example.com/v4/schedules"
# As Azure makes them, and as people do.
SECRETS = [
    "Zm9vYmFyLXNlY3JldC1rZXktMTIzNDU2Nzg5MA==",
    "a key that only tests know",
    "x" * 25,
    "p4ss1wo2rd3",
    "kéy",
    "a@b",
]


def a_request(query: str = "", url: str = AT, **headers: str) -> func.HttpRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return func.HttpRequest("PUT", f"{url}{query}", headers=named, params={}, route_params={}, body=b"")


def refused(query: str, takes: tuple[str, ...] = TAKES) -> str:
    with pytest.raises(CallerError) as error:
        address.check(a_request(query), takes)
    return str(error.value)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?",
        "?&&",
        "?tag=nightly",
        "?t%61g=%20",
        "?tag=a%26b&allTaskIdsMustExist=true",
        "?code=KEY",
        "?Code=KEY&CLIENTID=name",
        "?code=",
        "?code&code=KEY",
        "?tag=a?b#c",
    ],
)
def test_what_the_call_or_the_host_reads_is_allowed(query: str) -> None:
    address.check(a_request(query), TAKES)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("?allTaskIdsMustExist", "allTaskIdsMustExist is empty: give it a value, or leave it out."),
        ("?allTaskIdsMustExist=", "allTaskIdsMustExist is empty: give it a value, or leave it out."),
        ("?%61llTaskIdsMustExist&", "allTaskIdsMustExist is empty: give it a value, or leave it out."),
        ("?tag=a&tag=b", "tag is given twice: it is read once."),
        ("?tag=a&tag=a", "tag is given twice: it is read once."),
        ("?tag=a&tag=", "tag is empty: give it a value, or leave it out."),
        (
            "?AllTaskIdsMustExist=true",
            f"AllTaskIdsMustExist {NONE} Write allTaskIdsMustExist: upper and lower case are told apart.",
        ),
        (
            "?tags=a",
            f"tags {NONE} Did you mean tag?",
        ),
        ("?_=17", f"_ {NONE}"),
        ("?xyz", f"xyz {NONE}"),
        (
            "?%20tag=a",
            f"{UNNAMED} Did you mean tag?",
        ),
        (
            "?=a",
            UNNAMED,
        ),
        (
            "?tag=a&amp;allTaskIdsMustExist=true",
            f"{UNNAMED} Did you mean allTaskIdsMustExist?",
        ),
    ],
)
def test_what_would_be_passed_over_is_refused_and_named(query: str, message: str) -> None:
    assert refused(query) == message


def test_a_call_that_takes_none_says_so() -> None:
    assert refused("?tag=a", ()) == "tag is no parameter of this call: it takes none."


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("query", ["?{}", "?{}=true", "?tag=a&{}=", "?tags={}", "?code={}&tags=a", "?tag={0}&tag={0}"])
def test_neither_a_value_nor_a_name_that_may_be_a_secret_is_repeated(query: str, secret: str) -> None:
    assert secret.rstrip("=") not in refused(query.format(secret))


@pytest.mark.parametrize(
    "url", ["http://[/v4/schedules", "http://a\u2100b/v4/schedules", "", "/v4/schedules", "http://h"]
)
def test_a_strange_host_changes_nothing(url: str) -> None:
    address.check(a_request("?tag=a", url), TAKES)
    address.check_parts(a_request("", url))


@pytest.mark.parametrize("path", ["/", "/a", "/a%2F", "/a/b", "/a?b=/", "/a/%20"])
def test_a_path_whose_parts_all_say_something_is_allowed(path: str) -> None:
    address.check_parts(a_request(url=f"http://localhost{path}"))


@pytest.mark.parametrize("path", ["/a/", "/a//b", "//", "/a/?b=c"])
def test_an_empty_part_is_refused(path: str) -> None:
    with pytest.raises(CallerError, match=r"^Required parameter is missing: .* has an empty part"):
        address.check_parts(a_request(url=f"http://localhost{path}"))


@pytest.mark.parametrize("header", ["X_WAWS_Unencoded_URL", "X_Original_URL"])
@pytest.mark.parametrize("path", ["/v4/keyvalues/./sales", "/v4/keyvalues/a/%2E%2e/sales", "/a/.", "/..?b=c"])
def test_what_was_folded_away_before_it_came_is_refused_where_the_platform_tells(header: str, path: str) -> None:
    with pytest.raises(CallerError, match="in a path is no name: it is folded away"):
        address.check(a_request(**{header: path}), TAKES)


@pytest.mark.parametrize(
    "path", ["/v4/schedules?tag=a/../b", "/v4/keyvalues/..%2Fa/.b/...", "https://a.example.com/", ""]
)
def test_any_other_address_that_the_platform_tells_is_allowed(path: str) -> None:
    address.check(a_request(X_Original_URL=path), TAKES)

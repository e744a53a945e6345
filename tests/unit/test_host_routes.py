import pytest

from sandbox.host.front import join_headers, join_query
from sandbox.host.route_templates import BadTemplateError
from sandbox.host.routes import Route, RouteTable, decode_path, encode_path

GUID = "0f8fad5b-d9cb-469f-a165-70867728950e"


def values(template: str, path: str) -> dict[str, str] | None:
    return Route.parse("one", template).values(path)


@pytest.mark.parametrize(
    ("template", "path", "expected"),
    [
        ("v4/schedules", "/v4/schedules", {}),
        ("v4/schedules", "/V4/Schedules", {}),
        ("v4/schedules", "/v4/schedules/", {}),
        ("v4/schedules", "/v4/schedules//", None),
        ("v4/schedules", "/v4//schedules", None),
        ("v4/schedules", "/v4", None),
        ("v4/schedules", "/v4/schedules/1", None),
        ("/v4/", "/v4", {}),
        ("", "/", {}),
        ("", "/x", None),
        ("tasks/{id}", "/tasks/7", {"id": "7"}),
        ("tasks/{id}", "/TASKS/aBc", {"id": "aBc"}),
        ("tasks/{id}", "/tasks/", None),
        ("tasks/{id}", "/tasks", None),
        ("tasks/{id}/start", "/tasks//start", None),
        ("tasks/{id}/start", "/tasks/7/start", {"id": "7"}),
        ("{a}/{b}", "/1/2", {"a": "1", "b": "2"}),
        ("tasks/{id?}", "/tasks", {}),
        ("tasks/{id?}", "/tasks/", {}),
        ("tasks/{id?}", "/tasks/7", {"id": "7"}),
        ("tasks/{id?}", "/tasks/7/8", None),
        ("tasks/{id:int?}", "/tasks", {}),
        ("tasks/{id:int?}", "/tasks/x", None),
        ("{*rest}", "/", {}),
        ("{*rest}", "/a/b", {"rest": "a/b"}),
        ("{*rest}", "/a/b/", {"rest": "a/b/"}),
        ("{*rest}", "//a", None),
        ("files/{*rest}", "/files", {}),
        ("files/{*rest}", "/files/a//b", {"rest": "a//b"}),
        ("files/{*rest:maxlength(3)}", "/files/a/b", {"rest": "a/b"}),
        ("files/{*rest:maxlength(3)}", "/files/a/bc", None),
    ],
)
def test_a_path_gives_the_values_of_its_template(template: str, path: str, expected: dict[str, str] | None) -> None:
    assert values(template, path) == expected


@pytest.mark.parametrize(
    ("constraint", "text", "matches"),
    [
        ("guid", GUID, True),
        ("guid", GUID.upper(), True),
        ("guid", GUID.replace("-", ""), True),
        ("guid", f"{{{GUID}}}", True),
        ("guid", f"{{{GUID}", False),
        ("guid", f"{GUID}0", False),
        ("GUID", GUID, True),
        ("int", "-12", True),
        ("int", "2147483647", True),
        ("int", "2147483648", False),
        ("int", "1.0", False),
        ("alpha", "abC", True),
        ("alpha", "ab1", False),
        ("length(3)", "abc", True),
        ("length(3)", "abcd", False),
        ("length(2,3)", "ab", True),
        ("length(2,3)", "a", False),
        ("minlength(2)", "ab", True),
        ("minlength(2)", "a", False),
        ("maxlength(2)", "ab", True),
        ("maxlength(2)", "abc", False),
        (r"regex(^\d{{2}}:(a|b)$)", "12:b", True),
        (r"regex(^\d{{2}}:(a|b)$)", "12:B", True),
        (r"regex(^\d{{2}}:(a|b)$)", "123:b", False),
        ("regex(b)", "abc", True),
        ("alpha:length(2)", "ab", True),
        ("alpha:length(2)", "a1", False),
    ],
)
def test_a_constraint_decides_whether_a_value_fits(constraint: str, text: str, matches: bool) -> None:  # noqa: FBT001 - a column of the table
    assert (values(f"x/{{id:{constraint}}}", f"/x/{text}") == {"id": text}) is matches


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("a{b}", "either text or one"),
        ("{a}{b}", "either text or one"),
        ("a//b", "either text or one"),
        ("{a=5}", "either text or one"),
        ("{a?}/b", "must be the last segment"),
        ("{*a}/b", "must be the last segment"),
        ("{a}/{A}", "occurs twice"),
        ("{a:colour}", "':colour' is not a constraint"),
        ("{a:length(x)}", "wrong argument"),
        ("{a:regex([)}", "wrong argument"),
    ],
)
def test_a_template_it_cannot_read_is_refused(template: str, message: str) -> None:
    with pytest.raises(BadTemplateError, match=message.replace("(", r"\(")):
        Route.parse("one", template)


def test_the_first_function_name_wins_even_over_a_literal() -> None:
    table = RouteTable([Route.parse("b_literal", "tasks/all"), Route.parse("a_any", "tasks/{id}")])
    match = table.match("GET", "/tasks/all")
    assert match is not None
    assert (match.function, match.values) == ("a_any", {"id": "all"})


@pytest.mark.parametrize(
    ("names", "first"),
    [
        (["b", "A"], "A"),
        (["B", "a"], "a"),
        (["start_one", "startall"], "startall"),  # upper-case letters come before the underscore
        (["start2", "start_1"], "start2"),
    ],
)
def test_names_are_ordered_as_upper_case(names: list[str], first: str) -> None:
    match = RouteTable(Route.parse(name, "x") for name in names).match("GET", "/x")
    assert match is not None
    assert match.function == first


def test_a_later_function_answers_what_an_earlier_one_does_not_take() -> None:
    table = RouteTable(
        [
            Route.parse("a", "tasks/{id}", ["get"]),
            Route.parse("b", "tasks/{id:guid}", ["PUT"]),
            Route.parse("c", "tasks/{*rest}"),
        ]
    )
    asked = [("GET", "/tasks/1"), ("put", f"/tasks/{GUID}"), ("PUT", "/tasks/1"), ("GET", "/tasks/1/2")]
    found = [table.match(method, path) for method, path in asked]
    assert [match.function for match in found if match] == ["a", "b", "c", "c"]
    assert table.match("GET", "/other") is None


@pytest.mark.parametrize("method", ["POST", "HEAD", "OPTIONS"])
def test_a_method_that_is_not_listed_does_not_match(method: str) -> None:
    assert RouteTable([Route.parse("a", "x", ["GET"])]).match(method, "/x") is None


@pytest.mark.parametrize(
    ("raw", "decoded"),
    [
        ("/a%20b/%C3%A9", "/a b/é"),
        ("/a%2Fb%2fc", "/a%2Fb%2fc"),
        ("/%2520", "/%20"),
        ("/a+b", "/a+b"),
        ("/%zz", "/%zz"),
        ("/%ff", "/%ff"),
    ],
)
def test_a_path_is_decoded_once_except_its_slashes(raw: str, decoded: str) -> None:
    assert decode_path(raw) == decoded


@pytest.mark.parametrize(
    ("raw", "folded"),
    [
        ("/a/.", "/a/"),
        ("/a/./", "/a/"),
        ("/a/b/..", "/a/"),
        ("/a/b/../", "/a/"),
        ("/a/%2e", "/a/"),
        ("/a/b/%2E%2E", "/a/"),
        ("/a/b/.%2e/c", "/a/c"),
        ("/./a", "/a"),
        ("/..", "/"),
        ("/.", "/"),
        ("/../../a", "/a"),
        ("/a//../b", "/a/b"),
        ("/a/", "/a/"),
        ("/a//", "/a//"),
        ("/", "/"),
        ("/a/...", "/a/..."),
        ("/a/.b", "/a/.b"),
        ("/a/..%2Fb", "/a/..%2Fb"),
        ("/a/%252e", "/a/%2e"),
    ],
)
def test_dot_segments_are_folded_away_after_decoding(raw: str, folded: str) -> None:
    assert decode_path(raw) == folded


@pytest.mark.parametrize(
    ("path", "told"),
    [("/a b/é", "/a%20b/%C3%A9"), ("/a%2Fb", "/a%2Fb"), ("/%2e", "/%2e"), ("/%zz", "/%25zz"), ("/a?#", "/a%3F%23")],
)
def test_the_address_that_is_told_has_the_decoded_path_encoded_again(path: str, told: str) -> None:
    assert encode_path(path) == told


@pytest.mark.parametrize(
    ("query", "params"),
    [
        ("", {}),
        ("a=1&b=2", {"a": "1", "b": "2"}),
        ("a=1&a=2", {"a": "1,2"}),
        ("a=&b", {}),
        ("a=&a=2&a=", {"a": "2"}),
        ("a=x+y%26z", {"a": "x y&z"}),
    ],
)
def test_empty_query_values_are_dropped_and_repeated_ones_joined(query: str, params: dict[str, str]) -> None:
    assert join_query(query) == params


def test_header_names_are_lower_case_and_repeated_ones_joined() -> None:
    assert join_headers([("X-A", "1"), ("x-a", "2"), ("Accept", "*/*")]) == {"x-a": "1,2", "accept": "*/*"}

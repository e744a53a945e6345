"""Requests to every endpoint, as bytes; tests/integration/test_any_input.py tries texts and values instead."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trials.hostile.raw import GOOD_ID, ITEMS, KEY_VALUE, PARTS, SCHEDULE, body

# In a target, stands for a schedule that exists when the request is sent.
KNOWN = "KNOWN-SCHEDULE"
# More bytes than drawing a request consumes.
ENTROPY = 8192
LONGEST_TARGET = 8000
_METHODS = ("GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "PROPFIND", "PURGE")
_OVERRIDES = ("GET", "put", " DELETE ", "HEAD", "OPTIONS", "NONSENSE", "x" * 500, "", "PUT,DELETE", "\u00e5")

_Texts = st.SearchStrategy[str]
_Bodies = st.SearchStrategy[bytes]


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A request, sent exactly as the texts of `target` and headers say; `about` is the endpoint."""

    about: str
    method: str
    target: str
    headers: Sequence[tuple[str, str]]
    body: bytes

    def sent(self, host: str) -> bytes:
        """Return the bytes that go to the host."""
        length = [("Content-Length", str(len(self.body)))] if self.body or self.method in {"PUT", "POST"} else []
        lines = [f"{self.method} {self.target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in (("Host", host), *self.headers, *length)]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + self.body


def drawn(count: int, seed: int) -> list[Attempt]:
    """Draw requests; the same ones for the same seed and version of hypothesis."""
    found: list[Attempt] = []

    @settings(database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(ATTEMPTS)
    def draw(attempt: Attempt) -> None:
        found.append(attempt)

    fuzz: Callable[[bytes], object] = draw.hypothesis.fuzz_one_input  # type: ignore[attr-defined]
    # Not by running it as a test, which mostly makes small changes to one example.
    random = Random(seed)
    while len(found) < count:
        fuzz(random.randbytes(ENTROPY))
    return found


def _query(**parameters: _Texts) -> _Texts:
    """Draw a query: mostly the right parameters, some of them twice, empty, misspelt or badly encoded."""
    pairs = [st.builds("{}={}".format, st.just(name), values) for name, values in parameters.items()]
    odd = st.sampled_from(["&", "=", "a", "&&", "key", "key=", "%=%", "code=x", "id=", "%00=1", "a=" + "b" * 3000, ";"])
    extra = st.lists(st.one_of(odd, PARTS, *pairs), max_size=2)
    usual = st.tuples(*pairs).map(list)
    joined = st.builds(lambda some, more: [*some, *more], usual, extra)
    shuffled = joined.flatmap(st.permutations)
    # An unknown parameter ends a call early, so most requests have none.
    return st.one_of(*[usual] * 8, shuffled, extra).map(lambda items: "?" + "&".join(items) if items else "")


def _is_footmans(path: str) -> bool:
    """Return whether a path gets to Footman; the library of the local host takes //a for the host a."""
    return not path.lower().startswith(("admin", "/"))


_NO_BODY = st.just(b"")


def _or_raw(right: str) -> _Texts:
    return st.one_of(st.just(right), PARTS)


_PREVIEW = _query(
    cronSchedule=_or_raw("0%206%20*%20*%20*"),
    timezone=_or_raw("Europe%2FStockholm"),
    count=_or_raw("100"),
    after=_or_raw("2026-11-22T06:00:00Z"),
)
_KEY = _query(key=PARTS)
_FLAGGED = _query(allTaskIdsMustExist=_or_raw("true"), includeExecutionId=_or_raw("true"))
_NO_QUERY = _query()
_ONE_ID = st.one_of(st.just(KNOWN), st.just(KNOWN), st.just(KNOWN), PARTS)
_TASK = st.one_of(st.just("-"), st.just(GOOD_ID), PARTS)
# Only a few values, so that requests often find something stored.
_SPACE = st.one_of(st.sampled_from(["n", "n%2Fm", "%C3%A5"]), PARTS)
_ANY_PATH = st.one_of(
    st.lists(PARTS, max_size=4).map("/".join),
    st.lists(PARTS, max_size=3).map(lambda parts: "/".join(["v4", *parts])),
    st.sampled_from(
        ["v4/schedules/../butlerping", "v4//schedules", "v4/schedules/", "V4/SCHEDULES/STATUS", "./v4", ""]
    ),
).filter(_is_footmans)
_DOCUMENTS = st.one_of(
    st.sampled_from(["documentation", "documentation/", "v4/openapi.json", "documentation/page.js"]),
    PARTS.map("documentation/{}".format),
)
_SCHEDULE_BODY = body(SCHEDULE)

# By endpoint: how often, usual methods, path with its parts, query, body.
_ENDPOINTS: tuple[tuple[str, int, str, tuple[str, tuple[_Texts, ...]], _Texts, _Bodies], ...] = (
    ("schedules", 1, "GET", ("/v4/schedules", ()), _query(id=_ONE_ID), _NO_BODY),
    ("schedules", 4, "POST", ("/v4/schedules", ()), _NO_QUERY, _SCHEDULE_BODY),
    ("schedules/preview", 6, "GET", ("/v4/schedules/preview", ()), _PREVIEW, _NO_BODY),
    ("schedules/{id}", 5, "GET PUT PUT PUT DELETE", ("/v4/schedules/{}", (_ONE_ID,)), _NO_QUERY, _SCHEDULE_BODY),
    ("schedules/{id}/start", 1, "PUT", ("/v4/schedules/{}/start", (_ONE_ID,)), _NO_QUERY, _NO_BODY),
    ("schedules/{id}/stop", 1, "PUT", ("/v4/schedules/{}/stop", (_ONE_ID,)), _NO_QUERY, _NO_BODY),
    (
        "schedules/{id}/history",
        2,
        "GET",
        ("/v4/schedules/{}/history", (_ONE_ID,)),
        _query(limit=_or_raw("100")),
        _NO_BODY,
    ),
    ("schedules/startall", 1, "PUT", ("/v4/schedules/startall", ()), _query(tag=PARTS), _NO_BODY),
    ("schedules/stopall", 1, "PUT", ("/v4/schedules/stopall", ()), _query(tag=PARTS), _NO_BODY),
    ("schedules/status", 1, "GET", ("/v4/schedules/status", ()), _NO_QUERY, _NO_BODY),
    ("reloadtask/{id}/start", 6, "PUT POST", ("/v4/reloadtask/{}/start", (_TASK,)), _FLAGGED, body(ITEMS)),
    ("keyvalues/{ns}", 2, "GET", ("/v4/keyvalues/{}", (_SPACE,)), _KEY, _NO_BODY),
    ("keyvalues/{ns}", 4, "POST POST POST DELETE", ("/v4/keyvalues/{}", (_SPACE,)), _NO_QUERY, body(KEY_VALUE)),
    ("keyvalues/{ns}/keyexists", 1, "GET", ("/v4/keyvalues/{}/keyexists", (_SPACE,)), _KEY, _NO_BODY),
    ("keyvalues/{ns}/keyexists", 1, "DELETE", ("/v4/keyvalues/{}/keyexists", (_SPACE,)), _NO_QUERY, _NO_BODY),
    ("keyvalues/{ns}/{key}", 2, "DELETE", ("/v4/keyvalues/{}/{}", (_SPACE, PARTS)), _NO_QUERY, _NO_BODY),
    ("keylist/{ns}", 1, "GET", ("/v4/keylist/{}", (_SPACE,)), _NO_QUERY, _NO_BODY),
    ("keyvaluesnamespaces", 1, "GET", ("/v4/keyvaluesnamespaces", ()), _NO_QUERY, _NO_BODY),
    ("health", 1, "GET", ("/v4/health", ()), _NO_QUERY, _NO_BODY),
    ("butlerping", 1, "GET", ("/v4/butlerping", ()), _NO_QUERY, _NO_BODY),
    ("documentation", 1, "GET", ("/{}", (_DOCUMENTS,)), _NO_QUERY, _NO_BODY),
    ("any other path", 3, "GET PUT POST", ("/{}", (_ANY_PATH,)), _NO_QUERY, body(ITEMS)),
)
_WEIGHTED = [endpoint for endpoint in _ENDPOINTS for _ in range(endpoint[1])]
_ODD_HEADERS = (
    ("Content-Type", "application/json; charset=utf-16"),
    ("Content-Type", "text/plain"),
    ("Content-Type", "\u00ff"),
    ("Content-Encoding", "gzip"),
    ("Accept", "x" * 4000),
    ("Accept-Encoding", "br;q=nope"),
    ("X-Forwarded-Host", "evil.example.com"),
    ("X-Original-URL", "/admin/host/status"),
    ("x-functions-key", "\u00e5"),
    ("traceparent", "00-zz-zz-00"),
    ("Cookie", "a=b; " * 200),
)


@st.composite
def _attempts(draw: st.DrawFn) -> Attempt:
    about, _, methods, (path, parts), query, bodies = draw(st.sampled_from(_WEIGHTED))
    method = draw(st.sampled_from(_METHODS if not draw(st.integers(0, 14)) else methods.split()))
    headers = draw(st.lists(st.sampled_from(_ODD_HEADERS), max_size=1)) if not draw(st.integers(0, 9)) else []
    if method == "POST" and not draw(st.integers(0, 9)):
        headers.append(("X-HTTP-Method-Override", draw(st.sampled_from(_OVERRIDES))))
    has_body = method in {"PUT", "POST", "PATCH"} or not draw(st.integers(0, 19))
    return Attempt(
        about=about,
        method=method,
        target=path.format(*(draw(part) for part in parts)) + draw(query),
        headers=tuple(headers),
        body=draw(bodies) if has_body else b"",
    )


# The host's HTTP server refuses a longer line itself, on Azure the front end does.
ATTEMPTS = _attempts().filter(lambda attempt: len(attempt.target) < LONGEST_TARGET)

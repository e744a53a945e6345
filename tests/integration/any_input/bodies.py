"""Bodies of requests, as JSON: right, nearly right, and anything else."""

import json

from hypothesis import strategies as st

from tests.integration.any_input.texts import CRONS, IDS, TEXTS, ZONES

_Texts = st.SearchStrategy[str]


def quoted(texts: _Texts) -> _Texts:
    """Write texts as JSON does, all of it in ASCII or none."""
    return st.builds(lambda text, plain: json.dumps(text, ensure_ascii=not plain), texts, st.booleans())


_NUMBERS = (
    "0", "-0", "1", "-1", "1.5", "1e3", "1e400", "-1e400", "1e-400", "9" * 400, "-" + "9" * 4301, "9007199254740993",
    "18446744073709551616", "NaN", "Infinity", "-Infinity", "0x10", "01", "1.", ".5", "+1", "1e", "1_000",
)  # fmt: skip
_ODD_TOKENS = (
    "true",
    "false",
    "null",
    "True",
    "None",
    "undefined",
    '"\\ud800"',
    '"\\u0000"',
    '"\\x"',
    "'a'",
    '"\n"',
    "",
)
_LEAVES = st.one_of(st.sampled_from(_NUMBERS), st.sampled_from(_ODD_TOKENS), quoted(TEXTS), st.integers().map(str))


def _array(items: list[str]) -> str:
    return "[" + ",".join(items) + "]"


def _object(pairs: list[tuple[str, str]]) -> str:
    """Write an object as told, names that stand there twice included."""
    return "{" + ",".join(f"{name}:{value}" for name, value in pairs) + "}"


def _extended(inner: _Texts) -> _Texts:
    pairs = st.tuples(quoted(TEXTS), inner)
    return st.one_of(st.lists(inner, max_size=5).map(_array), st.lists(pairs, max_size=5).map(_object))


ANYTHING = st.recursive(_LEAVES, _extended, max_leaves=12)


def _mostly(right: _Texts) -> _Texts:
    return st.integers(0, 14).flatmap(lambda chance: right if chance else ANYTHING)


@st.composite
def _record(draw: st.DrawFn, fields: dict[str, _Texts]) -> str:
    """Draw an object of these fields: some left out, some twice, some unknown."""
    pairs = [(f'"{name}"', draw(values)) for name, values in fields.items() if draw(st.integers(0, 11))]
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        name = draw(st.one_of(st.sampled_from(sorted(fields)).map(json.dumps), quoted(TEXTS)))
        pairs.insert(draw(st.integers(0, len(pairs))), (name, draw(ANYTHING)))
    return _object(pairs)


_STATES = st.sampled_from(['"start"', '"started"', '"stop"', '"stopped"', '"Started"', '""', "true"])
SCHEDULE = _record(
    {
        "name": _mostly(quoted(TEXTS)),
        "cronSchedule": _mostly(quoted(CRONS)),
        "timezone": _mostly(quoted(ZONES)),
        "qlikSenseTaskId": _mostly(quoted(st.one_of(st.uuids().map(str), IDS))),
        "startupState": _mostly(_STATES),
        "tags": _mostly(st.lists(quoted(TEXTS), max_size=51).map(_array)),
    }
)
# Half of them all right but for the one thing, so that it gets far.
GOOD_SCHEDULE = st.builds(
    lambda cron, zone, name, tags: json.dumps(
        {
            "name": name,
            "cronSchedule": cron,
            "timezone": zone,
            "qlikSenseTaskId": "0fe447a9-ba1f-44a9-ac23-68c3a1d88d8b",
            "startupState": "started",
            "tags": tags,
        }
    ),
    CRONS,
    ZONES,
    TEXTS,
    st.lists(TEXTS, max_size=5),
)

_TTLS = st.sampled_from(["0", "-1", "1", "60000", '"60000"', '""', '"soon"', "1.5", "1e308", "true", "9" * 30])
_PAIR = {"key": _mostly(quoted(TEXTS)), "value": _mostly(quoted(TEXTS)), "ttl": _mostly(_TTLS)}
KEY_VALUE = _record(_PAIR)
_PAYLOADS = st.one_of(
    _record({"taskId": _mostly(quoted(IDS))}),
    _record({"tag": _mostly(quoted(TEXTS))}),
    _record({"customPropertyName": _mostly(quoted(TEXTS)), "customPropertyValue": _mostly(quoted(TEXTS))}),
    _record({"namespace": _mostly(quoted(TEXTS)), **_PAIR}),
)
_TYPES = [
    "starttaskid",
    "starttasktag",
    "starttaskcustomproperty",
    "keyvaluestore",
    "starttaskID",
    "bogus",
    "__class__",
]
_ITEM = _record({"type": _mostly(st.sampled_from(_TYPES).map(json.dumps)), "payload": _mostly(_PAYLOADS)})
ITEMS = st.lists(_mostly(_ITEM), max_size=6).map(_array)

"""Bytes that no client library sends: parts of a request line, and bodies that are broken or extremely long."""

import json

from hypothesis import strategies as st

MEGABYTE = 1024 * 1024
GOOD_ID = "c6d86a12-bd1c-5e5c-b5c7-914f09a2b88a"
SCHEDULE = json.dumps(
    {
        "name": "\u00e5rs",
        "cronSchedule": "0 6 * * *",
        "timezone": "Europe/Stockholm",
        "qlikSenseTaskId": GOOD_ID,
        "startupState": "started",
        "tags": ["a tag"],
    },
    ensure_ascii=False,
)
KEY_VALUE = json.dumps({"key": "k", "value": "v", "ttl": 60_000})
ITEMS = json.dumps([{"type": "starttaskid", "payload": {"taskId": GOOD_ID}}])

_RAW_PARTS = (
    "%", "%%", "%2", "%zz", "%u0041", "%00", "%0d%0a", "%c0%af", "%c0%80", "%ff%fe", "%ed%a0%80", "%f8%88%80%80%80",
    ".", "..", "%2e%2e", "%2e", "%2f", "%2F..%2F", "%5c", "%252e%252e", "%25", "+", "a+b", "a;b=c", "~", "*", "(", "!",
    "$", "'", "=", "@", ":", ",", "", "a//b", "a/", "%20", "%09", "a" * 4000, "%41" * 1000,
)  # fmt: skip
# As they occur in a request line: visible ASCII, whatever it means.
PARTS = st.one_of(
    st.sampled_from(_RAW_PARTS),
    st.sampled_from(_RAW_PARTS),
    st.binary(min_size=1, max_size=20).map(lambda some: "".join(f"%{byte:02x}" for byte in some)),
    st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="?#/"), min_size=1, max_size=20),
)

_HUGE = (
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b"[" * 200 + b"]" * 200,
    b"9" * 100_000,
    b" " * MEGABYTE,
    b" " * (MEGABYTE + 1),
    b"x" * MEGABYTE,
    b'"' + b"x" * (MEGABYTE - 2) + b'"',
    b'{"name":"' + b"\xf0\x9f\x98\x80" * 200_000 + b'"}',
    b'{"key":"k","value":"' + b"x" * (MEGABYTE - 30) + b'"}',
    b'{"key":"' + b"\\u0000" * 100_000 + b'","value":"v"}',
    b"[" + b"{}," * 300_000 + b"{}]",
    b"[" + b"1," * 500_000 + b"1]",
    b"{" + b'"a":1,' * 150_000 + b'"a":1}',
    b'[{"type":"starttasktag","payload":{"tag":"' + b"t" * 900_000 + b'"}}]',
)


def _mangled(text: str) -> st.SearchStrategy[bytes]:
    """Draw the bytes of a text, mostly correct."""
    right = text.encode()
    wrong = [
        right + b"\x00",
        right + b"]",
        right + right,
        right[: len(right) // 2],
        right[:-1],
        b"\xef\xbb\xbf" + right,
        b"\xff\xfe" + right,
        b"\xc0\xaf" + right,
        right.replace(b"a", b"\xff"),
        right.replace(b"e", b"\xed\xa0\x80"),
        text.encode("utf-16"),
        text.encode("utf-32"),
        b"/*c*/" + right,
        b" \t\r\n" + right + b"\n",
    ]
    return st.one_of(st.just(right), st.just(right), st.sampled_from(wrong))


def body(right: str) -> st.SearchStrategy[bytes]:
    """Draw a body for a call that expects this one."""
    others = st.one_of(st.binary(max_size=60), st.just(b""), st.sampled_from(_HUGE))
    return st.integers(0, 7).flatmap(lambda chance: _mangled(right) if chance else others)

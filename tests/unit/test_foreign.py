"""What others wrote, before it is quoted: no secret that is known, nothing that is not seen."""

import base64
import json
import re
import string
import time
import unicodedata
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.foreign import SECRET_LENGTH, holds_secret, legible, quotable, remember, remembering, visible

TOKEN = (
    "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VySWQiOiJmb290bWFuIiwidXNlckRpcmVjdG9yeSI6IklOVEVSTkFMIn0."
    "Qm-9yX_3kd0Lw7ZtVf2nC5sRhJ8uEaG1pMbTq6YvN4xKzWiDoUl_eSgHrFjBcPX"
)
SESSION = "f3b1c9a0-5d2e-4c77-9b1e-0a64d8f2e713"
KEY = base64.b64encode(bytes(range(7, 255, 3))).decode()

Form = Callable[[str], str]
FORMS: dict[str, Form] = {
    "whole": str,
    "the first 120 characters": lambda secret: secret[:120],
    "from the middle": lambda secret: secret[len(secret) // 2 - 9 : len(secret) // 2 + 9],
    "in lines": lambda secret: "\r\n ".join(secret[at : at + 7] for at in range(0, len(secret), 7)),
    "in lines of JSON": lambda secret: json.dumps("\n".join(secret[at : at + 9] for at in range(0, len(secret), 9))),
    "with a blank between any two": " ".join,
    "percent-encoded": lambda secret: "".join(f"%{ord(each):02X}" for each in secret),
    "as in an address": lambda secret: quote(secret, safe="").replace(".", "%2E"),
    "encoded twice": lambda secret: quote(quote(secret.replace(".", "%2e"), safe=""), safe=""),
    "with escaped dots": lambda secret: secret.replace(".", r"\."),
    "with dots as JSON may have them": lambda secret: secret.replace(".", r"\u002e").replace("-", r"\u002D"),
    "with dots as HTML has them": lambda secret: secret.replace(".", "&#46;").replace("-", "&amp;#x2d;"),
    "with dots that stop nobody": lambda secret: secret.replace(".", "[.]"),
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "base64 of a header": lambda secret: base64.urlsafe_b64encode(f"Bearer {secret}!".encode()).decode(),
    "base64 of another": lambda secret: base64.b64encode(f"x={secret}".encode()).decode(),
    "upper case": str.upper,
    "lower case": str.lower,
}


def told(secret: str, text: str) -> list[str]:
    """Return the pieces of 16 characters of a secret that a text tells to whoever undoes nothing but its case."""
    return [piece for at in range(len(secret) - 15) if (piece := secret[at : at + 16].lower()) in text.lower()]


@pytest.fixture(autouse=True, scope="module")
def _known() -> None:
    for name, secret in (("token", TOKEN), ("session", SESSION), ("storage key", KEY)):
        remember(name, secret)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize(("name", "secret"), [("token", TOKEN), ("session", SESSION), ("storage key", KEY)])
def test_a_secret_is_taken_out_in_every_form(name: str, secret: str, form: Form) -> None:
    written = form(secret)
    text = quotable(f"You sent «{written}»; go away.")

    # Of base64 the ends stay that depend on what stands beside the secret, of what is percent-encoded the first sign.
    assert re.fullmatch(rf"You sent «.{{0,14}}\[{name}\].{{0,8}}»; go away\.", text)
    assert told(written, text) == []


def test_what_stands_around_and_between_stays() -> None:
    text = f"Cookie: a=1; X-Qlik-Session={SESSION}; Authorization: Bearer {TOKEN}, and {KEY[4:60]}."

    assert quotable(text) == "Cookie: a=1; X-Qlik-Session=[session]; Authorization: Bearer [token], and [storage key]."


@given(st.integers(0, len(TOKEN) - 16), st.text(max_size=40), st.text(max_size=40), st.sampled_from([str, str.upper]))
def test_any_16_characters_are_taken_out_of_any_text(begin: int, before: str, after: str, form: Form) -> None:
    piece = TOKEN[begin : begin + SECRET_LENGTH]

    assert form(piece) not in quotable(f"{before} {form(piece)} {after}")


@given(st.text())
def test_a_text_without_a_secret_stays_as_it_is(text: str) -> None:
    assert quotable(text) == text
    assert not holds_secret(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        TOKEN[:9],
        SESSION[:8],
        "00000000-0000-0000-0000-000000000000",
        "QRS_JWT: the token has expired. 100 % of it, 50%25, C:\\name\\users, &amp; &quot;so on&quot;",
    ],
)
def test_little_of_a_secret_and_what_looks_like_one_stays(text: str) -> None:
    remember("session", "rd20o00000000000000000000ffff0a000001o4242")

    assert quotable(text) == text


def test_a_key_is_known_by_its_lines_and_not_by_its_frame() -> None:
    pem = f"-----BEGIN PRIVATE KEY-----\n{KEY[::-1].strip('=')}\n-----END PRIVATE KEY-----"
    remember("client key", pem)

    assert quotable(pem) == "-----BEGIN PRIVATE KEY-----\n[client key]\n-----END PRIVATE KEY-----"


def test_a_secret_of_a_call_is_known_within_it_alone() -> None:
    key = "Zk3pQ8vRt1nXs6Wm0bYd"
    with remembering([("function key", key), ("function key", None)]):
        assert quotable(f"?code={key}") == "?code=[function key]"
    assert quotable(f"?code={key}") == f"?code={key}"


def test_of_many_sessions_the_last_are_known() -> None:
    sessions = [base64.b64encode(f"session number {number}".encode()).decode() for number in range(100, 200)]
    for session in sessions:
        remember("session", session)

    assert quotable(sessions[-1]) == quotable(sessions[-10]) == "[session]"


@given(st.text())
def test_nothing_stays_hidden(text: str) -> None:
    written = visible(text)

    assert {unicodedata.category(each) for each in written} & {"Cc", "Cf", "Cs", "Zl", "Zp"} == set()
    if "\\" not in text and '"' not in text:
        assert json.loads(f'"{written}"') == text


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("åäö 中文 🐈 \xa0.", "åäö 中文 🐈 \xa0."),
        ("a\r\nb\tc\x1b[31m\x00\x7f\x9b", r"a\r\nb\tc\u001b[31m\u0000\u007f\u009b"),
        ("\u202ea\u2066b\u200b\u2028\u2029\ufeff\xad", r"\u202ea\u2066b\u200b\u2028\u2029\ufeff\u00ad"),
        ("\ud83d", r"\ud83d"),
        ("\U000e0041", r"\udb40\udc41"),
    ],
)
def test_what_is_not_seen_is_written_out(text: str, seen: str) -> None:
    assert visible(text) == seen


LETTERS = st.text(string.ascii_letters + string.digits, min_size=3, max_size=9)


@given(st.lists(LETTERS, min_size=12, max_size=20), st.sampled_from("._-/+=:~"), st.data())
def test_any_part_of_any_secret_is_taken_out(words: list[str], sign: str, data: st.DataObject) -> None:
    secret = sign.join(words)
    begin = data.draw(st.integers(0, len(secret) - 16))
    piece = secret[begin : begin + 16]
    letters = [each.lower() for each in piece if each.isalnum()]
    assume(len(letters) >= 10 and all(len(set(letters[at : at + 6])) >= 3 for at in range(len(letters) - 5)))
    with remembering([("secret", secret)]):
        assert piece not in legible(f"({piece})")


@pytest.mark.parametrize("piece", ["\\", "%25", "%", "&amp;", "&#0", "&", "\\u", f"{TOKEN} "])
def test_a_long_text_is_read_in_little_time(piece: str) -> None:
    begun = time.process_time()
    legible(piece * (200_000 // len(piece)))

    assert time.process_time() - begun < 5

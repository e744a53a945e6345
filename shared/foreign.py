r"""What others wrote, made fit to be quoted: in an answer, a line of the log, a row or on a screen.

Whoever sends a secret remembers it here first. From then on `quotable` takes any run of 16 of its characters out of
a text, also of a part of it, broken into lines, percent-encoded, escaped, in base64 or in another case. For that both
are compared by their letters and digits alone, of which a run has to hold at least ten.

`visible` writes what a reader can't see, or what would make two lines of one, as \n or \u202e.
"""

import base64
import json
import re
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from threading import Lock
from unicodedata import category

# A shorter text is no secret, and may occur by chance.
SECRET_LENGTH = 16
# Letters and digits in a row that tell a secret: 16 characters of one hold some others, such as dots and dashes.
SURE = 10
# What is looked up first; each run of SURE holds one of these that begins at every fifth place.
_GRAM, _STEP = 6, 5
# Zeros and the like stand in many a cookie, and in much else.
_LEAST_VARIED = 3
# A gateway may give another cookie with every answer, and echo that before the last.
_KEPT_OF_EACH = 16
# Control, format (such as those that turn the direction of writing), halves of a pair, line and paragraph.
_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}

_NO_SIGN = bytes(sorted(set(range(256)) - set(b"abcdefghijklmnopqrstuvwxyz0123456789")))
# %2E, also encoded again; \x2e and \u002e; &#46; and &#x2e;. Then what stands for no letter: \n and &quot;.
_ESCAPE = re.compile(
    r"%(?:25)*([0-9A-Fa-f]{2})|(?<!\\)\\++(?:x|u00)([0-9A-Fa-f]{2})|&(?:amp;)*#[xX]0*([0-9A-Fa-f]{1,2});"
    r"|&(?:amp;)*#0*([0-9]{1,3});|(?<!\\)\\++(?:u[0-9A-Fa-f]{4}|[nrtbfv])|&(?:amp;)*[A-Za-z]{2,8};"
)
_PEM_FRAME = re.compile(r"-----[A-Z0-9 ]+-----")


@dataclass(frozen=True, kw_only=True)
class _Secret:
    """A secret by its letters and digits: `forms` are its own and those of its base64, `grams` pieces of them."""

    name: str
    forms: bytes
    grams: frozenset[bytes]


_known: defaultdict[str, deque[str]] = defaultdict(lambda: deque(maxlen=_KEPT_OF_EACH))
# The same, read; empty until somebody quotes.
_read: list[_Secret] = []
_remembering = Lock()
_of_call: ContextVar[tuple[tuple[str, str], ...]] = ContextVar("secrets_of_call", default=())


def remember(name: str, secret: str | None) -> None:
    """Take this secret out of all that is quoted from now on, with its name in its place."""
    if not secret or len(secret) < SECRET_LENGTH:
        return
    with _remembering:
        known = _known[name]
        if known and known[-1] == secret:
            return
        if secret in known:
            known.remove(secret)
        known.append(secret)
        _read.clear()


@contextmanager
def remembering(secrets: Iterable[tuple[str, str | None]]) -> Iterator[None]:
    """Take secrets, each with its name, out of all that is quoted within the block, and by threads begun in it."""
    token = _of_call.set(tuple((name, secret) for name, secret in secrets if secret and len(secret) >= SECRET_LENGTH))
    try:
        yield
    finally:
        _of_call.reset(token)


def quotable(text: str) -> str:
    """Return the text without any part of a secret that is known."""
    signs = _signs(text)
    found = _found_in(signs)
    if not found:
        return text
    places = [place for secret in found for place in _places(secret, signs)]
    return _masked(text, sorted(places))


def holds_secret(text: str) -> bool:
    """Return True if `quotable` may change the text; it costs little."""
    return bool(_found_in(_signs(text)))


def visible(text: str) -> str:
    """Return the text with everything written out that is not seen, as JSON writes it."""
    if text.isprintable():
        return text
    return "".join(json.dumps(each)[1:-1] if category(each) in _HIDDEN else each for each in text)


def legible(text: str) -> str:
    """Return the text as it may be shown to a person on one line: quotable and visible."""
    return visible(quotable(text))


def _found_in(signs: bytes) -> list[_Secret]:
    samples = {signs[at : at + _GRAM] for at in range(0, len(signs) - _GRAM + 1, _STEP)}
    return [secret for secret in _secrets() if not secret.grams.isdisjoint(samples)]


def _secrets() -> list[_Secret]:
    own = _of_call.get()
    with _remembering:
        if not _read:
            _read.extend(_secret(name, text) for name, texts in _known.items() for text in texts)
        return [*_read, *(_secret(name, text) for name, text in own)]


@lru_cache(maxsize=256)
def _secret(name: str, text: str) -> _Secret:
    bare = _PEM_FRAME.sub("", text)
    raw = bare.encode("utf-8", "replace")
    # Base64 takes three bytes at a time, and nobody knows where in them the secret begins. Its ends depend on what
    # stands beside it.
    encoded = (base64.b64encode(raw[skipped:])[:-4].decode() for skipped in range(3))
    forms = [_signs(form) for form in (bare, "".join(bare.split()), *encoded)]
    pieces = {form[at : at + _GRAM] for form in forms for at in range(len(form) - _GRAM + 1)}
    grams = frozenset(piece for piece in pieces if len(set(piece)) >= _LEAST_VARIED)
    return _Secret(name=name, forms=b"\n".join(dict.fromkeys(forms)), grams=grams)


def _signs(text: str) -> bytes:
    """Return the letters and digits of a text, in lower case, with what is escaped written out."""
    if "%" in text or "\\" in text or "&" in text:
        text = _ESCAPE.sub(_unescaped, text)
    return text.encode("ascii", "ignore").lower().translate(None, _NO_SIGN)


def _unescaped(escape: re.Match[str]) -> str:
    by_16 = escape[1] or escape[2] or escape[3]
    return chr(int(by_16, 16)) if by_16 else chr(int(escape[4])) if escape[4] else ""


def _places(secret: _Secret, signs: bytes) -> Iterator[tuple[int, int, str]]:
    """Find the runs of a secret: first sign, the one after the last, and its name."""
    at = 0
    while at <= len(signs) - SURE:
        end = at + SURE
        if not (secret.grams.isdisjoint((signs[at : at + _GRAM], signs[end - _GRAM : end]))) and (
            signs[at:end] in secret.forms
        ):
            while end < len(signs) and signs[at : end + 1] in secret.forms:
                end += 1
            yield at, end, secret.name
            at = end
        else:
            at += 1


def _masked(text: str, places: Iterable[tuple[int, int, str]]) -> str:
    """Return the text with a name in place of each run of signs; runs that overlap become one."""
    spans = _spans(text)
    parts, shown_to, masked_to = [], 0, 0
    for begin, end, name in places:
        if end <= masked_to:
            continue
        if begin >= masked_to:
            parts += [text[shown_to : spans[begin][0]], f"[{name}]"]
        shown_to, masked_to = spans[end - 1][1], end
    return "".join([*parts, text[shown_to:]])


def _spans(text: str) -> list[tuple[int, int]]:
    """Return where in the text each of its signs stands."""
    escapes = [(found.start(), found.end(), _unescaped(found)) for found in _ESCAPE.finditer(text)]
    spans = []
    for (_, last_end, _), (begin, end, sign) in pairwise([(0, 0, ""), *escapes, (len(text), len(text), "")]):
        spans += [(at, at + 1) for at in range(last_end, begin) if _signs_of_one(text[at])]
        spans += [(begin, end)] * len(_signs_of_one(sign))
    return spans


def _signs_of_one(letter: str) -> bytes:
    return letter.encode("ascii", "ignore").lower().translate(None, _NO_SIGN)

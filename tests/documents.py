"""The documents, taken apart: their chapters, links, tables, and the calls that they show."""

import argparse
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
DOCUMENTS = sorted([README, ROOT / "CONTRIBUTING.md", ROOT / "infra" / "README.md", *(ROOT / "docs").rglob("*.md")])

_FENCE = re.compile(r"^ *```")
_HEADING = re.compile(r"^#{1,6} (.+)$")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_INLINE_CURL = re.compile(r"`(curl [^`]+)`")
_POWERSHELL = re.compile(r"^ *```powershell\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_ASSIGNED = re.compile(r"^ *\$(\w+) = '([^']*)'$", re.MULTILINE)
_INVOKED = re.compile(r"^ *Invoke-RestMethod (.*)$", re.MULTILINE)
_OPTION = re.compile(r" *-(\w+) (@\{[^}]*\}|'[^']*'|\w+)")
_HEADER = re.compile(r"'([^']+)' = (\$\w+|'[^']*')")


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """What stands under a heading of the second level, or before the first one."""

    document: Path
    title: str
    text: str

    @property
    def place(self) -> str:
        return f"{self.document.relative_to(ROOT).as_posix()}: {self.title}"


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call as a document shows it; `files` are what curl takes its certificates from."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    files: tuple[str, ...] = ()


def text_of(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def chapters(document: Path) -> list[Chapter]:
    found, title, lines = [], "its beginning", list[str]()
    for line, is_code in _lines(text_of(document)):
        if line.startswith("## ") and not is_code:
            found.append(Chapter(document=document, title=title, text="\n".join(lines)))
            title, lines = line.removeprefix("## "), []
        lines.append(line)
    return [*found, Chapter(document=document, title=title, text="\n".join(lines))]


def anchors(document: Path) -> set[str]:
    """Return what a link may name behind its #, as GitHub makes it from headings."""
    headings = (_HEADING.match(line) for line, is_code in _lines(text_of(document)) if not is_code)
    return {re.sub(r"[^\w\- ]", "", heading[1].lower()).replace(" ", "-") for heading in headings if heading}


def links(document: Path) -> list[str]:
    prose = "\n".join(line for line, is_code in _lines(text_of(document)) if not is_code)
    return [target for target in _LINK.findall(prose) if "://" not in target]


def prose(document: Path) -> list[str]:
    """Return the lines that are no code."""
    return [line for line, is_code in _lines(text_of(document)) if not is_code and not _FENCE.match(line)]


def cells(text: str) -> list[list[str]]:
    """Return the rows of the tables."""
    rows = [line.strip(" |").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [row for row in rows if not set("".join(row)) <= set("-: |")]


def code_in(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def curl_lines(text: str) -> list[str]:
    """Return each curl command, those that go on behind a backslash in one line."""
    whole = re.sub(r" \\\n *", " ", text)
    lines = [line.strip() for line in whole.splitlines()]
    return [line for line in lines if line.startswith("curl ")] + _INLINE_CURL.findall(whole)


def of_curl(line: str) -> Call:
    """Return what a curl command sends; ends the test for an option that it doesn't know."""
    parser = argparse.ArgumentParser(prog=line, allow_abbrev=False)
    for flag in ("-s", "-S", "-i", "-G"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("-H", action="append", default=[])
    parser.add_argument("--data-urlencode", action="append", default=[])
    for option in ("-X", "-d", "--cacert", "--cert", "--key", "url"):
        parser.add_argument(option)
    given = parser.parse_args(shlex.split(line)[1:])
    query = "&".join(
        f"{name}={quote(value)}" for pair in given.data_urlencode for name, _, value in [pair.partition("=")]
    )
    assert bool(query) == given.G, line
    return Call(
        method=given.X or ("GET" if given.d is None else "POST"),
        url=f"{given.url}?{query}" if query else given.url,
        headers={name: value for header in given.H for name, _, value in [header.partition(": ")]},
        body=given.d,
        files=tuple(file for file in (given.cacert, given.cert, given.key) if file),
    )


def powershell_calls(text: str) -> list[Call]:
    """Return what the calls of PowerShell send, each written in one line with its texts in single quotes."""
    return [
        _of_powershell(line, dict(_ASSIGNED.findall(block)))
        for block in _POWERSHELL.findall(text)
        for line in _INVOKED.findall(block)
    ]


def _of_powershell(line: str, variables: Mapping[str, str]) -> Call:
    assert not _OPTION.sub("", line).strip(), f"not understood: {_OPTION.sub('', line)}"
    options = {name: value.strip("'") for name, value in _OPTION.findall(line)}
    told = dict(_HEADER.findall(options.get("Headers", "")))
    headers = {
        name: variables[value[1:]] if value.startswith("$") else value.strip("'") for name, value in told.items()
    }
    if "ContentType" in options:
        headers["Content-Type"] = options["ContentType"]
    assert set(options) <= {"Method", "Uri", "Headers", "ContentType", "Body"}, line
    return Call(method=options["Method"].upper(), url=options["Uri"], headers=headers, body=options.get("Body"))


def _lines(text: str) -> Iterator[tuple[str, bool]]:
    """Give each line, and whether it stands in a block of code or begins or ends one."""
    is_code = False
    for line in text.splitlines():
        is_fence = bool(_FENCE.match(line))
        yield line, is_code or is_fence
        is_code ^= is_fence

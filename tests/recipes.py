"""What CONTRIBUTING.md says to change for something new, read from its blocks of code and done in a copy.

A block names its file in its first line. Each part of it, after `@@`, has lines that stand there as they are, lines to
take out (`-`) and lines to put in (`+`); without the first two the file is a new one.
"""

import re
import shutil
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.documents import ROOT, text_of

OF_THE_APP = ("shared/", "function_app.py", "client/")
COPIED = ("shared", "sandbox", "tests", "trials", "docs", "infra", "client")
_BLOCK = re.compile(r"^( *)```diff\n(.*?)^\1```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Part:
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a block says to change in a file, relative to the project."""

    file: str
    parts: Sequence[Part]

    @property
    def is_of_the_app(self) -> bool:
        return self.file.startswith(OF_THE_APP)

    def make(self, project: Path) -> None:
        place = project / self.file
        text = place.read_text(encoding="utf-8") if place.exists() else ""
        for part in self.parts:
            found = f"\n{text}".count(f"\n{part.before}") if part.before else int(bool(text))
            assert found == bool(part.before), f"{self.file}: these lines stand there {found} times:\n{part.before}"
            text = f"\n{text}".replace(f"\n{part.before}", f"\n{part.after}", 1)[1:]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")


def recipe(title: str) -> list[Change]:
    """Return what the chapter of this title in CONTRIBUTING.md says to change, in its order."""
    text = text_of(ROOT / "CONTRIBUTING.md")
    [chapter] = re.findall(rf"^### {title}\n(.*?)^##", text, re.MULTILINE | re.DOTALL)
    return [_change(textwrap.dedent(block)) for _, block in _BLOCK.findall(chapter)]


def copy_of_the_project(to: Path) -> Path:
    """Copy what the app, its tests and its documents are; what stands in no folder too."""
    unwanted = shutil.ignore_patterns("__pycache__", ".*")
    for folder in COPIED:
        shutil.copytree(ROOT / folder, to / folder, ignore=unwanted)
    for file in ROOT.iterdir():
        if file.is_file() and (file.suffix or file.name == "LICENSE") and file.name != "local.settings.json":
            shutil.copyfile(file, to / file.name)
    return to


def _change(block: str) -> Change:
    head, *parts = re.split(r"^@@\n", block, flags=re.MULTILINE)
    return Change(file=head.removeprefix("+++ ").strip(), parts=[_part(part.splitlines()) for part in parts])


def _part(lines: Sequence[str]) -> Part:
    return Part(before=_joined(lines, " -"), after=_joined(lines, " +"))


def _joined(lines: Sequence[str], kept: str) -> str:
    return "".join(f"{line[1:]}\n" for line in lines if (line[:1] or " ") in kept)

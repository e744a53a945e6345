"""Read schedules from YAML files, each with its line number."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

Read = TypeVar("Read")

NOTHING = {"", "~", "null", "Null", "NULL"}


class FileUnreadable(Exception):
    """A file can't be used; the text says where and why."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One schedule of a file: the line it begins on, and its texts and lists of texts by name."""

    line: int
    values: Mapping[str, Any]

    def text(self, name: str) -> str | None:
        """Return a value, or None if there is none; raises FileUnreadable for a list or a map."""
        value = self.values.get(name)
        if value is None or isinstance(value, str):
            return value
        raise self.unusable(f"{name} is not a text.")

    def texts(self, name: str) -> tuple[str, ...] | None:
        """Return the values of a list; a single text is a list of one, as in Butler."""
        value = self.values.get(name)
        if isinstance(value, str):
            return (value,)
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return tuple(value)
        if value is None:
            return None
        raise self.unusable(f"{name} is not a list of texts.")

    def unusable(self, reason: str) -> FileUnreadable:
        """Return the error for this entry, with its line; `reason` is a sentence."""
        return FileUnreadable(f"line {self.line}: {reason}")


class _Texts(yaml.BaseLoader):
    """Reads every scalar as the text it was written as, so that no name becomes a boolean and no id a number."""

    def construct_scalar(self, node: yaml.ScalarNode) -> Any:
        is_nothing = node.style is None and node.value in NOTHING
        return None if is_nothing else super().construct_scalar(node)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's own
        _names(node)
        return super().construct_mapping(node, deep)


def _names(node: yaml.MappingNode) -> list[str]:
    """Return the names in a map; raises FileUnreadable for what Butler's library rejects or reads differently."""
    names: list[str] = []
    for key, _ in node.value:
        line, name = key.start_mark.line + 1, str(key.value)
        if name in names:
            raise FileUnreadable(f"line {line}: {name} is given twice.")
        if name == "<<":
            raise FileUnreadable(f"line {line}: << is not read here; write out what it stands for.")
        names.append(name)
    return names


def entries(path: Path, top: str) -> list[Entry]:
    """Return the schedules of a file, which stand in a list under `top`; raises FileUnreadable."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise FileUnreadable(f"{path} can't be read: {error}") from None
    try:
        loader = _Texts(text)
        loader.name = path.name
        root = loader.get_single_node()
        return [_entry(loader, node) for node in _list_under(root, top, path)]
    except yaml.YAMLError as error:
        raise FileUnreadable(f"{path} is no YAML: {error}") from None
    except RecursionError:
        raise FileUnreadable(f"{path} is no list of schedules: it is nested too deeply.") from None


def _list_under(root: yaml.Node | None, top: str, path: Path) -> list[yaml.Node]:
    names = dict(zip(_names(root), root.value, strict=True)) if isinstance(root, yaml.MappingNode) else {}
    if top not in names:
        others = f"; it has {', '.join(names)}" if names else ""
        raise FileUnreadable(f"{path} has no list of schedules under {top}{others}.")
    _, found = names[top]
    if isinstance(found, yaml.SequenceNode):
        return list(found.value)
    if isinstance(found, yaml.ScalarNode) and found.value in NOTHING:
        return []
    raise FileUnreadable(f"line {found.start_mark.line + 1}: {top} is not a list.")


def _entry(loader: _Texts, node: yaml.Node) -> Entry:
    line = node.start_mark.line + 1
    if not isinstance(node, yaml.MappingNode):
        raise FileUnreadable(f"line {line}: a schedule is expected, with name, cronSchedule and so on.")
    return Entry(line=line, values=loader.construct_mapping(node, deep=True))


def each(entries: Sequence[Entry], read: Callable[[Entry], Read]) -> list[Read]:
    """Read every entry; raises FileUnreadable that lists all entries that can't be read, not only the first."""
    done: list[Read] = []
    problems: list[str] = []
    for entry in entries:
        try:
            done.append(read(entry))
        except FileUnreadable as problem:
            problems.append(str(problem))
    if problems:
        raise FileUnreadable("\n".join(problems))
    return done

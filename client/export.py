"""Write all schedules to a YAML file that is fit for Git: in a steady order, without what changes by itself."""

import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from client.command import ended, options
from client.files import FileUnreadable
from client.site import Site
from client.wanted import STATE, TEXTS, There
from shared.core.schedules import STATE_OF

TOP = "footmanSchedule"
HEAD = "# Footman's schedules, as `dev.py export` writes them and `dev.py import` reads them.\n"
ODD_LINE_ENDS = frozenset("\x85\u2028\u2029")
FIELDS = (*TEXTS, "tags", STATE)


def main() -> int:
    parser = options("export", __doc__)
    parser.add_argument("file", type=Path, nargs="?", metavar="FILE.yaml", help="where to, the screen by default")
    given = parser.parse_args()
    return ended(lambda: _export(Site.at(given.url, given.key), given.file))


def _export(site: Site, file: Path | None) -> None:
    schedules = site.schedules()
    for each in schedules:
        if each.get("problem"):
            print(f"Schedule {each['id']} has a problem: {each['problem']}", file=sys.stderr)
    text = written(schedules)
    if file is None:
        sys.stdout.write(text)
        return
    # First beside it: a file that is cut short must not stand in for the whole.
    beside = file.with_name(f"{file.name}.new")
    try:
        beside.write_text(text, encoding="utf-8", newline="\n")
        beside.replace(file)
    except OSError as error:
        raise FileUnreadable(f"{file} can't be written: {error.strerror}.") from None


def written(schedules: Sequence[There]) -> str:
    """Return schedules as YAML, the same text for the same schedules whatever their order and ids."""
    rows = [{name: one[name] for name in FIELDS if name in one and not _follows(name, one)} for one in schedules]
    rows.sort(key=lambda row: [str(row.get(name)) for name in FIELDS])
    return HEAD + yaml.dump({TOP: rows}, Dumper=_Texts, sort_keys=False, allow_unicode=True, width=4096)


def _follows(name: str, one: There) -> bool:
    """True of a state that startupState says already: written beside it, it would hold against whoever edits that."""
    return name == STATE and one[STATE] == STATE_OF[one["startupState"]]


class _Texts(yaml.SafeDumper):
    """Writes what YAML takes for the end of a line in quotes, or it would come back as a blank."""

    def represent_str(self, data: str) -> yaml.ScalarNode:
        style = '"' if ODD_LINE_ENDS.intersection(data) else None
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_Texts.add_representer(str, _Texts.represent_str)


if __name__ == "__main__":
    sys.exit(main())

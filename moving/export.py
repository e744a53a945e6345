"""Write all schedules to a YAML file that is fit for Git: in a steady order, without what changes by itself."""

import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from moving.command import ended, options
from moving.site import Site
from moving.wanted import STATE, TEXTS, There

TOP = "footmanSchedule"
HEAD = "# Footman's schedules, as `dev.py export` writes them and `dev.py import` reads them.\n"
FIELDS = (*TEXTS, "tags", STATE)


def main() -> int:
    parser = options("export", __doc__)
    parser.add_argument("file", type=Path, nargs="?", metavar="FILE.yaml", help="where to, the screen by default")
    given = parser.parse_args()
    return ended(lambda: _export(Site.at(given.url, given.key), given.file))


def _export(site: Site, file: Path | None) -> None:
    text = written(site.schedules())
    if file is None:
        sys.stdout.write(text)
        return
    # First beside it: a file that is cut short must not stand in for the whole.
    beside = file.with_name(f"{file.name}.new")
    beside.write_text(text, encoding="utf-8", newline="\n")
    beside.replace(file)


def written(schedules: Sequence[There]) -> str:
    """Return schedules as YAML, the same text for the same schedules whatever their order and ids."""
    rows = [{name: one[name] for name in FIELDS if name in one} for one in schedules]
    rows.sort(key=lambda row: [str(row.get(name)) for name in FIELDS])
    return HEAD + yaml.safe_dump({TOP: rows}, sort_keys=False, allow_unicode=True, width=4096)


if __name__ == "__main__":
    sys.exit(main())

"""Write all schedules to a YAML file that is fit for Git: in a steady order, without what changes by itself."""

import sys
from collections.abc import Sequence
from pathlib import Path
from unicodedata import category

import yaml

from client.command import exit_code, options, say
from client.files import FileUnreadable
from client.site import Site
from client.wanted import STATE, TEXTS, SiteSchedule
from shared.core.schedules import STATE_OF
from shared.foreign import visible

TOP = "footmanSchedule"
HEAD = "# Footman's schedules, as `dev.py export` writes them and `dev.py import` reads them.\n"
NEVER_EMPTY = ("name", "cronSchedule", "timezone", "qlikSenseTaskId")
FIELDS = (*TEXTS, "tags", STATE)


def main() -> int:
    """Run the command and return its exit code."""
    parser = options("export", __doc__)
    parser.add_argument("file", type=Path, nargs="?", metavar="FILE.yaml", help="where to, the screen by default")
    given = parser.parse_args()
    left_out: list[SiteSchedule] = []
    code = exit_code(lambda: left_out.extend(_export(Site.at(given.url, given.key), given.file)))
    return code or int(bool(left_out))


def _export(site: Site, file: Path | None) -> list[SiteSchedule]:
    """Write the schedules and return those that can't be written, since their rows can't be read."""
    found = site.schedules()
    for each in found:
        if each.get("problem"):
            say(f"Schedule {each['id']} has a problem: {each['problem']}", is_trouble=True)
    # An empty text stands where a row can't be read; import would refuse the whole file because of it.
    left_out = [each for each in found if not all(each[name] for name in NEVER_EMPTY)]
    for each in left_out:
        say(f"Schedule {each['id']} is left out.", is_trouble=True)
    text = written([each for each in found if each not in left_out])
    if file is None:
        sys.stdout.write(text)
        return left_out
    # Written to a draft first: a file that was cut short must not replace the complete one.
    draft = file.with_name(f"{file.name}.new")
    try:
        draft.write_text(text, encoding="utf-8", newline="\n")
        draft.replace(file)
    except OSError as error:
        raise FileUnreadable(f"{file} can't be written: {error.strerror}.") from None
    return left_out


def written(schedules: Sequence[SiteSchedule]) -> str:
    """Return schedules as YAML; the text does not depend on their order or ids."""
    rows = [{name: one[name] for name in FIELDS if name in one and not _is_implied(name, one)} for one in schedules]
    rows.sort(key=lambda row: [str(row.get(name)) for name in FIELDS])
    text = yaml.dump({TOP: rows}, Dumper=_Texts, sort_keys=False, allow_unicode=True, width=4096)
    # What is not seen would read as something else in a review; it stands in quotes alone, where YAML has this form.
    return HEAD + "".join(f"\\U{ord(each):08X}" if category(each) == "Cf" else each for each in text)


def _is_implied(name: str, one: SiteSchedule) -> bool:
    """Return True for a state that startupState already gives: written out, it would override whoever edits that."""
    return name == STATE and one[STATE] == STATE_OF[one["startupState"]]


class _Texts(yaml.SafeDumper):
    """Quotes a text with characters that are not seen.

    Those that YAML takes for line ends would otherwise be read back as blanks.
    """

    def represent_str(self, data: str) -> yaml.ScalarNode:
        style = '"' if visible(data) != data else None
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_Texts.add_representer(str, _Texts.represent_str)


if __name__ == "__main__":
    sys.exit(main())

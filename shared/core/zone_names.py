"""What somebody meant who named an unknown zone, said only where it is sure: near in letters may be far in hours."""

import re
from collections.abc import Collection, Iterator
from itertools import takewhile

AN_EXAMPLE = ", for instance 'Europe/Stockholm' or 'UTC'."
# A shorter name is one letter from too many others.
SHORTEST = 5
# Places that lie elsewhere than the zone whose name is one letter from theirs.
OTHER_PLACES = frozenset(
    {
        *("Africa/Harar", "America/Cordova", "America/Granada", "America/Matamoras"),
        *("America/Monterey", "America/Rosarito", "Asia/China"),
    }
)


def suggestion(name: str, known: Collection[str]) -> str:
    """Return what to say of a name that is not among the known ones: the one that was meant, or an example."""
    if re.fullmatch(r"[A-Z]{2,5}", name):
        return f"; an abbreviation does not say which place's clocks are meant{AN_EXAMPLE}"
    from tzlocal.windows_tz import win_tz  # noqa: PLC0415 - only a mistake asks for it

    spelled = _letters(name[:60])
    meant = {_letters(windows): iana for windows, iana in win_tz.items()} | {_letters(iana): iana for iana in known}
    near = [meant[spelled]] if spelled in meant else list(_one_letter_from(spelled, known))
    return f"; did you mean {near[0]!r}?" if len(near) == 1 else AN_EXAMPLE


def _letters(name: str) -> str:
    """Return a name without upper case and separators, but those of numbers: a sign, and what parts two."""
    apart = re.sub(r"(?:[^\w+-]|_)+", "_", name.lower())
    return re.sub(r"(?<![0-9])_|_(?![0-9])|[+-](?![0-9])", "", apart)


def _one_letter_from(spelled: str, known: Collection[str]) -> Iterator[str]:
    if spelled in map(_letters, OTHER_PLACES):
        return
    for name in known:
        place = _letters(name.rpartition("/")[2])
        region = _letters(name).removesuffix(place)
        # The first letter of a place is rarely mistaken, and many places differ by it alone.
        same_begin = not spelled.startswith(region) or spelled.startswith(region + place[0])
        if len(place) >= SHORTEST and place.isalpha() and same_begin and _is_one_letter(spelled, region + place):
            yield name


def _is_one_letter(one: str, other: str) -> bool:
    """Tell whether texts differ by one letter, missing, added or wrong, or by two that changed places."""
    begin = _alike(one, other)
    end = _alike(one[begin:][::-1], other[begin:][::-1])
    mine, theirs = one[begin : len(one) - end], other[begin : len(other) - end]
    if not f"{mine}{theirs}".isalpha():
        return False
    return max(len(mine), len(theirs)) == 1 or (len(mine) == 2 and mine == theirs[::-1])  # noqa: PLR2004 - a pair


def _alike(one: str, other: str) -> int:
    """Return how many letters from the first on are the same in both."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))

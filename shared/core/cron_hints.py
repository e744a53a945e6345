"""What to write instead, for mistakes in an expression that are often made."""

import re

# What a place and the item there look like in lower case, and what to say; \1 is what stands in brackets.
_HINTS = (
    (r"expression (\S+ ){6}\S+", r"; a 7th for the year, as in Quartz, can't be given"),
    (r"expression @reboot", r"; @reboot names no time"),
    (r"expression @every .*", r"; every 5 minutes is */5 * * * *, every 2 hours 0 */2 * * *"),
    (r"(?:second|minute) 60", r"; after 59 comes 0"),
    (r"hour 24", r"; midnight is 0"),
    (r"day of month (?:[0-9]*l?w|w[0-9]+)", r"; W, the nearest working day, can't be named; name dates or weekdays"),
    (r"day of month l.*", r"; L, the last day, stands alone"),
    (r"weekday ([0-7])l", r"; the last one in a month is L\1"),
    (r"weekday l", r"; L needs a weekday: L5 is the last Friday"),
    (r"weekday l[0-7]", r"; it stands alone"),
)
_WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_LONG_NAMES = {"weekday": (0, _WEEKDAYS), "month": (1, _MONTHS)}
SHORT = 3


def hint(place: str, item: str) -> str:
    """Return what to say of an item that can't be read, beginning with a semicolon; nothing where nothing is known."""
    said = f"{place} {item}".lower()
    for pattern, hint in _HINTS:
        if found := re.fullmatch(pattern, said):
            return found.expand(hint)
    return _short_name(place, item)


def _short_name(place: str, item: str) -> str:
    """Return what to write for a name in full, in the plural or cut off: `monday`, `mondays`, `sept`."""
    first, names = _LONG_NAMES.get(place, (0, ()))
    word = re.search(r"[a-z]{4,}", item.lower())
    for number, name in enumerate(names, first):
        if word and f"{name}s".startswith(word[0]):
            return f"; for {word[0]!r} write {name[:SHORT]} or {number}"
    return ""

"""A second reading of cron expressions, by walking from date to date: slow, plain, and without a line of the first."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import product

DAY = timedelta(days=1)
WEEK = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
YEAR = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
SECONDS, MINUTES, HOURS = [*range(60)], [*range(60)], [*range(24)]
DAYS, MONTHS, WEEKDAYS = [*range(1, 32)], [*range(1, 13)], [*range(7)]
SOME_YEARS = 10
DayRule = Callable[[date], bool]


def expected(text: str, after: datetime) -> Iterator[datetime]:
    """Give the instants in UTC after `after` at which the expression is due; ends after some years without one."""
    *times, day, month, weekday = text.split()
    hours, minutes, seconds = (
        sorted(_all(field, order))
        for field, order in zip([*times[::-1], "0"][:3], (HOURS, MINUTES, SECONDS), strict=True)
    )
    months, is_day = _all(month, MONTHS), _day_rule(day, weekday)
    today, newest = after.date(), after.year
    while today.year <= newest + SOME_YEARS:
        if today.month in months and is_day(today):
            for at in product(hours, minutes, seconds):
                instant = datetime.combine(today, time(*at), UTC)
                if instant > after:
                    yield instant
                    newest = today.year
        today += DAY


def _all(field: str, order: list[int]) -> set[int]:
    return {value for item in field.split(",") for value in _walk(item, order)}


def _walk(item: str, order: list[int]) -> list[int]:
    span, _, step = item.partition("/")
    low, _, high = span.partition("-")
    path = order
    if low != "*":
        start = order.index(_value(low, order) % 7 if order is WEEKDAYS else _value(low, order))
        around = [*order[start:], *order[:start]]
        alone = order[start:] if step else [order[start]]
        path = _up_to(_value(high, order), around) if high else alone
    return path[:: int(step or "1")]


def _up_to(last: int, around: list[int]) -> list[int]:
    if last in around:
        return around[: around.index(last) + 1]
    # Sunday as the seventh: on from a Sunday that is a whole week, from another day up to the next Sunday.
    return [*around, 0] if around[0] == 0 else around[: around.index(0) + 1]


def _value(text: str, order: list[int]) -> int:
    names = dict(zip(YEAR if order is MONTHS else WEEK, order, strict=False))
    return names[text.lower()] if text.isalpha() else int(text)


def _day_rule(day: str, weekday: str) -> DayRule:
    rules = [*_of_month(day), *_of_week(weekday)]
    return lambda today: not rules or any(rule(today) for rule in rules)


def _of_month(field: str) -> Iterator[DayRule]:
    if field.lower() == "l":
        yield lambda today: (today + DAY).day == 1
    elif field != "?" and "*" not in field.split(","):
        days = _all(field, DAYS)
        yield lambda today: today.day in days


def _of_week(field: str) -> Iterator[DayRule]:
    if field.lower().startswith("l"):
        last = int(field[1]) % 7
        yield lambda today: today.isoweekday() % 7 == last and (today + 7 * DAY).month != today.month
    elif "#" in field:
        pairs = [item.split("#") for item in field.split(",")]
        wanted = {(_value(day, WEEKDAYS) % 7, int(nth)) for day, nth in pairs}
        yield lambda today: (today.isoweekday() % 7, (today.day + 6) // 7) in wanted
    elif field != "?" and "*" not in field.split(","):
        days = _all(field, WEEKDAYS)
        yield lambda today: today.isoweekday() % 7 in days


def drawn(chance: random.Random) -> str:
    """Draw an expression: steps, ranges round the end, names, lists, `L`, `#`, and both day fields."""
    fields = [_drawn(chance, order) for order in (MINUTES, HOURS)]
    if chance.random() < 0.3:
        fields.insert(0, _drawn(chance, SECONDS))
    day = chance.choice(["L", "?", "*", "*", _drawn(chance, DAYS), _drawn(chance, DAYS)])
    month = chance.choice(["*", "*", "2", _drawn(chance, MONTHS)])
    which = ",".join(f"{_written(chance, WEEKDAYS)}#{chance.randint(1, 5)}" for _ in range(chance.randint(1, 3)))
    last = f"{chance.choice('Ll')}{chance.randint(0, 7)}"
    weekday = chance.choice(["*", "*", "?", which, last, _drawn(chance, WEEKDAYS), _drawn(chance, WEEKDAYS)])
    return " ".join([*fields, day, month, weekday])


def _drawn(chance: random.Random, order: list[int]) -> str:
    return ",".join(_item(chance, order) for _ in range(chance.choice([1, 1, 1, 2, 4])))


def _item(chance: random.Random, order: list[int]) -> str:
    low, high = _written(chance, order), _written(chance, order)
    span = chance.choice([low, low, f"{low}-{high}", f"{low}-{high}", "*"])
    if _value(low, order) == _value(high, order) and "-" in span:
        span = low
    return span + chance.choice(["", f"/{chance.randint(1, len(order) + 2)}"])


def _written(chance: random.Random, order: list[int]) -> str:
    names = YEAR if order is MONTHS else WEEK if order is WEEKDAYS else ()
    number = chance.choice([*order, 7] if order is WEEKDAYS else order)
    if number in order and names and chance.random() < 0.3:
        return chance.choice([str.lower, str.upper, str.title])(names[order.index(number)])
    return chance.choice([str(number), f"{number:02}"])

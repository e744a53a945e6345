"""Cron expressions for hypothesis: those that every cron reads alike and that are due every year."""

from hypothesis import strategies as st

STAR = st.just("*")


def number(first: int, last: int) -> st.SearchStrategy[str]:
    """Generate one number of a field."""
    one = st.integers(first, last)
    span = st.tuples(one, one).filter(lambda ends: ends[0] < ends[1]).map(lambda ends: f"{ends[0]}-{ends[1]}")
    several = st.lists(one.map(str), min_size=1, max_size=4, unique=True).map(",".join)
    return st.one_of(st.just("*"), st.integers(2, last).map(lambda step: f"*/{step}"), span, several)


def expression(day: st.SearchStrategy[str], weekday: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Generate an expression of five fields with these days and weekdays."""
    return st.tuples(number(0, 59), number(0, 23), day, number(1, 12), weekday).map(" ".join)


# Crons differ in how they read a step over days together with a weekday; they agree on the rest.
EXPRESSIONS = st.one_of(expression(number(1, 28), STAR), expression(STAR, number(0, 6)))

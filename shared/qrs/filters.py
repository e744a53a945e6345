"""Write QRS filters: text that selects tasks.

The grammar is documented as "Filtering" in the Repository Service API; escaping was measured on live sites: inside
quotes a backslash goes before a backslash and before a quote, doubled quotes are refused.
"""

from collections.abc import Iterable
from urllib.parse import quote

from shared.core.portions import portions
from shared.core.tasks import Property

TERMS_PER_FILTER = 40
# A Windows server takes 16 kB of request line and headers; half of that leaves room for proxies.
FILTER_BYTES = 8_000
_OR = " or "


def by_ids(task_ids: Iterable[str]) -> list[str]:
    """Return filters, percent-encoded, that select the tasks with any of these ids."""
    return _joined(f"id eq {task_id}" for task_id in task_ids)


def by_tags(tags: Iterable[str]) -> list[str]:
    """Return filters that select the tasks with any of these tags."""
    return _joined(f"tags.name eq {_text(tag)}" for tag in tags)


def by_properties(properties: Iterable[Property]) -> list[str]:
    """Return filters that select the tasks with any of these custom properties."""
    return _joined(
        f"(customProperties.definition.name eq {_text(pair.name)} and customProperties.value eq {_text(pair.value)})"
        for pair in properties
    )


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _joined(terms: Iterable[str]) -> list[str]:
    """Return as few filters as hold all terms, fully percent-encoded: a `+` for a space would be read literally."""
    chunks = portions(terms, most=TERMS_PER_FILTER, size_of=_size, most_size=FILTER_BYTES)
    return [quote(_OR.join(chunk), safe="") for chunk in chunks]


def _size(term: str) -> int:
    return len(quote(_OR + term, safe=""))

"""Rows that can't be read, since somebody edited them by hand: reported, and in nobody's way."""

from dataclasses import dataclass, replace

from shared.core.entry import Entry


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """A row by its key, and its columns that hold something else than they must, each with what it is not."""

    key: str
    columns: tuple[str, ...]

    @property
    def problem(self) -> str:
        """Return what is wrong and what to do, for the person who asks about the schedule."""
        return (
            f"The row {self.key} in storage can't be read ({'; '.join(self.columns)}). Correct it there, and the "
            "schedule goes on by itself; or stop or delete the schedule."
        )


@dataclass(frozen=True, kw_only=True)
class UnreadableEntry:
    """An entry whose row can't be read: nobody claims or moves it, and its schedule stays as it is.

    `entry` is what can be read of it; the columns that can't be have their defaults there.
    """

    row: Unreadable
    entry: Entry


AnyEntry = Entry | UnreadableEntry


def readable(entry: AnyEntry) -> Entry:
    """Return the entry as far as it can be read: where it stands and in which version, at least."""
    return entry.entry if isinstance(entry, UnreadableEntry) else entry


def as_said(entry: UnreadableEntry, said: Entry) -> Entry:
    """Return the entry with what its schedule says, which `said` holds.

    Unless a tick is known to have it in hand its number stays free, for a run that somebody may be about to record.
    """
    own, seq = entry.entry, max(entry.entry.seq, said.seq)
    whole = replace(own, rule=said.rule, target=said.target, seq=seq)
    return whole if whole.is_in_hand else replace(whole, seq=seq + 1)

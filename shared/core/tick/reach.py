"""Whether Sense can be reached, by the answers to a tick's starts."""

from dataclasses import dataclass, replace

from shared.core.tries import Tried


@dataclass(frozen=True, kw_only=True)
class Reach:
    """After `failures_allowed` starts in a row without an answer Sense is out of reach, and `trouble` says why.

    While only one failure is allowed, one start is sent at a time.
    """

    failures_allowed: int
    failures_in_a_row: int = 0
    trouble: str | None = None

    @property
    def is_lost(self) -> bool:
        return self.trouble is not None

    def lost(self, error: object) -> "Reach":
        """Return that Sense is out of reach, for the rest of the tick."""
        return replace(self, trouble=str(error))

    def proven(self, connections: int) -> "Reach":
        """Return that Sense has just answered: as many failures are allowed as there are connections."""
        return replace(self, failures_allowed=connections, failures_in_a_row=0)

    def after(self, tried: Tried, connections: int) -> "Reach":
        """Return what is known after a start; one that was not sent changes nothing."""
        if not tried.was_sent:
            return self
        if not tried.is_out_of_reach:
            return self.proven(connections)
        failed = replace(self, failures_in_a_row=self.failures_in_a_row + 1)
        return failed.lost(tried.error) if failed.failures_in_a_row >= self.failures_allowed else failed

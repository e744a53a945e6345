"""Values of the contract's formats, for the walk through it."""

from datetime import datetime

import schemathesis
from hypothesis import strategies as st

from sandbox.cron_texts import EXPRESSIONS
from shared.api.edge.parameters import FIRST_YEAR, LAST_YEAR
from shared.api.schedules.body import CRON, ZONE

FIRST, LAST = datetime(FIRST_YEAR + 1, 1, 1), datetime(LAST_YEAR, 1, 1)  # noqa: DTZ001 - the text says that it is UTC
SECONDS = st.sampled_from(["", "0 ", "*/5 ", "7-40/3 "])

schemathesis.openapi.format(CRON, st.tuples(SECONDS, EXPRESSIONS).map("".join))
schemathesis.openapi.format(ZONE, st.sampled_from(["UTC", "Europe/Stockholm", "Asia/Kolkata", "Pacific/Chatham"]))
schemathesis.openapi.format("date-time", st.datetimes(FIRST, LAST).map(lambda instant: f"{instant.isoformat()}Z"))

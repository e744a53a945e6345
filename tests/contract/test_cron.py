"""The instants that every expression must give, changes of clocks included."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from shared.core.cron import Cron, next_after
from shared.core.zones import Zone

CASES = json.loads(Path(__file__).with_name("cron.json").read_text(encoding="utf-8"))


def name(case: dict[str, Any]) -> str:
    return f"{case['cronSchedule']} in {case['timezone']} after {case['after']}"


@pytest.mark.parametrize("case", CASES, ids=name)
def test_it_is_due_when_it_must_be(case: dict[str, Any]) -> None:
    cron, zone = Cron.parse(case["cronSchedule"]), Zone.parse(case["timezone"])
    instant = datetime.fromisoformat(case["after"])
    given: list[str] = []
    while len(given) < len(case["next"]):
        following = next_after(cron, zone, instant)
        assert following is not None
        instant = following
        given.append(instant.isoformat().replace("+00:00", "Z"))

    assert given == case["next"]

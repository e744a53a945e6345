"""What a running Butler answered about key-values: each case stands on those before it."""

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.local_host import LocalHost
from sandbox.stand_in import StandIn

CASES = json.loads(Path(__file__).with_name("key-values.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_it_answers_as_butler_did(
    case: dict[str, Any], footman: LocalHost, http: requests.Session, sense: StandIn
) -> None:
    asked, expected = case["request"], case["response"]
    url = footman.url + asked["path"]
    answer = http.request(asked["method"], url, json=asked.get("body"), timeout=30)

    assert answer.status_code == expected["status"]
    if "body" in expected:
        assert answer.json() == expected["body"]
    if "bodyIncludes" in expected:
        assert expected["bodyIncludes"].items() <= answer.json().items()
    assert sorted(start["taskId"] for start in sense.starts()) == case["starts"]

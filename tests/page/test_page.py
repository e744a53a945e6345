"""The page at /documentation as a person uses it, in a browser."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
from azure.data.tables import TableClient
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from sandbox.local_host import LocalHost
from sandbox.stand_in import StandIn
from tests.browser import arguments, browser
from tests.conftest import APP1, StartFootman

KEY = "a key that only tests know"
# Outside the repository, for a person to look at.
PICTURE = Path(tempfile.gettempdir()) / "footman-tests" / "documentation.png"
SECONDS = 15


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = browser()
    assert path, "no Chromium, Chrome or Edge was found"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=arguments())
        yield started
        started.close()


@pytest.fixture(scope="module")
def keyed(start_footman: StartFootman) -> LocalHost:
    return start_footman({}, key=KEY)


@dataclass
class Opened:
    """The page, all addresses it asked for and all it complained of."""

    page: Page
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def operation(self, method: str, path: str) -> Locator:
        at = self.page.locator(f'.opblock-{method}:has([data-path="{path}"])')
        at.locator(".opblock-summary-control").click()
        at.get_by_role("button", name="Try it out").click()
        return at


@pytest.fixture
def opened(chromium: Browser, keyed: LocalHost) -> Iterator[Opened]:
    context = chromium.new_context(viewport={"width": 1280, "height": 1600})
    context.set_default_timeout(SECONDS * 1000)
    opened = Opened(page=context.new_page())
    opened.page.on("request", lambda request: opened.asked.append(request.url))
    opened.page.on("console", lambda told: opened.complaints.append(told.text) if told.type == "error" else None)
    opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    opened.page.goto(f"{keyed.url}/documentation")
    opened.page.locator(".opblock").first.wait_for()
    yield opened
    context.close()


def give_the_key(page: Page) -> None:
    page.get_by_role("button", name="Authorize").first.click()
    dialog = page.locator(".dialog-ux")
    dialog.locator("input").fill(KEY)
    dialog.locator("button.authorize").click()
    dialog.get_by_role("button", name="Close").click()


def execute(operation: Locator) -> tuple[str, str]:
    """Send what is filled in, and return the status and body that the page shows."""
    operation.locator("button.execute").click()
    answer = operation.locator(".live-responses-table .response")
    answer.wait_for()
    body = answer.locator("pre code")
    return answer.locator(".response-col_status").inner_text(), body.inner_text() if body.count() else ""


def test_it_lists_every_operation_of_the_contract(opened: Opened, keyed: LocalHost, http: requests.Session) -> None:
    contract = http.get(f"{keyed.url}/v4/openapi.json", timeout=10).json()
    told = {(method, path) for path, methods in contract["paths"].items() for method in methods}

    blocks = opened.page.locator(".opblock").all()
    shown = {
        (block.locator(".opblock-summary-method").inner_text().lower(), path)
        for block in blocks
        for path in [block.locator("[data-path]").get_attribute("data-path")]
    }
    PICTURE.parent.mkdir(exist_ok=True)
    opened.page.screenshot(path=PICTURE, full_page=True)

    assert len(told) == len(blocks)
    assert shown == told


def test_it_asks_nobody_but_footman_and_complains_of_nothing(opened: Opened, keyed: LocalHost) -> None:
    assert len(opened.asked) > 5
    assert [url for url in opened.asked if not url.startswith((keyed.url, "data:"))] == []
    assert opened.complaints == []


def test_the_root_leads_to_it(opened: Opened, keyed: LocalHost) -> None:
    opened.page.goto(keyed.url)
    opened.page.locator(".opblock").first.wait_for()

    assert opened.page.url == f"{keyed.url}/documentation"


def test_a_task_is_started_through_it_as_it_is_filled_in(opened: Opened, sense: StandIn) -> None:
    give_the_key(opened.page)
    start = opened.operation("put", "/v4/reloadtask/{taskId}/start")
    filled = {name: start.locator(f'[data-param-name="{name}"]') for name in ("taskId", "allTaskIdsMustExist")}

    status, body = execute(start)

    assert filled["taskId"].locator("input").input_value() == APP1
    assert filled["allTaskIdsMustExist"].locator("select").input_value() in {"", "false"}
    assert status == "200"
    assert "Reload task of App1" in body
    assert [one["taskId"] for one in sense.starts()] == [APP1]


def test_a_schedule_that_never_fires_is_made_through_it_as_it_is_filled_in(opened: Opened, table: TableClient) -> None:
    give_the_key(opened.page)
    create = opened.operation("post", "/v4/schedules")

    status, body = execute(create)

    assert status == "201"
    assert '"lastKnownState": "stopped"' in body
    [kept] = [row for row in table.list_entities() if row["RowKey"].startswith(("schedule:", "due:"))]
    assert (kept["state"], kept["cron"], kept["taskId"]) == ("stopped", "0 6 * * *", APP1)


def test_without_the_key_it_shows_that_there_was_none(opened: Opened, sense: StandIn) -> None:
    start = opened.operation("put", "/v4/reloadtask/{taskId}/start")

    status, _ = execute(start)

    assert status == "401"
    assert sense.starts() == []

"""Examples to try first: curl commands that work in bash and in the Windows command prompt."""

import json
from pathlib import Path
from typing import Any

APP1 = "c6d86a12-bd1c-5e5c-b5c7-914f09a2b88a"
APP2 = "7d1427f4-b9ad-5812-aed5-9e6da8b9889c"
APP3 = "7d7d32dd-a1fb-506e-9aee-50d88b2e94d3"
TASKS = Path(__file__).with_name("qrs") / "tasks.json"
YOURS = "ID-OF-A-TASK-OF-YOURS"


def examples(url: str, *, storage: bool, sense: bool, run_file: str = ".local/run.json") -> str:
    """Return the text shown once Footman serves; `storage` and `sense` say whether the local ones are in use."""
    site = "a stand-in with the tasks below" if sense else "the QRS_URL that is set"
    rows = "Azurite" if storage else "the STORAGE_CONNECTION that is set"
    lines = [
        f"{url}/documentation is the page to see and try all calls.",
        "",
        f"Footman serves on {url}. Ctrl-C ends it and all that it started.",
        f"Sense: {site}. Storage: {rows}. The addresses of both stand in {run_file}.",
        *(["", *_table(json.loads(TASKS.read_text(encoding="utf-8")))] if sense else []),
    ]
    for what, line in _calls(url, *((APP1, APP2, APP3) if sense else (YOURS, YOURS, YOURS))).items():
        lines += ["", f"# {what}", line]
    return "\n".join(["", *lines, ""])


def _table(tasks: list[dict[str, Any]]) -> list[str]:
    rows = [("task id", "name", "tags", "custom properties"), *map(_row, tasks)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def _row(task: dict[str, Any]) -> tuple[str, str, str, str]:
    tags = ", ".join(tag["name"] for tag in task["tags"])
    properties = ", ".join(f"{one['definition']['name']}={one['value']}" for one in task["customProperties"])
    return task["id"], task["name"], tags, properties


def _calls(url: str, one: str, two: str, three: str) -> dict[str, str]:
    return {
        "Start a single task": _start(url, one, []),
        "A task id that is none": _start(url, "abc123", []),
        "Several tasks": _start(url, "-", [_by_id(two), _by_id(three)]),
        "All ids must exist, or none is started": _start(
            url, one, [_by_id(two), _by_id(three[:-1])], "?allTaskIdsMustExist=true"
        ),
        "By tag": _start(url, "-", [{"type": "starttasktag", "payload": {"tag": "tag 1"}}]),
        "By custom property": _start(
            url,
            "-",
            [
                {
                    "type": "starttaskcustomproperty",
                    "payload": {"customPropertyName": "taskGroup", "customPropertyValue": "group2"},
                }
            ],
        ),
        "A schedule, every working morning": _schedule(url, one),
    }


def _schedule(url: str, task_id: str) -> str:
    body = {"name": "Sales, every working morning", "cronSchedule": "30 6 * * 1-5", "timezone": "Europe/Stockholm"}
    body |= {"qlikSenseTaskId": task_id, "startupState": "started"}
    return f'curl -X POST "{url}/v4/schedules" -H "Content-Type: application/json" -d {json.dumps(json.dumps(body))}'


def _by_id(task_id: str) -> dict[str, object]:
    return {"type": "starttaskid", "payload": {"taskId": task_id}}


def _start(url: str, task_id: str, items: list[dict[str, object]], query: str = "") -> str:
    body = json.dumps(json.dumps(items))  # double quotes outside, backslashes inside: both shells read that alike
    return f'curl -X PUT "{url}/v4/reloadtask/{task_id}/start{query}" -H "Content-Type: application/json" -d {body}'

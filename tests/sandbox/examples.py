"""What to try first, as curl lines that work in bash and in the Windows command prompt alike."""

import json

APP1 = "c6d86a12-bd1c-5e5c-b5c7-914f09a2b88a"
APP2 = "7d1427f4-b9ad-5812-aed5-9e6da8b9889c"
APP3 = "7d7d32dd-a1fb-506e-9aee-50d88b2e94d3"
YOURS = "ID-OF-A-TASK-OF-YOURS"


def examples(url: str, *, storage: bool, sense: bool) -> str:
    """Return the text shown when Footman serves; `storage` and `sense` tell whether the local ones are in use."""
    one, two, three = (APP1, APP2, APP3) if sense else (YOURS, YOURS, YOURS)
    calls = {
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
    }
    calls["A schedule, every working morning"] = _schedule(url, one)
    site = "a stand-in with 20 tasks" if sense else "the QRS_URL that is set"
    rows = "Azurite" if storage else "the STORAGE_CONNECTION that is set"
    lines = [
        f"Footman serves on {url}. Ctrl-C ends it and all that it started.",
        f"Sense: {site}. Storage: {rows}. The addresses of both stand in .local/run.json.",
    ]
    for what, line in calls.items():
        lines += ["", f"# {what}", line]
    return "\n".join(["", *lines, ""])


def _schedule(url: str, task_id: str) -> str:
    body = {"name": "Sales, every working morning", "cronSchedule": "30 6 * * 1-5", "timezone": "Europe/Stockholm"}
    body |= {"qlikSenseTaskId": task_id, "startupState": "started"}
    return f'curl -X POST "{url}/v4/schedules" -H "Content-Type: application/json" -d {json.dumps(json.dumps(body))}'


def _by_id(task_id: str) -> dict[str, object]:
    return {"type": "starttaskid", "payload": {"taskId": task_id}}


def _start(url: str, task_id: str, items: list[dict[str, object]], query: str = "") -> str:
    body = json.dumps(json.dumps(items))  # double quotes around, backslashes inside: read alike by both shells
    return f'curl -X PUT "{url}/v4/reloadtask/{task_id}/start{query}" -H "Content-Type: application/json" -d {body}'

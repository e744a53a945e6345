"""What the queries of alerts and workbook ask of lines of the log."""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.infra.bicep import INFRA


@dataclass(frozen=True)
class Query:
    path: Path

    @property
    def text(self) -> str:
        """Return it without its comments."""
        lines = self.path.read_text(encoding="utf-8").splitlines()
        return "\n".join(line for line in lines if not line.startswith("//"))

    @property
    def actions(self) -> set[str]:
        return set(re.findall(r'told\.action == "(\w+)"', self.text))

    @property
    def fields(self) -> set[str]:
        return set(re.findall(r"\btold\.(\w+)", self.text)) - {"action"}


def queries() -> list[Query]:
    return [Query(path) for path in sorted((INFRA / "queries").glob("*.kql"))]

"""Where Python keeps what it compiles while the tests run."""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from sandbox.environment import LOCAL

COMPILED = LOCAL / "compiled"


def compiled_kept(environment: Mapping[str, str]) -> dict[str, str]:
    """Let Python keep what it compiles, where the machine lets it keep nothing beside the sources: in `.local`.

    A hundred processes import the same libraries, and to compile them takes longer than anything they do then.
    """
    if not environment.get("PYTHONDONTWRITEBYTECODE"):
        return dict(environment)
    kept = {"PYTHONPYCACHEPREFIX": str(COMPILED), **environment}
    return {name: value for name, value in kept.items() if name != "PYTHONDONTWRITEBYTECODE"}


def forget_compiled_copies() -> None:
    """Remove what was compiled of the copies of the project that tests made: their folders are gone."""
    shutil.rmtree(COMPILED.joinpath(*Path(tempfile.gettempdir()).resolve().parts[1:]), ignore_errors=True)

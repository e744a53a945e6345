"""The files of Swagger UI are those of its package, and its licence goes along."""

import gzip
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from sandbox import environment
from shared.api.documentation import files

KEPT = Path(files.__file__).parent / "swagger_ui"


@pytest.fixture(scope="module")
def package() -> Path:
    return environment.swagger_ui(Path(sys.executable), files.SWAGGER_UI)


@pytest.mark.parametrize("name", files.DIGESTS)
def test_what_is_kept_is_what_the_package_has(name: str, package: Path) -> None:
    original = (package / name).read_bytes()

    assert gzip.decompress((KEPT / f"{name}.gz").read_bytes()) == original
    assert sha256(original).hexdigest() == files.DIGESTS[name]


def test_nothing_else_is_kept_but_its_licence(package: Path) -> None:
    licence = {name: (package / name).read_bytes() for name in ("LICENSE", "NOTICE")}

    assert {each.name for each in KEPT.iterdir()} == {*licence, *(f"{name}.gz" for name in files.DIGESTS)}
    assert {name: (KEPT / name).read_bytes() for name in licence} == licence

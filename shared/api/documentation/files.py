"""The files that the page consists of, Footman's own and those of Swagger UI.

Those of Swagger UI are kept beside this file as the npm package has them, compressed, with their licence; a test holds
them against the package. Their names hold their digest, so a browser may keep them: another version has others.
"""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

HERE = "shared.api.documentation"
HTML, CSS, SCRIPT = "text/html; charset=utf-8", "text/css; charset=utf-8", "text/javascript; charset=utf-8"
SWAGGER_UI = "5.35.0"
# SHA-256 of the files as the package has them.
DIGESTS: Mapping[str, str] = {
    "swagger-ui-bundle.js": "e6a898692f2d768e807c3ba4626068a69a2c5dd960dd6c76f3e4d3a3de180af2",
    "swagger-ui.css": "5ed08757e53da3e026d6cbecc61fe5d43585c9560b302d534ad56692519a273d",
}
DIGITS = 16


@dataclass(frozen=True, kw_only=True)
class File:
    """A file of the page: where it stands below this folder, compressed or not, and whether it never changes."""

    path: str
    content_type: str
    never_changes: bool = False

    @property
    def is_compressed(self) -> bool:
        return self.path.endswith(".gz")


def _for_ever(name: str) -> str:
    """Return the name under which a file never changes: `swagger-ui.css` is `swagger-ui.5ed08757e53da3e0.css`."""
    stem, _, ending = name.rpartition(".")
    return f"{stem}.{DIGESTS[name][:DIGITS]}.{ending}"


def _of_swagger_ui(name: str, content_type: str) -> dict[str, File]:
    path = f"swagger_ui/{name}.gz"
    # Under its bare name too, as pages that a browser still shows ask for it.
    return {
        name: File(path=path, content_type=content_type),
        _for_ever(name): File(path=path, content_type=content_type, never_changes=True),
    }


FILES: Mapping[str, File] = {
    **_of_swagger_ui("swagger-ui.css", CSS),
    **_of_swagger_ui("swagger-ui-bundle.js", SCRIPT),
    "page.css": File(path="page.css", content_type=CSS),
    "page.js": File(path="page.js", content_type=SCRIPT),
}


@cache
def page() -> bytes:
    """Return the page, with the names under which its files never change."""
    text = read("page.html").decode()
    for name in DIGESTS:
        text = text.replace(f"documentation/{name}", f"documentation/{_for_ever(name)}")
    return text.encode()


@cache
def read(path: str) -> bytes:
    """Return a file of this folder as it stands there."""
    return resources.files(HERE).joinpath(path).read_bytes()


@cache
def content(file: File) -> bytes:
    """Return a file as its author made it."""
    return gzip.decompress(read(file.path)) if file.is_compressed else read(file.path)

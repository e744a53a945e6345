"""Bicep files as trees: what each declares, takes and gives on. Syntax only: the rest is the compiler's to say."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

INFRA = Path(__file__).parents[2] / "infra"
_PARSER = Parser(Language(tree_sitter_bicep.language()))


def text(node: Node) -> str:
    assert node.text is not None
    return node.text.decode()


def unquoted(node: Node) -> str:
    return text(node).strip("'")


@dataclass(frozen=True, kw_only=True)
class Module:
    """A module that a file uses: the file it stands in, and the parameters it is given."""

    file: str
    given: frozenset[str]


@dataclass(frozen=True)
class Bicep:
    """A file, parsed."""

    path: Path

    @cached_property
    def root(self) -> Node:
        return _PARSER.parse(self.path.read_bytes()).root_node

    @property
    def source(self) -> str:
        return self.path.read_text(encoding="utf-8")

    def nodes(self, *kinds: str, under: Node | None = None) -> Iterator[Node]:
        for child in (under or self.root).children:
            if child.type in kinds:
                yield child
            yield from self.nodes(*kinds, under=child)

    @property
    def errors(self) -> list[str]:
        wrong = [node for node in self._all(self.root) if node.type == "ERROR" or node.is_missing]
        return [f"{self.path.name}:{node.start_point[0] + 1}" for node in wrong]

    def _all(self, node: Node) -> Iterator[Node]:
        yield node
        for child in node.children:
            yield from self._all(child)

    @property
    def parameters(self) -> dict[str, bool]:
        """Return the names of its parameters, and whether each has to be given."""
        return {
            text(_named(node, "identifier")): not any(child.type == "=" for child in node.children)
            for node in self.nodes("parameter_declaration")
        }

    @property
    def undescribed(self) -> list[str]:
        """Return the parameters before which no description stands."""
        found, described = [], False
        for child in self.root.named_children:
            if child.type == "decorators":
                described = "@description(" in text(child)
            elif child.type == "parameter_declaration" and not described:
                found.append(text(child))
            if child.type != "decorators":
                described = False
        return found

    @property
    def unused(self) -> list[str]:
        """Return the parameters, variables and functions that nothing in the file uses."""
        kinds = ("parameter_declaration", "variable_declaration", "user_defined_function")
        declared = [text(_named(node, "identifier")) for node in self.nodes(*kinds)]
        identifiers = [text(node) for node in self.nodes("identifier")]
        return [name for name in declared if identifiers.count(name) < 2]

    @property
    def modules(self) -> list[Module]:
        return [_module(self, node) for node in self.nodes("module_declaration")]

    def resources(self, kind: str) -> list[str]:
        """Return the texts of its resources of a kind, such as Microsoft.Web/sites, or of a name beneath a parent."""
        found = [node for node in self.nodes("resource_declaration") if kind in text(_named(node, "string"))]
        return [text(node) for node in found]

    @property
    def loaded(self) -> set[str]:
        """Return the files whose text it takes in."""
        calls = [node for node in self.nodes("call_expression") if text(node).startswith("loadTextContent(")]
        return {unquoted(next(self.nodes("string", under=node))) for node in calls}

    def properties_of(self, resource: str) -> set[str]:
        """Return the names of the properties of a resource, by its symbolic name."""
        [found] = [node for node in self.nodes("resource_declaration") if text(_named(node, "identifier")) == resource]
        [properties] = [one for one in _members(found) if text(one.children[0]) == "properties"]
        return {text(one.children[0]).strip("'") for one in _members(properties)}


def files() -> list[Bicep]:
    return [Bicep(path) for path in sorted(INFRA.glob("*.bicep"))]


def _named(node: Node, kind: str) -> Node:
    return next(child for child in node.named_children if child.type == kind)


def _members(node: Node) -> list[Node]:
    """Return the properties of the object that a node holds."""
    return [one for one in _named(node, "object").named_children if one.type == "object_property"]


def _module(file: Bicep, node: Node) -> Module:
    params = next(one for one in file.nodes("object_property", under=node) if text(one.children[0]) == "params")
    return Module(
        file=unquoted(_named(node, "string")),
        given=frozenset(text(one.children[0]) for one in _members(params)),
    )

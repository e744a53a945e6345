"""Read ASP.NET route templates: literals, {name}, {name?}, {*rest} and inline constraints."""

import re
from collections.abc import Callable
from dataclasses import dataclass

Constraint = Callable[[str], bool]

HYPHENATED = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
# Guid.TryParse takes all of these forms.
GUID = re.compile(rf"[0-9a-f]{{32}}|{HYPHENATED}|\{{{HYPHENATED}\}}|\({HYPHENATED}\)", re.IGNORECASE)
INTEGER = re.compile(r"\s*[+-]?[0-9]+\s*")


class BadTemplateError(ValueError):
    """The route template is invalid, or beyond this host."""


@dataclass(frozen=True, kw_only=True)
class Segment:
    """One part of a route template: literal text, or a parameter with its constraints."""

    literal: str = ""
    parameter: str = ""
    constraints: tuple[Constraint, ...] = ()
    optional: bool = False
    catch_all: bool = False

    def accepts(self, text: str) -> bool:
        """Return whether a part of a path matches."""
        if self.parameter:
            return all(holds(text) for holds in self.constraints)
        return text.upper() == self.literal.upper()


def parse_template(template: str) -> tuple[Segment, ...]:
    """Return the segments of a template; raises BadTemplateError."""
    text = template.strip("/")
    segments = tuple(_segment(piece) for piece in _split_outside(text, "/", "{}")) if text else ()
    if any(segment.optional or segment.catch_all for segment in segments[:-1]):
        raise BadTemplateError(f"'{template}': an optional or catch-all parameter must be the last segment")
    names = [segment.parameter.lower() for segment in segments if segment.parameter]
    if len(set(names)) < len(names):
        raise BadTemplateError(f"'{template}': a parameter's name occurs twice")
    return segments


def _segment(piece: str) -> Segment:
    if "{" not in piece and "}" not in piece and piece:
        return Segment(literal=piece)
    found = re.fullmatch(r"\{(\*{0,2})([\w-]+)(:.*?)?(\??)\}", piece)
    if not found:
        raise BadTemplateError(f"'{piece}': a segment is either text or one {{parameter}}")
    stars, name, constraints, optional = found.groups()
    return Segment(
        parameter=name,
        constraints=tuple(_constraint(text) for text in _split_outside(constraints or "", ":", "()")[1:]),
        optional=bool(optional),
        catch_all=bool(stars),
    )


def _constraint(text: str) -> Constraint:
    found = re.fullmatch(r"(\w+)(?:\((.*)\))?", text)
    if found and found[1].lower() in CONSTRAINTS:
        try:
            return CONSTRAINTS[found[1].lower()](found[2] or "")
        except (ValueError, re.error) as error:
            raise BadTemplateError(f"':{text}' has a wrong argument: {error}") from error
    raise BadTemplateError(f"':{text}' is not a constraint this host knows ({', '.join(CONSTRAINTS)})")


def _is_integer(text: str) -> bool:
    return INTEGER.fullmatch(text) is not None and -(2**31) <= int(text) < 2**31


def _length(argument: str) -> Constraint:
    bounds = [int(number) for number in argument.split(",")]
    return lambda text: bounds[0] <= len(text) <= bounds[-1]


def _min_length(argument: str) -> Constraint:
    bound = int(argument)
    return lambda text: len(text) >= bound


def _max_length(argument: str) -> Constraint:
    bound = int(argument)
    return lambda text: len(text) <= bound


def _regex(argument: str) -> Constraint:
    # A template doubles the braces that belong to the expression.
    expression = re.compile(argument.replace("{{", "{").replace("}}", "}"), re.IGNORECASE)
    return lambda text: expression.search(text) is not None


CONSTRAINTS: dict[str, Callable[[str], Constraint]] = {
    "guid": lambda _: lambda text: GUID.fullmatch(text.strip()) is not None,
    "int": lambda _: _is_integer,
    "alpha": lambda _: lambda text: re.fullmatch("[a-z]*", text, re.IGNORECASE) is not None,
    "length": _length,
    "minlength": _min_length,
    "maxlength": _max_length,
    "regex": _regex,
}


def _split_outside(text: str, separator: str, brackets: str) -> list[str]:
    """Split at separators outside all brackets."""
    pieces, depth = [""], 0
    for character in text:
        depth += (character == brackets[0]) - (character == brackets[1])
        if character == separator and depth == 0:
            pieces.append("")
        else:
            pieces[-1] += character
    return pieces

"""Who sends a request, by what it shows; and whether they may make the call."""

import json
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from ipaddress import ip_address
from typing import Any

import azure.functions as func

from shared import wiring
from shared.api.edge.http import KEY_HEADER, KEY_PARAMETER
from shared.core.callers import Caller, Credentials, Origin, Right, RightMissing

# On an open route nobody is asked who they are, and nothing depends on it.
NOBODY = Caller(name="", rights=frozenset())
PRINCIPAL = "x-ms-client-principal"
ID_CLAIMS = frozenset({"http://schemas.microsoft.com/identity/claims/objectidentifier", "oid"})
ROLE_CLAIMS = frozenset({"http://schemas.microsoft.com/ws/2008/06/identity/claims/role", "roles"})
LONGEST_PRINCIPAL = 64_000
# The platform's front end adds whom it has heard, with a port, behind what the caller may have written itself.
FORWARDED = "x-forwarded-for"
_ADDRESS = re.compile(r"\[([0-9A-Fa-f:.]{2,45})\](?::[0-9]{1,5})?|([0-9.]{7,15}):[0-9]{1,5}|([0-9A-Fa-f:.]{2,45})")
# https://www.w3.org/TR/trace-context/#traceparent-header
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def allowed(req: func.HttpRequest, right: Right) -> Caller:
    """Return who sends the request; raises CallerRefused, RightMissing, SettingsError."""
    caller = wiring.caller(_credentials(req))
    if not caller.may(right):
        raise RightMissing(caller.name, right, sorted(caller.rights))
    return replace(caller, origin=_origin(req, caller.name))


def _origin(req: func.HttpRequest, name: str) -> Origin:
    traceparent: str = req.headers.get("traceparent", "")
    return Origin(
        caller=name,
        address=address_of(req.headers.get(FORWARDED, "")),
        traceparent=traceparent if _TRACEPARENT.fullmatch(traceparent) else "",
    )


def address_of(forwarded: str) -> str:
    """Return the last address in the header, without its port; empty where there is none."""
    last = forwarded.rpartition(",")[2].strip()
    found = _ADDRESS.fullmatch(last)
    try:
        return str(ip_address(found[found.lastindex or 0])) if found else ""
    except ValueError:
        return ""


def _credentials(req: func.HttpRequest) -> Credentials:
    # The host takes the key of the header where both are given.
    given: str | None = req.headers.get(KEY_HEADER) or req.params.get(KEY_PARAMETER)
    key = sha256(given.encode("utf-8", "surrogatepass")).hexdigest() if given else None
    if not wiring.is_entra_in_front():
        # Whoever sends the header could be anybody: only the platform's authentication takes it out and sets its own.
        return Credentials(key_sha256=key)
    claims = _claims(req.headers.get(PRINCIPAL, ""))
    ids = [value for kind, value in claims if kind in ID_CLAIMS]
    roles = frozenset(value for kind, value in claims if kind in ROLE_CLAIMS)
    return Credentials(key_sha256=key, entra_id=ids[0] if len(ids) == 1 else None, entra_roles=roles)


def _claims(header: str) -> list[tuple[str, str]]:
    """Return the kinds and values of a principal; none of one that can't be read.

    https://learn.microsoft.com/azure/app-service/configure-authentication-user-identities
    """
    try:
        principal = json.loads(b64decode(header, validate=True)) if len(header) <= LONGEST_PRINCIPAL else None
    except (ValueError, RecursionError):
        return []
    found = principal.get("claims") if isinstance(principal, Mapping) else None
    return [claim for each in found if (claim := _claim(each))] if isinstance(found, list) else []


def _claim(said: Any) -> tuple[str, str] | None:
    if not isinstance(said, Mapping):
        return None
    kind, value = said.get("typ"), said.get("val")
    return (kind, value) if isinstance(kind, str) and isinstance(value, str) else None

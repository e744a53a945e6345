"""The only reader of the environment: every setting, checked once, in one frozen value."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, model_validator

from shared.core.errors import SettingsError
from shared.core.starts import Property, StartFilter, is_guid

_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----[A-Za-z0-9+/=\s]+-----END \1-----")
_CERTIFICATE_FILE = re.compile(r"\.(pem|crt|cer|key|pfx)$", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?|[0-9a-f]*:[0-9a-f:.]+")
_REFERENCE = re.compile(r"%([A-Za-z_][A-Za-z0-9_]*)%")
# An address with a password, a PEM text, a key or a token that was put into the wrong setting; a GUID is shorter.
_LOOKS_SECRET = re.compile(r"[@?]|-----|[A-Za-z0-9+/=_-]{40}")
_SECRETS = {"QRS_CLIENT_CERTIFICATE", "QRS_CLIENT_KEY", "QRS_ROOT_CERTIFICATE", "QRS_JWT", "STORAGE_CONNECTION"}
_VALUE_SHOWN = 80


def _base_urls(text: str) -> tuple[str, ...]:
    return tuple(_base_url(url.strip()) for url in text.split(","))


def _base_url(url: str) -> str:
    parts = urlsplit(url.rstrip("/"))
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("only host, port and path belong in it; who asks is told by QRS_JWT or the client certificate")
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(parts.hostname or "") or parts.port == 0:
        raise ValueError("an http(s) address is needed, for instance https://sense.example.com:4242/qrs")
    if not parts.path.lower().endswith("/qrs"):
        raise ValueError("it must end in /qrs, for instance https://sense.example.com:4242/qrs or .../jwt/qrs")
    return parts.geturl()


def _pem(text: str) -> str:
    blocks = _PEM.finditer(text.replace("\\n", "\n") if "-----BEGIN" in text else _file(text))
    found = "\n".join(block.group() for block in blocks)
    if not found:
        raise ValueError(
            "it holds no PEM block (-----BEGIN …-----). Export from the QMC in PEM format, not Windows format"
        )
    return found + "\n"


def _file(path: str) -> str:
    try:
        return Path(path).read_text(encoding="latin-1")
    except (OSError, ValueError):
        if _CERTIFICATE_FILE.search(path):
            raise ValueError(f"the file {path!r} cannot be read; export the certificates from the QMC") from None
        # Whatever this is, it may be a key that lost its first line, so it is not shown.
        raise ValueError("it is neither PEM text (-----BEGIN …-----) nor the path of a file that can be read") from None


def _unencrypted_key(text: str) -> SecretStr:
    pem = _pem(text)
    if "PRIVATE KEY-----" not in pem:
        raise ValueError("it holds no private key; use client_key.pem of the export")
    if "ENCRYPTED" in pem:
        raise ValueError("the key is locked with a password; export it again without one")
    return SecretStr(pem)


def _token(text: str) -> SecretStr:
    token = text.strip()
    if not re.fullmatch(r"[A-Za-z0-9_=-]+(\.[A-Za-z0-9_=-]+){2}", token):
        raise ValueError("it is no JSON Web Token (three parts joined by dots)")
    return SecretStr(token)


def _fingerprint(text: str) -> str:
    digits = re.sub(r"[:\s]", "", text).lower()
    if not re.fullmatch(r"[0-9a-f]{64}", digits):
        raise ValueError("a SHA-256 fingerprint has 64 hexadecimal digits, colons allowed")
    return digits


def _table_url(url: str) -> str:
    parts = urlsplit(url.strip().rstrip("/"))
    # An identity's token goes over HTTPS alone, and a signature in the query would stand in every log of the address.
    if parts.scheme != "https" or not _HOST.fullmatch(parts.hostname or "") or "@" in parts.netloc or parts.query:
        raise ValueError("an https address is needed, for instance https://account.table.core.windows.net")
    return parts.geturl()


class _Pair(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)
    name: str
    value: str


class _AllowList(BaseModel):
    """The JSON of START_TASK_FILTER. A misspelt key is refused: an empty list would silently forbid everything."""

    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)
    task_ids: list[str] = Field(default=[], alias="taskIds")
    tags: list[str] = []
    custom_properties: list[_Pair] = Field(default=[], alias="customProperties")


def _start_filter(text: str) -> StartFilter:
    try:
        allowed = _AllowList.model_validate(json.loads(text))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise ValueError(f"{'.'.join(map(str, first['loc'])) or 'the whole'}: {first['msg']}") from None
    if wrong := [task_id for task_id in allowed.task_ids if not is_guid(task_id)]:
        raise ValueError(f"taskIds: {wrong[0]!r} is no GUID")
    return StartFilter(
        task_ids=frozenset(task_id.lower() for task_id in allowed.task_ids),
        tags=frozenset(allowed.tags),
        properties=frozenset(Property(name=pair.name, value=pair.value) for pair in allowed.custom_properties),
    )


class Settings(BaseModel):
    """All settings; what each means stands in README.md."""

    # Built when first used, not at import: Azure waits for the import of the app before anything else.
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, arbitrary_types_allowed=True, defer_build=True)

    qrs_urls: Annotated[tuple[str, ...], BeforeValidator(_base_urls)] = Field(alias="QRS_URL")
    client_certificate: Annotated[str | None, BeforeValidator(_pem)] = Field(None, alias="QRS_CLIENT_CERTIFICATE")
    client_key: Annotated[SecretStr | None, BeforeValidator(_unencrypted_key)] = Field(None, alias="QRS_CLIENT_KEY")
    root_certificate: Annotated[str | None, BeforeValidator(_pem)] = Field(None, alias="QRS_ROOT_CERTIFICATE")
    user_directory: str = Field("INTERNAL", alias="QRS_USER_DIRECTORY")
    user_id: str = Field("sa_repository", alias="QRS_USER_ID")
    jwt: Annotated[SecretStr | None, BeforeValidator(_token)] = Field(None, alias="QRS_JWT")
    tls_server_name: str | None = Field(None, alias="QRS_TLS_SERVER_NAME")
    tls_fingerprint: Annotated[str | None, BeforeValidator(_fingerprint)] = Field(None, alias="QRS_TLS_FINGERPRINT")
    tls_verify: bool = Field(default=True, alias="QRS_TLS_VERIFY")
    timeout_seconds: int = Field(30, alias="QRS_TIMEOUT_SECONDS", ge=1, le=40)
    max_connections: int = Field(16, alias="QRS_MAX_CONNECTIONS", ge=1, le=100)
    start_filter: Annotated[StartFilter, BeforeValidator(_start_filter)] = Field(
        StartFilter(), alias="START_TASK_FILTER"
    )
    storage_connection: SecretStr | None = Field(None, alias="STORAGE_CONNECTION")
    storage_table_url: Annotated[str | None, BeforeValidator(_table_url)] = Field(None, alias="STORAGE_TABLE_URL")
    storage_client_id: str | None = Field(None, alias="STORAGE_CLIENT_ID")
    catch_up_seconds: int = Field(3600, alias="SCHEDULE_CATCH_UP_SECONDS", ge=0, le=604_800)
    history_rows: int = Field(1000, alias="RUN_HISTORY_ROWS", ge=1, le=100_000)
    butler_answers: Literal["seeds", "current"] = Field("seeds", alias="BUTLER_ANSWERS")
    auth_level: Literal["FUNCTION", "ANONYMOUS"] = Field("FUNCTION", alias="HTTP_AUTH_LEVEL")

    @property
    def are_answers_current(self) -> bool:
        """True when schedules are answered in the forms of Butler 11 and later."""
        return self.butler_answers == "current"

    @model_validator(mode="after")
    def _someone_asks(self) -> Self:
        if self.jwt:
            return self
        if bool(self.client_certificate) != bool(self.client_key):
            raise ValueError("QRS_CLIENT_CERTIFICATE and QRS_CLIENT_KEY belong together; one of them is missing.")
        if not self.client_certificate and any(url.startswith("https:") for url in self.qrs_urls):
            raise ValueError(
                "QRS_CLIENT_CERTIFICATE and QRS_CLIENT_KEY are missing (or, for a virtual proxy, QRS_JWT): without "
                "them Sense does not know who asks."
            )
        return self


def load(environment: Mapping[str, str]) -> Settings:
    """Check every setting at once; raises SettingsError that names each bad one, never a secret's value.

    An empty text counts as not set: the portal and the example file leave such behind.
    """
    values = {field.alias: environment.get(field.alias, "") for field in Settings.model_fields.values() if field.alias}
    storage = values["STORAGE_CONNECTION"] or "%AzureWebJobsStorage%"
    if reference := _REFERENCE.fullmatch(storage):
        storage = environment.get(reference[1], "")
    values["STORAGE_CONNECTION"] = storage
    try:
        return Settings.model_validate({name: text for name, text in values.items() if text.strip()})
    except ValidationError as error:
        raise SettingsError(" ".join(_sentence(dict(bad), values) for bad in error.errors(include_url=False))) from None


def auth_level(environment: Mapping[str, str]) -> str:
    """Return who may call, for the time of import: anything but a clear ANONYMOUS asks for a key."""
    return "ANONYMOUS" if environment.get("HTTP_AUTH_LEVEL") == "ANONYMOUS" else "FUNCTION"


def are_answers_current(environment: Mapping[str, str]) -> bool:
    """Tell which forms the contract names, for the time of import: those of the seeds unless clearly told otherwise."""
    return environment.get("BUTLER_ANSWERS") == "current"


def _sentence(bad: Mapping[str, Any], values: Mapping[str, str]) -> str:
    reason = str(bad["msg"]).removeprefix("Value error, ").rstrip(".")
    if not bad["loc"]:
        return f"{reason}."
    name = str(bad["loc"][0])
    if bad["type"] == "missing":
        return f"{name} is missing: see the settings in README.md."
    is_shown = name not in _SECRETS and not _LOOKS_SECRET.search(values[name])
    return f"{name}{f' ({values[name][:_VALUE_SHOWN]!r})' if is_shown else ''}: {reason}."

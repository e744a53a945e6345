"""Read the environment, which nothing else does: every setting, checked once, in one frozen value."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from shared import callers_text, setting_names, setting_texts, setting_values, start_filter_text
from shared.core.callers import KnownCaller
from shared.core.errors import SettingsError
from shared.core.tasks import StartFilter

_REFERENCE = re.compile(r"%([A-Za-z_][A-Za-z0-9_]*)%")
_SECRETS = {
    "CALLERS",
    "QRS_CLIENT_CERTIFICATE",
    "QRS_CLIENT_KEY",
    "QRS_ROOT_CERTIFICATE",
    "QRS_JWT",
    "STORAGE_CONNECTION",
}
_VALUE_SHOWN = 80


class Settings(BaseModel):
    """All settings; README.md explains each."""

    # Built when first used, not at import: Azure waits for the import of the app before anything else.
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, arbitrary_types_allowed=True, defer_build=True)

    qrs_urls: Annotated[tuple[str, ...], BeforeValidator(setting_values.base_urls)] = Field(alias="QRS_URL")
    client_certificate: Annotated[str | None, BeforeValidator(setting_values.certificates)] = Field(
        None, alias="QRS_CLIENT_CERTIFICATE"
    )
    client_key: Annotated[SecretStr | None, BeforeValidator(setting_values.unlocked_key)] = Field(
        None, alias="QRS_CLIENT_KEY"
    )
    root_certificate: Annotated[str | None, BeforeValidator(setting_values.certificates)] = Field(
        None, alias="QRS_ROOT_CERTIFICATE"
    )
    user_directory: str = Field("INTERNAL", alias="QRS_USER_DIRECTORY")
    user_id: str = Field("sa_repository", alias="QRS_USER_ID")
    jwt: Annotated[SecretStr | None, BeforeValidator(setting_values.token)] = Field(None, alias="QRS_JWT")
    tls_server_name: Annotated[str | None, BeforeValidator(setting_texts.server_name)] = Field(
        None, alias="QRS_TLS_SERVER_NAME"
    )
    tls_fingerprint: Annotated[str | None, BeforeValidator(setting_texts.fingerprint)] = Field(
        None, alias="QRS_TLS_FINGERPRINT"
    )
    tls_verify: bool = Field(default=True, alias="QRS_TLS_VERIFY")
    tls_common_name: bool = Field(default=False, alias="QRS_TLS_COMMON_NAME")
    timeout_seconds: int = Field(30, alias="QRS_TIMEOUT_SECONDS", ge=1, le=40)
    max_connections: int = Field(16, alias="QRS_MAX_CONNECTIONS", ge=1, le=100)
    start_filter: Annotated[StartFilter, BeforeValidator(start_filter_text.start_filter)] = Field(
        StartFilter(), alias="START_TASK_FILTER"
    )
    callers: Annotated[tuple[KnownCaller, ...] | None, BeforeValidator(callers_text.callers)] = Field(
        None, alias="CALLERS"
    )
    entra_in_front: bool = Field(default=False, alias="ENTRA_IN_FRONT")
    storage_connection: SecretStr | None = Field(None, alias="STORAGE_CONNECTION")
    storage_table_url: Annotated[str | None, BeforeValidator(setting_values.table_url)] = Field(
        None, alias="STORAGE_TABLE_URL"
    )
    storage_client_id: str | None = Field(None, alias="STORAGE_CLIENT_ID")
    catch_up_seconds: int = Field(3600, alias="SCHEDULE_CATCH_UP_SECONDS", ge=0, le=604_800)
    history_rows: int = Field(1000, alias="RUN_HISTORY_ROWS", ge=1, le=100_000)
    takes_method_override: bool = Field(default=True, alias="HTTP_METHOD_OVERRIDE")
    deleted_days: int = Field(30, alias="DELETED_DAYS", ge=0, le=3650)
    audit_days: int = Field(365, alias="AUDIT_DAYS", ge=1, le=3650)
    butler_answers: Literal["seeds", "current"] = Field("seeds", alias="BUTLER_ANSWERS")
    auth_level: Literal["FUNCTION", "ANONYMOUS"] = Field("FUNCTION", alias="HTTP_AUTH_LEVEL")

    @property
    def are_answers_current(self) -> bool:
        """Return True if schedules are answered in the forms of Butler 11 and later."""
        return self.butler_answers == "current"

    @field_validator("*", mode="before")
    @classmethod
    def _is_resolved(cls, text: str) -> str:
        return setting_texts.resolved(text)

    @model_validator(mode="after")
    def _believes_the_platform_alone(self) -> Self:
        _check_entra(self.callers, is_entra_in_front=self.entra_in_front, level=self.auth_level)
        return self

    @model_validator(mode="after")
    def _shows_its_token_to_sense_alone(self) -> Self:
        if self.jwt and any(setting_texts.is_open_to_listeners(url) for url in self.qrs_urls):
            raise SettingsError(
                ("QRS_JWT", "QRS_URL"),
                "QRS_JWT is sent with every request, and over http anybody on the way can read it: begin each address "
                "of QRS_URL with https.",
            )
        return self

    @model_validator(mode="after")
    def _has_credentials(self) -> Self:
        if self.jwt:
            return self
        if bool(self.client_certificate) != bool(self.client_key):
            raise SettingsError(
                ("QRS_CLIENT_CERTIFICATE", "QRS_CLIENT_KEY"),
                "QRS_CLIENT_CERTIFICATE and QRS_CLIENT_KEY belong together; one of them is missing.",
            )
        if not self.client_certificate and any(url.startswith("https:") for url in self.qrs_urls):
            raise SettingsError(
                ("QRS_CLIENT_CERTIFICATE", "QRS_CLIENT_KEY", "QRS_JWT"),
                "QRS_CLIENT_CERTIFICATE and QRS_CLIENT_KEY are missing (or, for a virtual proxy, QRS_JWT): without "
                "them Sense does not know who asks.",
            )
        return self


def load(environment: Mapping[str, str]) -> Settings:
    """Check every setting at once; raises SettingsError that names each bad one, never a secret's value.

    An empty text counts as not set: the portal and the example file leave empty values behind.
    """
    names = {field.alias: field.alias for field in Settings.model_fields.values() if field.alias}
    values = {name: setting_texts.bare(environment.get(name, "")) for name in names}
    storage = values["STORAGE_CONNECTION"] or "%AzureWebJobsStorage%"
    if reference := _REFERENCE.fullmatch(storage):
        storage = setting_texts.bare(environment.get(reference[1], ""))
        names["STORAGE_CONNECTION"] = f"STORAGE_CONNECTION (read from {reference[1]})"
    values["STORAGE_CONNECTION"] = storage
    setting_names.check_names(environment, values.keys())
    setting_names.check_blanks(environment)
    try:
        return Settings.model_validate({name: text for name, text in values.items() if text})
    except ValidationError as error:
        wrong: list[Mapping[str, Any]] = [dict(bad) for bad in error.errors(include_url=False)]
        problem = " ".join(_sentence(bad, names, values) for bad in wrong)
        raise SettingsError([bad["loc"][0] for bad in wrong], problem) from None


def auth_level(environment: Mapping[str, str]) -> str:
    """Return who may call, while the app is imported: anything but a clear ANONYMOUS requires a key."""
    is_open = setting_texts.bare(environment.get("HTTP_AUTH_LEVEL", "")) == "ANONYMOUS"
    return "ANONYMOUS" if is_open else "FUNCTION"


def known_callers(environment: Mapping[str, str]) -> tuple[KnownCaller, ...] | None:
    """Return who may call, None for whoever has a function key; raises SettingsError. Asked for each request."""
    text = setting_texts.bare(environment.get("CALLERS", ""))
    if not text:
        setting_names.check_blanks({"CALLERS": environment.get("CALLERS", "")})
        return None
    try:
        known = callers_text.callers(setting_texts.resolved(text))
    except ValueError as error:
        raise SettingsError(["CALLERS"], f"CALLERS: {error}.") from None
    _check_entra(known, is_entra_in_front=is_entra_in_front(environment), level=auth_level(environment))
    return known


def is_entra_in_front(environment: Mapping[str, str]) -> bool:
    """Return whether what the platform says of who signed in is believed: anything but a clear true is no."""
    is_said = setting_texts.bare(environment.get("ENTRA_IN_FRONT", "")).lower() == "true"
    return is_said and auth_level(environment) == "ANONYMOUS"


def _check_entra(known: Sequence[KnownCaller] | None, *, is_entra_in_front: bool, level: str) -> None:
    if known and callers_text.uses_entra(known) and not (is_entra_in_front and level == "ANONYMOUS"):
        raise SettingsError(
            ["CALLERS", "ENTRA_IN_FRONT", "HTTP_AUTH_LEVEL"],
            "CALLERS: entraId and entraRole are believed only with HTTP_AUTH_LEVEL=ANONYMOUS and ENTRA_IN_FRONT=true, "
            "where the platform's authentication lets nobody in who has not signed in. Else anybody could send them.",
        )


def takes_method_override(environment: Mapping[str, str]) -> bool:
    """Return whether X-HTTP-Method-Override counts: anything but a clear false is yes. Asked for each request."""
    return setting_texts.bare(environment.get("HTTP_METHOD_OVERRIDE", "")).lower() != "false"


def are_answers_current(environment: Mapping[str, str]) -> bool:
    """Return whether the contract shows Butler's current forms, while the app is imported; by default not."""
    return setting_texts.bare(environment.get("BUTLER_ANSWERS", "")) == "current"


def _sentence(bad: Mapping[str, Any], names: Mapping[str, str], values: Mapping[str, str]) -> str:
    name = str(bad["loc"][0])
    if bad["type"] == "missing":
        return f"{name} is missing: see the settings in README.md."
    # Pydantic puts words of its own in front of the message of one of our checks.
    reason = bad["ctx"]["error"] if bad["type"] == "value_error" else bad["msg"]
    is_shown = name not in _SECRETS and not setting_texts.may_be_secret(values[name])
    return f"{names[name]}{f' ({values[name][:_VALUE_SHOWN]!r})' if is_shown else ''}: {reason}."

"""The way into the storage account: by connection string, or by address with a managed identity."""

import logging
import re
from typing import Any

from azure.data.tables import TableClient

from shared.core.errors import SettingsError
from shared.foreign import remember
from shared.storage.pool import Transport

# Azure's libraries log every request they make, at some lines each: a tick's own line says more and costs less.
for talker in ("azure.core", "azure.identity"):
    logging.getLogger(talker).setLevel(logging.WARNING)

TABLE = "footman"
# Of a connection string, wherever in it they stand: its key, and the signature of a shared access signature.
_SECRETS = re.compile(r"(?:\b(?:AccountKey|sig)=)([^;&\s]+)", re.IGNORECASE)
# The library's own are minutes: a tick has one.
CONNECT_SECONDS = 5
READ_SECONDS = 10
# The identity's token is asked for again by its own client, whose pauses would be minutes.
TOKEN_PATIENCE: dict[str, Any] = {"retry_total": 2, "retry_backoff_factor": 0.2, "retry_backoff_max": 2}


def patience() -> dict[str, Any]:
    """Return the options of a client that has these limits and connections of its own.

    It sends nothing again by itself, which `again` does, and follows nobody to another address: storage never sends
    there, and whoever does would get what the request was signed with.
    """
    return {"transport": _transport(), "retry_total": 0, "permit_redirects": False}


def open_table(*, connection: str | None, url: str | None, client_id: str | None) -> TableClient:
    """Return a client of the table, which asks nothing of storage yet; raises SettingsError."""
    if url:
        from azure.identity import ManagedIdentityCredential  # noqa: PLC0415 - 100 ms that only an identity asks for

        # Its endpoint lies on the machine itself, where a proxy would not find it, and gives the machine's own time.
        identity = ManagedIdentityCredential(
            client_id=client_id, transport=_transport(to_storage=False), **TOKEN_PATIENCE
        )
        return TableClient(url, TABLE, credential=identity, **patience())
    if not connection:
        raise SettingsError(
            ("STORAGE_CONNECTION", "STORAGE_TABLE_URL"),
            "STORAGE_CONNECTION and STORAGE_TABLE_URL are missing: schedules need Table storage. See the settings in "
            "README.md.",
        )
    for secret in _SECRETS.findall(connection):
        remember("storage key", secret)
    try:
        return TableClient.from_connection_string(connection, TABLE, **patience())
    except ValueError:
        # Not chained: the library's text may quote the string, which holds the key.
        raise SettingsError(
            ("STORAGE_CONNECTION",), "STORAGE_CONNECTION: it is no connection string of a storage account."
        ) from None


def _transport(*, to_storage: bool = True) -> Transport:
    return Transport(connect_seconds=CONNECT_SECONDS, read_seconds=READ_SECONDS, to_storage=to_storage)

"""The way into the storage account: by connection string, or by address with a managed identity."""

import logging
from typing import Any

from azure.core.pipeline.transport import RequestsTransport
from azure.data.tables import TableClient

from shared.core.errors import SettingsError
from shared.storage.pool import session

# Azure's libraries tell every request they make, at some lines each: a tick's own line says more and costs less.
for talker in ("azure.core", "azure.identity"):
    logging.getLogger(talker).setLevel(logging.WARNING)

TABLE = "footman"
# The library's own are minutes and ten tries: a tick has one minute.
CONNECT_SECONDS = 5
READ_SECONDS = 10
RETRIES = 3


def patience() -> dict[str, Any]:
    """Return the options of a client that has these limits, and a pool of its own."""
    transport = RequestsTransport(session=session(), connection_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS)
    return {"transport": transport, "retry_total": RETRIES, "retry_backoff_factor": 0.2, "retry_backoff_max": 2}


def open_table(*, connection: str | None, url: str | None, client_id: str | None) -> TableClient:
    """Return a client of the table, which asks nothing of storage yet; raises SettingsError."""
    if url:
        from azure.identity import ManagedIdentityCredential  # noqa: PLC0415 - 100 ms that only an identity asks for

        return TableClient(url, TABLE, credential=ManagedIdentityCredential(client_id=client_id), **patience())
    if not connection:
        raise SettingsError(
            "STORAGE_CONNECTION and STORAGE_TABLE_URL are missing: schedules need Table storage. See the settings in "
            "README.md."
        )
    try:
        return TableClient.from_connection_string(connection, TABLE, **patience())
    except ValueError:
        # Not chained: the library's text may quote the string, which holds the key.
        raise SettingsError("STORAGE_CONNECTION: it is no connection string of a storage account.") from None

"""Commit transactions with the bytes of azure-data-tables, at a fraction of its processor time.

The library makes and reads the multipart messages with Python's email package, nearly a millisecond an operation. What
goes out here is the same to the byte, since that is what the service is known to take; a test compares the two.
https://learn.microsoft.com/rest/api/storageservices/performing-entity-group-transactions
"""

import base64
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import quote, urlsplit
from uuid import uuid4

from azure.core import PipelineClient
from azure.core.credentials import AzureNamedKeyCredential, AzureSasCredential, TokenCredential
from azure.core.exceptions import ClientAuthenticationError, DecodeError, HttpResponseError
from azure.core.pipeline import PipelineRequest, policies
from azure.core.rest import HttpRequest, HttpResponse
from azure.data.tables import TableClient

from shared.storage.pool import Transport
from shared.storage.typed import Value, json_of
from shared.version import VERSION

MOST_OPERATIONS = 100
PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 2

Kind = Literal["insert", "replace", "merge", "upsert", "insert_or_merge", "delete"]
_METHODS = {
    "insert": "POST",
    "replace": "PUT",
    "merge": "PATCH",
    "upsert": "PUT",
    "insert_or_merge": "PATCH",
    "delete": "DELETE",
}
_CONDITIONAL = ("replace", "merge", "delete")
_PLAIN = re.compile(r"[A-Za-z0-9_.~:-]*")
_BOUNDARY = re.compile(rb'multipart/mixed; *boundary="?([^";\r\n]+)')
_STATUS = re.compile(rb"\AHTTP/1\.\d (\d{3})\b")
_ETAG = re.compile(rb"^ETag: *(\S+)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What to do with one row: an upsert inserts or replaces, and a delete needs no more than the keys.

    Replace, merge and delete take the row in the version `etag` only, or with None as it is. Raises ValueError for an
    etag with the others, which know no versions.
    """

    kind: Kind
    row: Mapping[str, Value]
    etag: str | None = None

    def __post_init__(self) -> None:
        if self.etag is not None and self.kind not in _CONDITIONAL:
            raise ValueError(f"etag: allowed with {', '.join(_CONDITIONAL)}, not with {self.kind}")
        if self.etag == "":
            raise ValueError("etag: empty, which is that of a row that was never read")


class Rejected(Exception):
    """Storage wrote nothing of the transaction, because of what it asks for or of what is in the table."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"Storage rejected the transaction: {status} {code}")
        self.status = status
        self.code = code


class Transactions:
    """Commits to the table of a client, with its address and credential; safe for use by many threads.

    What is answered with 500, 503 or 504 it sends again, `retries` times. A `Table` wants none: it asks again itself.
    """

    def __init__(self, table: TableClient, *, connect_seconds: float, read_seconds: float, retries: int) -> None:
        account_url, mark, signature = table.url.partition("?")
        self._batch_url = f"{account_url}/$batch{mark}{signature}"
        self._table_url = f"{account_url}/{table.table_name}"
        self._version = table.api_version
        transport = Transport(connect_seconds=connect_seconds, read_seconds=read_seconds)
        pauses = {"retry_backoff_factor": PAUSE_SECONDS, "retry_backoff_max": LONGEST_PAUSE_SECONDS}
        self._client: PipelineClient[HttpRequest, HttpResponse] = PipelineClient(
            account_url,
            policies=[
                policies.RequestIdPolicy(),
                policies.UserAgentPolicy(f"Footman/{VERSION}"),
                policies.RetryPolicy(retry_total=retries, retry_status=retries, **pauses),
                # Behind the retry, so that each try is signed anew: a signature is good for its date alone.
                _Date(),
                _authorization(table.credential),
                policies.HttpLoggingPolicy(),
            ],
            transport=transport,
        )

    def commit(self, operations: Sequence[Operation]) -> list[str]:
        """Write all or nothing; return the new ETags in order, "" for a delete.

        Takes 1 to 100 operations of one partition, with finite numbers and whole ones of 32 bits; else raises
        ValueError. Raises Rejected, or AzureError, after which it may be written all the same. What storage answers
        with 500, 503 or 504 is sent again, so a Rejected may come from meeting what the first try has written.
        """
        _check(operations)
        boundary = f"batch_{uuid4()}"
        headers = {
            "x-ms-version": self._version,
            "DataServiceVersion": "3.0",
            "MaxDataServiceVersion": "3.0;NetFx",
            "Content-Type": f"multipart/mixed; boundary={boundary}",
            "Accept": "application/json",
        }
        content = self._message(operations, boundary).encode("ascii")
        response = self._client.send_request(HttpRequest("POST", self._batch_url, headers=headers, content=content))
        return _etags(response, operations)

    def _message(self, operations: Sequence[Operation], boundary: str) -> str:
        changeset, date = f"changeset_{uuid4()}", formatdate(usegmt=True)
        parts = [
            f"--{changeset}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
            f"Content-ID: {number}\r\n\r\n{self._request(operation, date)}\r\n"
            for number, operation in enumerate(operations)
        ]
        return (
            f"--{boundary}\r\nContent-Type: multipart/mixed; boundary={changeset}\r\n\r\n"
            f"{''.join(parts)}--{changeset}--\r\n\r\n--{boundary}--\r\n"
        )

    def _request(self, operation: Operation, date: str) -> str:
        kind, row = operation.kind, operation.row
        url, metadata, condition, about_content, content = self._table_url, "", "", "", ""
        if kind != "insert":
            url += f"(PartitionKey='{_quoted(row['PartitionKey'])}',RowKey='{_quoted(row['RowKey'])}')"
        if kind in {"insert", "delete"}:
            metadata = ";odata=minimalmetadata"
        if kind in _CONDITIONAL:
            condition = f"If-Match: {'*' if operation.etag is None else operation.etag}\r\n"
        if kind != "delete":
            content = json_of(row)
            about_content = f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        return (
            f"{_METHODS[kind]} {url} HTTP/1.1\r\n{about_content}x-ms-version: {self._version}\r\n"
            f"DataServiceVersion: 3.0\r\nAccept: application/json{metadata}\r\n{condition}"
            f"x-ms-date: {date}\r\nDate: {date}\r\n\r\n{content}"
        )


def _check(operations: Sequence[Operation]) -> None:
    if not 1 <= len(operations) <= MOST_OPERATIONS:
        raise ValueError(f"operations: 1 to {MOST_OPERATIONS} make a transaction, not {len(operations)}")
    if len(partitions := {operation.row["PartitionKey"] for operation in operations}) > 1:
        raise ValueError(f"PartitionKey: the same throughout a transaction, not {partitions}")


def _quoted(key: Value) -> str:
    text = str(key)
    # Our own keys need no more; to go through each of their letters costs a tick of 1,000 starts some 40 ms.
    if _PLAIN.fullmatch(text):
        return text.replace(":", "%3A")
    return quote(text.replace("'", "''"), safe="")


class _Date(policies.SansIOHTTPPolicy[HttpRequest, HttpResponse]):
    def on_request(self, request: PipelineRequest[HttpRequest]) -> None:
        request.http_request.headers.update(dict.fromkeys(("x-ms-date", "Date"), formatdate(usegmt=True)))


class _SharedKey(policies.SansIOHTTPPolicy[HttpRequest, HttpResponse]):
    """Sign as is ruled for tables in learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key."""

    def __init__(self, credential: AzureNamedKeyCredential) -> None:
        self._credential = credential

    def on_request(self, request: PipelineRequest[HttpRequest]) -> None:
        account, key = self._credential.named_key
        headers, path = request.http_request.headers, urlsplit(request.http_request.url).path
        signed = f"{request.http_request.method}\n\n{headers['Content-Type']}\n{headers['x-ms-date']}\n/{account}{path}"
        try:
            signature = hmac.digest(base64.b64decode(key), signed.encode(), "sha256")
        except ValueError:
            raise ClientAuthenticationError("The account key of storage is not base64.") from None
        headers["Authorization"] = f"SharedKey {account}:{base64.b64encode(signature).decode()}"


def _authorization(credential: AzureNamedKeyCredential | AzureSasCredential | TokenCredential | None) -> Any:
    if isinstance(credential, AzureNamedKeyCredential):
        return _SharedKey(credential)
    if isinstance(credential, AzureSasCredential):
        return policies.AzureSasCredentialPolicy(credential)
    if credential is None:
        return None  # the signature is part of the address
    return policies.BearerTokenCredentialPolicy(credential, "https://storage.azure.com/.default")


def _etags(response: HttpResponse, operations: Sequence[Operation]) -> list[str]:
    if response.status_code != HTTPStatus.ACCEPTED:
        raise HttpResponseError(response=response)
    content_type = response.headers.get("Content-Type", "").encode("latin-1")
    try:
        answers = _answers(b"Content-Type: %b\r\n\r\n%b" % (content_type, response.content))
        return [_etag(answer, operation.kind) for answer, operation in zip(answers, operations, strict=True)]
    except (ValueError, LookupError, TypeError):
        raise DecodeError("Storage answered a transaction in an unknown way.", response=response) from None


def _answers(part: bytes) -> list[bytes]:
    """Return the HTTP answers in a part of a message, which may have parts itself; raises ValueError if cut short."""
    headers, _, content = part.partition(b"\r\n\r\n")
    if not (boundary := _BOUNDARY.search(headers)):
        return [content]
    _, *parts, end = content.split(b"--" + boundary[1])
    if not end.startswith(b"--"):
        raise ValueError(end)
    return [answer for part in parts for answer in _answers(part)]


def _etag(answer: bytes, kind: Kind) -> str:
    headers, _, content = answer.partition(b"\r\n\r\n")
    [status] = _STATUS.findall(headers)
    if not status.startswith(b"2"):
        raise _refusal(int(status), json.loads(content)["odata.error"]["code"])
    if kind == "delete":
        return ""
    [etag] = _ETAG.findall(headers)
    return str(etag, "latin-1")


def _refusal(status: int, code: str) -> Exception:
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return Rejected(status, code)
    error = HttpResponseError(f"Storage failed to commit the transaction: {status} {code}")
    error.status_code = status
    return error

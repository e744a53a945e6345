"""What a refusal of storage means, and what to do about it, by storage's own word for it.

https://learn.microsoft.com/rest/api/storageservices/table-service-error-codes,
https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes and
https://learn.microsoft.com/rest/api/storageservices/sas-error-codes
"""

import re
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

from shared.core.errors import StorageDenied, StorageError
from shared.foreign import quotable

TABLE_NOT_FOUND = "TableNotFound"

UNREADABLE = "Table storage broke off its answer, or gave one that can't be read. Try again."
NO_ACCESS = (
    "No access to Table storage. Check the key in STORAGE_CONNECTION, or that the app has the identity that "
    "STORAGE_CLIENT_ID names and that it is Storage Table Data Contributor."
)
ANY_DENIAL = "Check the key in STORAGE_CONNECTION, or that the identity is Storage Table Data Contributor."
SIGNATURE = "Make a new shared access signature for STORAGE_CONNECTION:"

TO_DO = {
    "AuthenticationFailed": (
        "The key in STORAGE_CONNECTION is not one of this account's, perhaps since it was renewed. Copy the "
        "connection string from the account's access keys again."
    ),
    "InvalidAuthenticationInfo": (
        "The identity's token was not accepted. Check that STORAGE_CLIENT_ID names an identity of this app, and that "
        "the account belongs to the same tenant."
    ),
    "AuthorizationFailure": (
        "Most likely a network rule of the account keeps Footman out: in its networking let the app's subnet or "
        "address in, or give it a private endpoint. With a shared access signature: it lacks a right."
    ),
    "AuthorizationPermissionMismatch": (
        "The identity lacks the role Storage Table Data Contributor on this account; a new assignment takes some "
        "minutes. With a shared access signature: it must allow to read, add, update and delete."
    ),
    "AuthorizationSourceIPMismatch": f"{SIGNATURE} this one is for other addresses than Footman's.",
    "AuthorizationProtocolMismatch": f"{SIGNATURE} this one is for https alone.",
    "AuthorizationServiceMismatch": f"{SIGNATURE} this one is not for tables.",
    "AuthorizationResourceTypeMismatch": f"{SIGNATURE} it must be for service, container and object.",
    "KeyBasedAuthenticationNotPermitted": (
        "The account takes no keys. Set STORAGE_TABLE_URL and give the app an identity with the role Storage Table "
        "Data Contributor, or allow storage account key access."
    ),
    "AccountIsDisabled": "The storage account is disabled. Enable it, or look at the subscription.",
    "InsufficientAccountPermissions": "The account is read-only at the moment. Look at its state in the portal.",
}
EXPIRED = f"{SIGNATURE} this one has expired, or is not valid yet."
CLOCK = (
    "The clock of this machine is wrong: it is {apart}, and storage takes no request that is dated more than 15 "
    "minutes off. Set the clock."
)
# Storage's limit is 15 minutes, and an answer takes its time.
MOST_APART = timedelta(minutes=14, seconds=30)

_WORD = re.compile(r"[A-Za-z]{1,64}")
_WORD_IN_BODY = re.compile(r'"code"\s*:\s*"([A-Za-z]{1,64})"|<(?:\w+:)?code>([A-Za-z]{1,64})<', re.IGNORECASE)
_OF_A_SIGNATURE = re.compile(r"signature not valid in the specified time frame|signed expiry time", re.IGNORECASE)
_OF_A_CLOCK = re.compile(r"date header|request date|too old|skew", re.IGNORECASE)


def refusal(error: HttpResponseError) -> StorageError:
    """Return the error for an answer that is not the wanted one."""
    status, code = error.status_code, code_of(error)
    sentence = f"Table storage answered {status}{f' ({code})' if code else ''}"
    if status is None and isinstance(error, ClientAuthenticationError):
        # An identity whose endpoint is away for a moment will be given a token later.
        return (StorageError if "Unavailable" in type(error).__name__ else StorageDenied)(NO_ACCESS)
    if status is None or status < 300:  # noqa: PLR2004 - success, yet no answer of storage's
        return StorageError(UNREADABLE)
    if status in {401, 403}:
        return StorageDenied(f"{sentence}. {_to_do(error, code)}")
    if status == 404 or status < 400:  # noqa: PLR2004 - a page, or the way to one
        return StorageError(f"{sentence}. Check the address in STORAGE_CONNECTION or STORAGE_TABLE_URL.")
    return StorageError(f"{sentence}. Try again.")


def refused_transaction(status: int, code: str) -> StorageError:
    """Return the error for a transaction that storage refused for another reason than a conflict."""
    sentence = f"Table storage refused a transaction with {status} ({code})."
    return StorageDenied(f"{sentence} {TO_DO[code]}") if code in TO_DO else StorageError(sentence)


def code_of(error: Exception) -> str | None:
    """Return storage's own word for the error, None when whoever answered gave none; it is safe to show."""
    word = _code_of(error)
    # Whoever answered in storage's place may have made a word of what it was sent.
    return None if word is None or quotable(word) != word else word


def _code_of(error: Exception) -> str | None:
    known = getattr(error, "error_code", None) or getattr(error, "code", None)
    word = str(getattr(known, "value", known) or "")
    if _WORD.fullmatch(word):
        return word
    response = getattr(error, "response", None)
    if response is None:
        return None
    word = response.headers.get("x-ms-error-code", "")
    found = None if _WORD.fullmatch(word) else _WORD_IN_BODY.search(_text(error))
    return (found[1] or found[2]) if found else (word if _WORD.fullmatch(word) else None)


def _to_do(error: HttpResponseError, code: str | None) -> str:
    text, apart = _text(error), _apart(error)
    if code == "RequestTimeTooSkewed" or (code is None and abs(apart) > MOST_APART):
        return CLOCK.format(apart=_words(apart))
    # The emulator has the other word for a wrong key.
    if code == "AuthenticationFailed" or (code == "AuthorizationFailure" and "failed to authenticate" in text):
        return _unauthenticated(text, apart)
    return TO_DO.get(code or "", ANY_DENIAL)


def _unauthenticated(text: str, apart: timedelta) -> str:
    """Tell the causes apart for which storage has one word; the detail that would do so is not always there."""
    if _OF_A_SIGNATURE.search(text):
        return EXPIRED
    if abs(apart) > MOST_APART or _OF_A_CLOCK.search(text):
        return CLOCK.format(apart=_words(apart))
    return TO_DO["AuthenticationFailed"]


def _text(error: Any) -> str:
    """Return the body of the answer, which is looked at and never shown."""
    try:
        return str(error.response.text()) if error.response is not None else ""
    except (ValueError, LookupError):
        return ""


def _apart(error: HttpResponseError) -> timedelta:
    """Return how far the date that the request was given is ahead of that of its answer."""
    response: Any = error.response
    try:
        asked, answered = response.request.headers["x-ms-date"], response.headers["Date"]
        return parsedate_to_datetime(asked) - parsedate_to_datetime(answered)
    except (AttributeError, LookupError, TypeError, ValueError):
        return timedelta(0)


def _words(apart: timedelta) -> str:
    if abs(apart) <= MOST_APART:
        return "too far from storage's"
    minutes = round(abs(apart).total_seconds() / 60)
    return f"{minutes} minutes {'ahead of' if apart > timedelta(0) else 'behind'} storage's"

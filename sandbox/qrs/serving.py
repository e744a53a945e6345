"""Serve one request of a listener: log, faults, checks, endpoint, and an answer after the configured latency."""

import asyncio
import socket
import struct
import sys
import time

from aiohttp import web
from multidict import CIMultiDict

from sandbox.qrs import checks, proxy
from sandbox.qrs.answers import Answer, Refused, html, text
from sandbox.qrs.asked import ReceivedRequest
from sandbox.qrs.faults import INSTEAD, Fault
from sandbox.qrs.query import parse_query
from sandbox.qrs.routes import respond
from sandbox.qrs.state import Entry, Site

PROXY = "proxy"
# SO_LINGER with 0 seconds: close() then sends RST, not FIN (on Windows both fields have 16 bits).
_LINGER_NOT = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)

# A delay that nobody gave in milliseconds is longer than anybody waits.
LONG_DELAY_MS = 20_000.0


async def serve(
    site: Site, listener: str, token_certificate: str, request: web.BaseRequest, connection: int
) -> web.StreamResponse:
    """Answer a request, with the fault that hits it."""
    began = time.monotonic()
    if site.faults.refusing:
        # accepted just before the listeners closed
        return _reset(request)
    received = await _read(site, listener, request, connection)
    entry = _note(site, received)
    fault = site.faults.take(received.method, received.path)
    if fault is not None and fault.kind in INSTEAD:
        return await _answer_with_fault(fault, request, entry)
    answer = _answer(site, received, entry, token_certificate)
    if fault is not None and fault.kind == "resetAfter":
        return _reset(request)
    await _take_time(site, fault, began)
    entry.status = answer.status
    if fault is not None and fault.kind == "truncate":
        return await _truncated(answer, request)
    return _response(answer)


def abort(transport: asyncio.BaseTransport | None) -> None:
    """Close a connection so that the other side gets a reset."""
    if not isinstance(transport, asyncio.Transport):
        return
    sock = transport.get_extra_info("socket")
    if sock is not None and sock.fileno() != -1:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    transport.abort()


async def _read(site: Site, listener: str, request: web.BaseRequest, connection: int) -> ReceivedRequest:
    target = request.raw_path
    path, _, query = target.partition("?")
    transport = request.transport
    return ReceivedRequest(
        listener=listener,
        method=request.method,
        target=target,
        path=path,
        query=parse_query(query, plus_is_space=site.settings.plus_is_space),
        headers=request.headers,
        body=await request.read() if request.body_exists else b"",
        certified=listener != "https" or bool(transport is not None and transport.get_extra_info("peercert")),
        connection=connection,
        now=time.time(),
    )


def _note(site: Site, received: ReceivedRequest) -> Entry:
    entry = Entry(
        listener=received.listener,
        method=received.method,
        path=received.path,
        filter=received.query.get("filter"),
        connection=received.connection,
        at=received.now,
    )
    site.log.append(entry)
    site.counts.requests += 1
    return entry


def _answer(site: Site, received: ReceivedRequest, entry: Entry, token_certificate: str) -> Answer:
    """Run the checks in the order of QRS, then the endpoint; a refusal anywhere becomes the answer."""
    cookie = None
    try:
        checks.check_line(received.method, received.target)
        checks.check_length(received.method, received.headers)
        path = received.path
        if received.listener == PROXY:
            prefix, path = proxy.prefix_and_path(path, site)
            entry.user, cookie = proxy.enter(site, received, prefix, token_certificate)
        checks.check_certificate(shown=received.certified)
        checks.check_xsrf(received.query, received.headers)
        entry.user = entry.user or checks.user_of(received.headers, site.settings)
        answer = respond(site, received, path, entry.user)
    except Refused as refusal:
        answer = refusal.answer
    return answer if cookie is None else Answer(answer.status, answer.body, answer.content_type, cookie)


async def _answer_with_fault(fault: Fault, request: web.BaseRequest, entry: Entry) -> web.StreamResponse:
    if fault.kind == "reset":
        return _reset(request)
    if fault.kind == "hang":
        # cancelled when the client disconnects
        await asyncio.Event().wait()
    await asyncio.sleep((fault.delay_ms or 0) / 1000)
    answer = html(200, "Login") if fault.kind == "html" else text(fault.status, fault.body)
    entry.status = answer.status
    return _response(answer)


def _reset(request: web.BaseRequest) -> web.StreamResponse:
    abort(request.transport)
    return web.Response()


async def _take_time(site: Site, fault: Fault | None, began: float) -> None:
    milliseconds = site.settings.latency_ms
    if fault is not None and fault.kind == "delay":
        milliseconds += LONG_DELAY_MS if fault.delay_ms is None else fault.delay_ms
    left = milliseconds / 1000 - (time.monotonic() - began)
    if milliseconds and left > 0:
        await asyncio.sleep(left)


async def _truncated(answer: Answer, request: web.BaseRequest) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=_headers(answer))
    response.content_length = len(answer.body)
    await response.prepare(request)
    await response.write(answer.body[: len(answer.body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


def _response(answer: Answer) -> web.Response:
    return web.Response(status=answer.status, body=answer.body or None, headers=_headers(answer))


def _headers(answer: Answer) -> CIMultiDict[str]:
    headers: CIMultiDict[str] = CIMultiDict()
    if answer.content_type is not None:
        headers["Content-Type"] = answer.content_type
    if answer.cookie is not None:
        headers["Set-Cookie"] = answer.cookie
    return headers

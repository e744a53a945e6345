"""One request of a listener: log, faults, checks, endpoint, and an answer that takes as long as it should."""

import asyncio
import socket
import struct
import sys
import time

from aiohttp import web
from multidict import CIMultiDict

from sandbox.qrs import checks, proxy
from sandbox.qrs.answers import Answer, Refused, html, text
from sandbox.qrs.asked import Asked
from sandbox.qrs.faults import INSTEAD, Fault
from sandbox.qrs.query import parse_query
from sandbox.qrs.routes import respond
from sandbox.qrs.state import Entry, Site

PROXY = "proxy"
# on, for no seconds: close() then sends RST, not FIN (Windows has the two fields in 16 bits)
_LINGER_NOT = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


async def serve(
    site: Site, listener: str, token_certificate: str, request: web.BaseRequest, connection: int
) -> web.StreamResponse:
    began = time.monotonic()
    if site.faults.refusing:
        # accepted just before the listeners closed
        return _reset(request)
    asked = await _read(site, listener, request, connection)
    entry = _note(site, asked)
    fault = site.faults.take(asked.method, asked.path)
    if fault is not None and fault.kind in INSTEAD:
        return await _instead(fault, request, entry)
    answer = _answer(site, asked, entry, token_certificate)
    if fault is not None and fault.kind == "resetAfter":
        return _reset(request)
    await _take_time(site, fault, began)
    entry.status = answer.status
    if fault is not None and fault.kind == "truncate":
        return await _truncated(answer, request)
    return _response(answer)


def abort(transport: asyncio.BaseTransport | None) -> None:
    """Cut a connection so that the other side gets a reset."""
    if not isinstance(transport, asyncio.Transport):
        return
    sock = transport.get_extra_info("socket")
    if sock is not None and sock.fileno() != -1:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    transport.abort()


async def _read(site: Site, listener: str, request: web.BaseRequest, connection: int) -> Asked:
    target = request.raw_path
    path, _, query = target.partition("?")
    transport = request.transport
    return Asked(
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


def _note(site: Site, asked: Asked) -> Entry:
    entry = Entry(
        listener=asked.listener,
        method=asked.method,
        path=asked.path,
        filter=asked.query.get("filter"),
        connection=asked.connection,
        at=asked.now,
    )
    site.log.append(entry)
    site.counts.requests += 1
    return entry


def _answer(site: Site, asked: Asked, entry: Entry, token_certificate: str) -> Answer:
    """Run the checks in QRS's order and the endpoint; a refusal anywhere is the answer."""
    cookie = None
    try:
        checks.check_line(asked.method, asked.target)
        checks.check_length(asked.method, asked.headers)
        path = asked.path
        if asked.listener == PROXY:
            prefix, path = proxy.prefix_and_path(path, site)
            entry.user, cookie = proxy.enter(site, asked, prefix, token_certificate)
        checks.check_certificate(shown=asked.certified)
        checks.check_xsrf(asked.query, asked.headers)
        entry.user = entry.user or checks.user_of(asked.headers, site.settings)
        answer = respond(site, asked, path, entry.user)
    except Refused as refusal:
        answer = refusal.answer
    return answer if cookie is None else Answer(answer.status, answer.body, answer.content_type, cookie)


async def _instead(fault: Fault, request: web.BaseRequest, entry: Entry) -> web.StreamResponse:
    if fault.kind == "reset":
        return _reset(request)
    if fault.kind == "hang":
        # the client's leaving cancels this
        await asyncio.Event().wait()
    answer = html(200, "Login") if fault.kind == "html" else text(fault.status, fault.body)
    entry.status = answer.status
    return _response(answer)


def _reset(request: web.BaseRequest) -> web.StreamResponse:
    abort(request.transport)
    return web.Response()


async def _take_time(site: Site, fault: Fault | None, began: float) -> None:
    wanted = site.settings.latency_ms
    if fault is not None and fault.kind == "delay":
        wanted += fault.delay_ms
    left = wanted / 1000 - (time.monotonic() - began)
    if wanted and left > 0:
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

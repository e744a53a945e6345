"""Pass requests on to storage and answers back; each client's connection has a thread and a connection of its own."""

import selectors
import socket
import socketserver
import struct
import sys
import threading
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any

from sandbox.faulty.faults import Fault, Faults
from sandbox.faulty.messages import Message, busy, read_message

# SO_LINGER with 0 seconds: close() then sends RST, not FIN (on Windows both fields have 16 bits).
_LINGER_NOT = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
_TIMEOUT_SECONDS = 10


@dataclass(kw_only=True, slots=True)
class Seen:
    """A request, the status of its answer, and whether it was forwarded to storage."""

    method: str
    path: str
    status: int | None = None
    forwarded: bool = False


@dataclass(kw_only=True)
class Log:
    """All requests, in the order in which they came."""

    seen: list[Seen] = field(default_factory=list)

    def note(self, request: Message) -> Seen:
        """Record a request that has just come."""
        seen = Seen(method=request.method, path=request.path)
        self.seen.append(seen)
        return seen


class Server(socketserver.ThreadingTCPServer):
    """The listener, and all its open sockets."""

    allow_reuse_address = True  # it returns to the port that it left
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, storage: tuple[str, int], faults: Faults, log: Log) -> None:
        super().__init__(("127.0.0.1", 0), _Passage)
        self._storage = storage
        self.faults = faults
        self.log = log
        self.ending = threading.Event()
        self._open: set[socket.socket] = set()
        self._stranded: set[socket.socket] = set()
        self._accepting = threading.Thread()
        self._changed = threading.Condition()

    def get_request(self) -> tuple[socket.socket, object]:
        client, address = super().get_request()
        self.opened(client)
        return client, address

    def close_request(self, request: Any) -> None:
        super().close_request(request)
        self.closed(request)

    def connect(self) -> socket.socket:
        """Open a connection to storage."""
        connection = socket.create_connection(self._storage, _TIMEOUT_SECONDS)
        connection.settimeout(None)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.opened(connection)
        return connection

    def opened(self, one: socket.socket) -> None:
        """Record an open socket."""
        with self._changed:
            self._open.add(one)

    def closed(self, one: socket.socket) -> None:
        """Record that a socket is closed."""
        with self._changed:
            self._open.discard(one)
            self._stranded.discard(one)
            self._changed.notify_all()

    def strand(self) -> None:
        """Let what comes over the connections open now stay unanswered."""
        with self._changed:
            self._stranded |= self._open

    def is_stranded(self, client: socket.socket) -> bool:
        """Return whether requests over this connection stay unanswered."""
        with self._changed:
            return client in self._stranded

    def accept(self) -> None:
        """Serve in a thread of its own."""
        self._accepting = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self._accepting.start()

    def leave(self) -> None:
        """Stop listening and close all connections."""
        self.shutdown()
        self._accepting.join()
        self.server_close()
        self._hang_up()

    def come_back(self) -> None:
        """Listen on the same port again."""
        self.socket = socket.socket(self.address_family, self.socket_type)
        self.server_bind()
        self.server_activate()
        self.accept()

    def _hang_up(self) -> None:
        with self._changed:
            for one in self._open:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        """Stop listening, close all connections and wait for their threads."""
        self.ending.set()
        self.faults.clear()
        self.leave()
        with self._changed:
            if not self._changed.wait_for(lambda: not self._open, _TIMEOUT_SECONDS):
                raise TimeoutError(f"{len(self._open)} connections of the faulty storage do not end")


class _Passage(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    server: Server

    def handle(self) -> None:
        with suppress(OSError, EOFError), closing(_Storage(self.server)) as self._storage:
            while True:
                request = read_message(self.rfile)
                if self.server.is_stranded(self.request):
                    self.server.ending.wait()
                    return
                seen = self.server.log.note(request)
                answer = self._answer(request, seen, self.server.faults.take(request))
                seen.status = answer.status
                self.wfile.write(answer.sent)

    def _answer(self, request: Message, seen: Seen, fault: Fault | None) -> Message:
        if fault is not None and (instead := self._before(fault)):
            return instead
        seen.forwarded = True
        answer = self._storage.ask(request)
        return answer if fault is None else self._after(fault, answer)

    def _before(self, fault: Fault) -> Message | None:
        if fault.kind == "refuse":
            self._reset()
        if fault.kind == "hang":
            fault.over.wait()
            self._reset()
        if fault.kind == "slow":
            self._wait(fault)
        return busy() if fault.kind == "busy" else fault.answer

    def _after(self, fault: Fault, answer: Message) -> Message:
        if fault.kind == "cut":
            self._reset()
        if fault.kind == "late":
            self._wait(fault)
        return busy() if fault.kind == "busy_after" else answer

    def _wait(self, fault: Fault) -> None:
        fault.over.wait(fault.seconds)
        if self.server.ending.is_set():
            raise EOFError("the faulty storage ends")

    def _reset(self) -> None:
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        # otherwise the server sends FIN first, and the client sees an orderly end
        self.rfile.close()
        self.request.close()
        raise EOFError("reset on demand")


class _Storage:
    """One client's connection to storage, opened again if storage has closed it as idle."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._connection: socket.socket | None = None

    def ask(self, request: Message) -> Message:
        if self._connection is None or _is_readable(self._connection):
            self.close()
            self._connection = self._server.connect()
        self._connection.sendall(request.sent)
        with self._connection.makefile("rb") as answers:
            return read_message(answers)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._server.closed(self._connection)


def _is_readable(idle: socket.socket) -> bool:
    """Return whether an idle connection has something to read, which can only be its end."""
    with selectors.DefaultSelector() as selector:
        selector.register(idle, selectors.EVENT_READ)
        return bool(selector.select(0))

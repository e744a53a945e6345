"""Start Azurite, the emulator of Azure Storage."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from sandbox import environment
from sandbox.processes import end, listens, start

# Published by Microsoft for the emulator only, the same everywhere.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_PRELOAD = Path(__file__).with_name("exit_with_parent.cjs")


@dataclass(frozen=True, kw_only=True)
class Azurite:
    """A running emulator, with the connection string of one of its accounts."""

    connection: str
    pid: int

    def account(self, number: int) -> Self:
        """Return the same emulator with another account, which shares no table with any other."""
        return replace(self, connection=self.connection.replace(ACCOUNT, f"{ACCOUNT}{number}"))


@contextmanager
def start_azurite(
    folder: Path | None = None, *, tables_only: bool = True, accounts_more: int = 0, preload: Path | None = None
) -> Iterator[Azurite]:
    """Run Azurite; without a folder it keeps its rows in memory and loses them when it ends.

    `preload` is a file of JavaScript that Azurite runs first.
    """
    node, code = environment.azurite(Path(sys.executable))
    services = ["table"] if tables_only else ["blob", "queue", "table"]
    ports = dict(zip(services, free_ports(len(services)), strict=True))
    main = "table/main.js" if tables_only else "azurite.js"
    first = [part for file in (_PRELOAD, preload) if file for part in ("--require", str(file))]
    command = [node, *first, f"{code}/{main}", "--silent", "--disableTelemetry"]
    for service, port in ports.items():
        command += [f"--{service}Host", "127.0.0.1", f"--{service}Port", str(port)]
    command += ["--location", str(folder)] if folder else ["--inMemoryPersistence"]
    with ExitStack() as stack:
        accounts = {"AZURITE_ACCOUNTS": _accounts(accounts_more)} if accounts_more else {}
        process = start(command, stdout=subprocess.DEVNULL, env={**os.environ, **accounts})
        stack.callback(end, process)
        if not all(listens(port, process) for port in ports.values()):
            raise environment.SetupFailed("Azurite does not start. Delete .local/azurite to have it installed anew.")
        yield Azurite(connection=_connection(ports), pid=process.pid)


def free_ports(count: int) -> list[int]:
    """Return ports that are free at this moment."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _accounts(more: int) -> str:
    return ";".join(f"{name}:{KEY}" for name in (ACCOUNT, *(f"{ACCOUNT}{number}" for number in range(more))))


def _connection(ports: dict[str, int]) -> str:
    # Not "localhost": with that name and another port the client library assumes Cosmos DB.
    endpoints = [f"{service.title()}Endpoint=http://127.0.0.1:{port}/{ACCOUNT}" for service, port in ports.items()]
    return ";".join(["DefaultEndpointsProtocol=http", f"AccountName={ACCOUNT}", f"AccountKey={KEY}", *endpoints]) + ";"

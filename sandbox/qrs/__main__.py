"""The stand-in as a process: `python -m sandbox.qrs`; it says on one line where it listens."""

import argparse
import asyncio
import json
import os
import ssl
from functools import partial
from pathlib import Path

from aiohttp import web

from sandbox import certificates
from sandbox.qrs.control import Control
from sandbox.qrs.listeners import Connections, Listener, Listeners
from sandbox.qrs.serving import PROXY, serve
from sandbox.qrs.settings import Settings
from sandbox.qrs.state import Counts, Site
from sandbox.stopping import stop_when_asked


def main() -> None:
    """Run the stand-in until asked to stop."""
    arguments = _arguments()
    certificates.make(arguments.certificates)
    asyncio.run(_run(arguments))


async def _run(arguments: argparse.Namespace) -> None:
    stop = stop_when_asked(with_parent=arguments.exit_with_parent)
    site = Site(
        first_tasks=json.loads(arguments.tasks.read_text(encoding="utf-8")),
        first_settings=Settings(latency_ms=arguments.latency),
    )
    https, plain, proxy = _qrs_listeners(arguments, site)
    listeners = Listeners(listeners=[https, plain, proxy])
    control = _control_listener(arguments.control_port, Control(site=site, listeners=listeners))
    await listeners.follow(refusing=False)
    await control.open()
    _announce(https=https.port, plain=plain.port, proxy=proxy.port, control=control.port)
    await stop.wait()
    listeners.close()
    control.close()


def _qrs_listeners(arguments: argparse.Namespace, site: Site) -> list[Listener]:
    token_certificate = (arguments.certificates / "jwt_certificate.pem").read_text()
    ports = {"https": arguments.port, "http": arguments.plain_port, PROXY: arguments.proxy_port}
    listeners = []
    for name, port in ports.items():
        answers = partial(serve, site, name, token_certificate)
        tls = None if name == "http" else _tls(arguments, asks_for_certificate=name == "https")
        server = Connections(answers, site.counts, secure=tls is not None)
        listeners.append(Listener(port=port, server=server, tls=tls))
    return listeners


def _control_listener(port: int, control: Control) -> Listener:
    async def answer(request: web.BaseRequest, _connection: int) -> web.StreamResponse:
        return await control.serve(request)

    return Listener(port=port, server=Connections(answer, Counts(), secure=False))


def _tls(arguments: argparse.Namespace, *, asks_for_certificate: bool) -> ssl.SSLContext:
    folder: Path = arguments.certificates
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(
        arguments.server_certificate or folder / "server.pem", arguments.server_key or folder / "server_key.pem"
    )
    if asks_for_certificate:
        # optional: without one QRS answers 403, and TLS does not break the connection off
        context.load_verify_locations(folder / "root.pem")
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def _announce(*, https: int, plain: int, proxy: int, control: int) -> None:
    where = {
        "https": f"https://127.0.0.1:{https}/qrs",
        "http": f"http://127.0.0.1:{plain}/qrs",
        "proxy": f"https://127.0.0.1:{proxy}/jwt/qrs",
        "control": f"http://127.0.0.1:{control}/control",
        "pid": os.getpid(),
    }
    print(json.dumps(where), flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.qrs", description=__doc__)
    parser.add_argument("--tasks", type=Path, default=Path(__file__).with_name("tasks.json"))
    parser.add_argument("--certificates", type=Path, default=Path(".local/certificates"))
    for name in ("--port", "--plain-port", "--proxy-port", "--control-port"):
        parser.add_argument(name, type=int, default=0, help="0: any free one")
    parser.add_argument("--latency", type=float, default=0.0, metavar="MS")
    parser.add_argument("--server-certificate", type=Path)
    parser.add_argument("--server-key", type=Path)
    parser.add_argument("--exit-with-parent", action="store_true", help="end when standard input ends")
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""Trust between Footman and Sense, both ways, over real TLS."""

import hashlib
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from shared.core.errors import QrsDenied, QrsUnanswered, QrsUntrusted, SettingsError
from shared.core.starts import Wanted
from shared.qrs.access import ClientCertificate
from tests.integration.conftest import OpenTasks
from tests.sandbox import certificates
from tests.sandbox.stand_in import StandIn, start_stand_in

APP1 = "c6d86a12-bd1c-5e5c-b5c7-914f09a2b88a"
ANY = Wanted(task_ids=(APP1,))


@pytest.fixture(scope="module")
def served(stand_in: StandIn) -> Iterator[dict[str, StandIn]]:
    """Sites whose server certificates are bad, each in its way; the good one's roots and clients hold."""
    folder = stand_in.certificates
    with (
        start_stand_in(folder=folder, server=certificates.foreign(folder)) as foreign,
        start_stand_in(folder=folder, server=certificates.expired(folder)) as expired,
        start_stand_in(folder=folder, server=certificates.wrong_name(folder)) as wrong_name,
    ):
        yield {"good": stand_in, "foreign root": foreign, "expired": expired, "wrong name": wrong_name}


def fingerprint(file: Path) -> str:
    return hashlib.sha256(
        ssl.PEM_cert_to_DER_cert(file.read_text()[: file.read_text().index("-----END") + 25])
    ).hexdigest()


@pytest.mark.parametrize(
    ("site", "changes", "cause"),
    [
        ("good", {"root_certificate": None}, "its root is unknown. Set QRS_ROOT_CERTIFICATE"),
        ("foreign root", {}, "its root is unknown. Set QRS_ROOT_CERTIFICATE"),
        ("expired", {}, "its certificate has expired"),
        ("wrong name", {}, "does not name this IP address. Set QRS_TLS_SERVER_NAME"),
        ("wrong name", {"tls_server_name": "third.example.com"}, "made out to another name. Set QRS_TLS_SERVER_NAME"),
        ("good", {"tls_fingerprint": "ab" * 32}, "not the pinned one"),
    ],
)
def test_a_server_that_cannot_be_trusted_is_asked_nothing(
    site: str, changes: dict[str, str | None], cause: str, served: dict[str, StandIn], open_tasks: OpenTasks
) -> None:
    tasks = open_tasks(base_urls=(served[site].https,), **changes)

    with pytest.raises(QrsUntrusted, match=cause):
        tasks.find(ANY)
    with pytest.raises(QrsUntrusted, match=cause):
        tasks.start(APP1)
    assert served[site].log() == []


@pytest.mark.parametrize(
    ("site", "changes"),
    [
        ("good", {}),
        ("good", {"tls_server_name": "sense.example.com"}),
        ("wrong name", {"tls_server_name": "other.example.com"}),
        ("foreign root", {"tls_verify": False}),
        ("expired", {"tls_verify": False}),
    ],
)
def test_a_server_that_can_be_trusted_is(
    site: str, changes: dict[str, object], served: dict[str, StandIn], open_tasks: OpenTasks
) -> None:
    tasks = open_tasks(base_urls=(served[site].https,), **changes)

    assert [task.id for task in tasks.find(ANY).by_id] == [APP1]


@pytest.mark.parametrize(
    ("site", "file"),
    [
        ("good", "server.pem"),
        ("foreign root", "foreign_server.pem"),
        ("expired", "expired_server.pem"),
        ("wrong name", "wrong_name_server.pem"),
    ],
)
def test_a_pinned_certificate_needs_neither_root_nor_name_nor_dates(
    site: str, file: str, served: dict[str, StandIn], open_tasks: OpenTasks
) -> None:
    pin = fingerprint(served[site].certificates / file)
    tasks = open_tasks(base_urls=(served[site].https,), root_certificate=None, tls_fingerprint=pin)

    assert [task.id for task in tasks.find(ANY).by_id] == [APP1]


def test_without_a_client_certificate_sense_forbids(open_tasks: OpenTasks) -> None:
    with pytest.raises(QrsDenied, match="The client certificate may be missing or foreign"):
        open_tasks(client_certificate=None).find(ANY)


def a_foreign_client(sense: StandIn) -> ClientCertificate:
    pair = certificates.foreign_client(sense.certificates)
    return ClientCertificate(certificate=pair.certificate.read_text(), key=pair.key.read_text())


def test_a_foreign_client_certificate_that_sense_drops_silently_is_hinted_at(
    sense: StandIn, open_tasks: OpenTasks
) -> None:
    with pytest.raises(QrsUnanswered, match="check that QRS_CLIENT_CERTIFICATE comes from this very site"):
        open_tasks(client_certificate=a_foreign_client(sense)).find(ANY)


# With TLS 1.3 the alert comes after the request was sent.
@pytest.mark.parametrize(
    ("version", "kind"), [(ssl.TLSVersion.TLSv1_2, QrsUntrusted), (ssl.TLSVersion.TLSv1_3, QrsUnanswered)]
)
def test_a_foreign_client_certificate_that_sense_refuses_aloud_is_told(
    version: ssl.TLSVersion, kind: type[Exception], sense: StandIn, open_tasks: OpenTasks
) -> None:
    with a_strict_server(sense.certificates, version) as url:
        tasks = open_tasks(base_urls=(url,), client_certificate=a_foreign_client(sense))

        with pytest.raises(kind, match="did not accept the client certificate"):
            tasks.find(ANY)


@contextmanager
def a_strict_server(folder: Path, version: ssl.TLSVersion) -> Iterator[str]:
    """Listen as a server that ends the handshake with an alert when the client's certificate is foreign."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server_key.pem")
    context.load_verify_locations(folder / "root.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = context.maximum_version = version

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            plain = self.request.dup()
            with suppress(ssl.SSLError):
                context.wrap_socket(self.request, server_side=True)
            # What is left unread at the end would turn the alert into a reset on its way.
            with suppress(OSError), plain:
                while plain.recv(65_536):
                    pass

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_address[1]}/qrs"
        server.shutdown()


def test_a_key_of_another_certificate_is_a_wrong_setting(sense: StandIn, open_tasks: OpenTasks) -> None:
    mixed = ClientCertificate(
        certificate=(sense.certificates / "client.pem").read_text(),
        key=(sense.certificates / "server_key.pem").read_text(),
    )

    with pytest.raises(SettingsError, match="QRS_CLIENT_CERTIFICATE and QRS_CLIENT_KEY are no usable pair"):
        open_tasks(client_certificate=mixed)


def test_a_root_that_is_no_certificate_is_a_wrong_setting(open_tasks: OpenTasks) -> None:
    nonsense = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"

    with pytest.raises(SettingsError, match="QRS_ROOT_CERTIFICATE"):
        open_tasks(root_certificate=nonsense)


def test_a_plain_port_called_with_tls_is_told(sense: StandIn, open_tasks: OpenTasks) -> None:
    with pytest.raises(QrsUntrusted, match="Check that QRS_URL names a TLS port"):
        open_tasks(base_urls=(sense.http.replace("http:", "https:"),)).find(ANY)

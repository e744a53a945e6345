"""Trust between Footman and Sense, both ways, over real TLS."""

import hashlib
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sandbox import certificates
from sandbox.stand_in import StandIn, start_stand_in
from shared.core.errors import QrsDenied, QrsError, QrsUnanswered, QrsUnreachable, QrsUntrusted, SettingsError
from shared.core.tasks import TaskQuery
from shared.qrs.access import ClientCertificate
from tests.integration.conftest import OpenTasks

APP1 = "c6d86a12-bd1c-5e5c-b5c7-914f09a2b88a"
OLD_SITE = "old-site.example.com"
ANY = TaskQuery(task_ids=(APP1,))


@pytest.fixture(scope="module")
def served(stand_in: StandIn) -> Iterator[dict[str, StandIn]]:
    """Sites whose server certificates are bad, each in its way; the good one's roots and clients hold."""
    folder = stand_in.certificates
    with (
        start_stand_in(folder=folder, server=certificates.foreign(folder)) as foreign,
        start_stand_in(folder=folder, server=certificates.expired(folder)) as expired,
        start_stand_in(folder=folder, server=certificates.wrong_name(folder)) as wrong_name,
        start_stand_in(folder=folder, server=certificates.common_name_alone(folder, OLD_SITE)) as old_site,
    ):
        yield {
            "good": stand_in,
            "foreign root": foreign,
            "expired": expired,
            "wrong name": wrong_name,
            "old site": old_site,
        }


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
        ("old site", {"tls_server_name": OLD_SITE}, "QRS_TLS_COMMON_NAME to true"),
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
    ("site", "name", "is_trusted"),
    [
        ("old site", OLD_SITE, True),
        ("old site", "other.example.com", False),
        ("wrong name", "third.example.com", False),
    ],
)
def test_where_it_is_asked_for_a_common_name_is_enough(
    site: str, name: str, *, is_trusted: bool, served: dict[str, StandIn], open_tasks: OpenTasks
) -> None:
    tasks = open_tasks(base_urls=(served[site].https,), tls_server_name=name, tls_common_name=True)

    if is_trusted:
        assert len(tasks.find(ANY).by_id) == 1
        return
    with pytest.raises(QrsUntrusted, match="made out to another name"):
        tasks.find(ANY)


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


NOW, DAY = datetime.now(UTC), timedelta(days=1)
DATES = [
    (NOW - 30 * DAY, NOW - DAY, f"QRS_CLIENT_CERTIFICATE expired on {NOW - DAY:%Y-%m-%d}: export a new one"),
    (NOW + DAY, NOW + 30 * DAY, f"QRS_CLIENT_CERTIFICATE is valid only from {NOW + DAY:%Y-%m-%d} on: check the clocks"),
]


def a_dated_client(sense: StandIn, begin: datetime, end: datetime) -> ClientCertificate:
    pair = certificates.client_of(sense.certificates, begin, end)
    return ClientCertificate(certificate=pair.certificate.read_text(), key=pair.key.read_text())


@pytest.mark.parametrize(("begin", "end", "cause"), DATES)
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_certificate_out_of_date_is_told_with_its_date(
    begin: datetime, end: datetime, cause: str, version: ssl.TLSVersion, sense: StandIn, open_tasks: OpenTasks
) -> None:
    client = a_dated_client(sense, begin, end)
    with a_strict_server(sense.certificates, version) as url, pytest.raises(QrsError, match=cause) as caught:
        open_tasks(base_urls=(url,), client_certificate=client).find(ANY)

    assert "restarting" not in str(caught.value)


@pytest.mark.parametrize(("begin", "end", "cause"), DATES)
def test_nor_is_the_date_kept_back_when_sense_says_nothing(
    begin: datetime, end: datetime, cause: str, sense: StandIn, open_tasks: OpenTasks
) -> None:
    client = a_dated_client(sense, begin, end)
    with pytest.raises(QrsUnanswered, match=cause):
        open_tasks(client_certificate=client).find(ANY)
    with pytest.raises(QrsUnanswered, match=f"outcome unknown: .*{cause}"):
        open_tasks(client_certificate=client).start(APP1)


@pytest.mark.parametrize(("begin", "end", "cause"), DATES)
@pytest.mark.parametrize("says", ["", "401 Unauthorized", "403 Forbidden"])
def test_nor_when_it_ends_the_handshake_or_answers_that_it_knows_nobody(
    says: str, begin: datetime, end: datetime, cause: str, sense: StandIn, open_tasks: OpenTasks
) -> None:
    client = a_dated_client(sense, begin, end)
    kind = QrsDenied if says else QrsUnreachable
    with a_lenient_server(sense.certificates, says) as url, pytest.raises(kind, match=cause):
        open_tasks(base_urls=(url,), client_certificate=client).find(ANY)


@contextmanager
def a_lenient_server(folder: Path, says: str) -> Iterator[str]:
    """Listen as a server that takes any client and answers with this status; without one it ends the handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server_key.pem")

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            if not says:
                # With unread bytes left, the end is a reset.
                self.request.recv(1)
                return
            with context.wrap_socket(self.request, server_side=True) as end:
                end.recv(65_536)
                end.sendall(f"HTTP/1.1 {says}\r\nContent-Length: 0\r\n\r\n".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_address[1]}/qrs"
        server.shutdown()


@pytest.mark.parametrize(("begin", "end", "cause"), DATES)
def test_what_a_client_certificate_does_not_explain_is_not_put_down_to_it(
    begin: datetime, end: datetime, cause: str, sense: StandIn, open_tasks: OpenTasks
) -> None:
    client = a_dated_client(sense, begin, end)
    for url in ("https://127.0.0.1:9/qrs", sense.http.replace("http:", "https:"), "https://sense.invalid/qrs"):
        with pytest.raises(QrsError) as caught:
            open_tasks(base_urls=(url,), client_certificate=client).find(ANY)
        assert cause[:22] not in str(caught.value)


def test_a_good_client_certificate_is_not_blamed_for_its_dates(sense: StandIn, open_tasks: OpenTasks) -> None:
    sense.fault("reset")
    with pytest.raises(QrsUnanswered, match="Sense may be restarting"):
        open_tasks().find(ANY)
    sense.no_faults()


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
    with pytest.raises(QrsUntrusted, match=r"does not speak TLS\. Check that QRS_URL names a TLS port"):
        open_tasks(base_urls=(sense.http.replace("http:", "https:"),)).find(ANY)


def test_a_tls_port_called_without_tls_is_told(sense: StandIn, open_tasks: OpenTasks) -> None:
    tasks = open_tasks(base_urls=(sense.https.replace("https:", "http:"),))
    for ask in (lambda: tasks.find(ANY), lambda: tasks.start(APP1)):
        with pytest.raises(QrsError, match=r"(?i)write https") as caught:
            ask()
        assert "QRS_CLIENT_CERTIFICATE" not in str(caught.value)


def test_a_server_that_offers_only_old_tls_is_told_as_such(open_tasks: OpenTasks) -> None:
    # The alert that a server of TLS 1.0 or 1.1 alone sends, after the greeting of a client that knows neither.
    with an_alert(b"\x15\x03\x01\x00\x02\x02\x46") as port:
        with pytest.raises(QrsUntrusted, match=r"it offers no TLS 1\.2 or newer"):
            open_tasks(base_urls=(f"https://127.0.0.1:{port}/qrs",)).find(ANY)
        with pytest.raises(QrsUnreachable, match="it wants TLS, and QRS_URL says http"):
            open_tasks(base_urls=(f"http://127.0.0.1:{port}/qrs",)).start(APP1)


@contextmanager
def an_alert(alert: bytes) -> Iterator[int]:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65_536)
            self.request.sendall(alert)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()

"""Certificates and tokens for tests: a site's own root, server and client, and bad ones that must be refused."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import jwt
import trustme
from cryptography import x509

_SERVER_NAMES = ("127.0.0.1", "localhost", "sense.example.com")
_CERTIFICATES = ("root.pem", "server.pem", "client.pem", "jwt_certificate.pem")
_KEYS = ("root_key.pem", "server_key.pem", "client_key.pem", "jwt_key.pem")


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A certificate with its key, and the root that signed it."""

    certificate: Path
    key: Path
    root: Path


def make(directory: Path) -> None:
    """Write a site's certificates, unless a complete set that has not expired exists already."""
    if _complete(directory):
        return
    directory.mkdir(parents=True, exist_ok=True)
    root = trustme.CA(organization_name="sense-CA")
    _write_root(root, directory, "root")
    _issue(root, directory, "server", *_SERVER_NAMES)
    _write_leaf(root.issue_cert(common_name="QlikClient"), directory, "client")
    signer = trustme.CA(organization_name="token signer", key_type=trustme.KeyType.RSA)
    signer.cert_pem.write_to_path(directory / "jwt_certificate.pem")
    signer.private_key_pem.write_to_path(directory / "jwt_key.pem")


def foreign(directory: Path) -> Pair:
    """Make a server certificate from a root that nobody trusts."""
    root = trustme.CA(organization_name="foreign-CA")
    _write_root(root, directory, "foreign_root")
    return _issue(root, directory, "foreign_server", *_SERVER_NAMES, signed_by="foreign_root")


def foreign_client(directory: Path) -> Pair:
    """Make a client certificate from a root that the server does not know."""
    root = trustme.CA(organization_name="foreign-CA")
    _write_root(root, directory, "foreign_client_root")
    _write_leaf(root.issue_cert(common_name="QlikClient"), directory, "foreign_client")
    return _pair(directory, "foreign_client", "foreign_client_root")


def expired(directory: Path) -> Pair:
    """Make a server certificate from the site's root that expired yesterday."""
    now = dt.datetime.now(dt.UTC)
    long_ago, yesterday = now - dt.timedelta(days=30), now - dt.timedelta(days=1)
    leaf = _root(directory).issue_cert(*_SERVER_NAMES, not_before=long_ago, not_after=yesterday)
    _write_leaf(leaf, directory, "expired_server")
    return _pair(directory, "expired_server", "root")


def client_of(directory: Path, begin: dt.datetime, end: dt.datetime) -> Pair:
    """Make a client certificate from the site's root that is valid in this period."""
    leaf = _root(directory).issue_cert(common_name="QlikClient", not_before=begin, not_after=end)
    _write_leaf(leaf, directory, "dated_client")
    return _pair(directory, "dated_client", "root")


def wrong_name(directory: Path, name: str = "other.example.com") -> Pair:
    """Make a server certificate from the site's root for a name other than the one that is called."""
    return _issue(_root(directory), directory, "wrong_name_server", name)


def common_name_alone(directory: Path, name: str) -> Pair:
    """Make a server certificate from the site's root that has its name as common name only, as old sites do."""
    _write_leaf(_root(directory).issue_cert(common_name=name), directory, "common_name_server")
    return _pair(directory, "common_name_server", "root")


def bearer_token(directory: Path, **claims: object) -> str:
    """Make a token for the proxy; a claim given as None is left out."""
    usual = {
        "userId": "sa_repository",
        "userDirectory": "INTERNAL",
        "exp": dt.datetime.now(dt.UTC) + dt.timedelta(hours=1),
    }
    payload = {name: value for name, value in (usual | claims).items() if value is not None}
    return jwt.encode(payload, (directory / "jwt_key.pem").read_text(), algorithm="RS256")


def _complete(directory: Path) -> bool:
    if not all((directory / name).is_file() for name in _CERTIFICATES + _KEYS):
        return False
    tomorrow = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    loaded = (x509.load_pem_x509_certificate((directory / name).read_bytes()) for name in _CERTIFICATES)
    return all(certificate.not_valid_after_utc > tomorrow for certificate in loaded)


def _root(directory: Path) -> trustme.CA:
    make(directory)
    return trustme.CA.from_pem((directory / "root.pem").read_bytes(), (directory / "root_key.pem").read_bytes())


def _issue(root: trustme.CA, directory: Path, stem: str, *names: str, signed_by: str = "root") -> Pair:
    _write_leaf(root.issue_cert(*names), directory, stem)
    return _pair(directory, stem, signed_by)


def _pair(directory: Path, stem: str, root: str) -> Pair:
    return Pair(
        certificate=directory / f"{stem}.pem", key=directory / f"{stem}_key.pem", root=directory / f"{root}.pem"
    )


def _write_root(root: trustme.CA, directory: Path, stem: str) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    root.cert_pem.write_to_path(directory / f"{stem}.pem")
    root.private_key_pem.write_to_path(directory / f"{stem}_key.pem")


def _write_leaf(leaf: trustme.LeafCert, directory: Path, stem: str) -> None:
    pair = _pair(directory, stem, "root")
    pair.certificate.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
    leaf.private_key_pem.write_to_path(pair.key)

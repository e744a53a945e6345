"""PEM as it arrives through portals, shells, pipelines and vaults: read, or its fault named."""

import base64
import ssl
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from shared import settings
from shared.core.errors import SettingsError

URL = {"QRS_URL": "https://sense.example.com:4242/qrs"}
PKCS1, PKCS8 = PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8
KINDS = [
    (trustme.KeyType.RSA, PKCS8, "BEGIN PRIVATE KEY"),
    (trustme.KeyType.RSA, PKCS1, "BEGIN RSA PRIVATE KEY"),
    (trustme.KeyType.ECDSA, PKCS1, "BEGIN EC PRIVATE KEY"),
]


@cache
def pair(kind: trustme.KeyType) -> tuple[str, str, str]:
    """Return a certificate, its key and its root."""
    root = trustme.CA(key_type=kind)
    leaf = root.issue_cert(common_name="QlikClient", key_type=kind)
    return (
        leaf.cert_chain_pems[0].bytes().decode(),
        leaf.private_key_pem.bytes().decode(),
        root.cert_pem.bytes().decode(),
    )


@cache
def written(kind: trustme.KeyType, form: PrivateFormat, password: bytes | None = None) -> str:
    key = serialization.load_pem_private_key(pair(kind)[1].encode(), None)
    lock = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, form, lock).decode()


def with_end(end: str) -> Callable[[str], str]:
    return lambda text: text.replace("\n", end)


WAYS: dict[str, Callable[[str], str]] = {
    "as exported": str,
    "CRLF": with_end("\r\n"),
    "old Mac": with_end("\r"),
    "blanks": with_end(" "),
    "two blanks": with_end("  "),
    "tabs": with_end("\t"),
    "nothing": with_end(""),
    r"\n": with_end("\\n"),
    r"\r\n": with_end("\\r\\n"),
    r"\r": with_end("\\r"),
    r"\n escaped twice": with_end("\\\\n"),
    r"\n and a real one": with_end("\\n\n"),
    "PowerShell's `n": with_end("`n"),
    "PowerShell's `r`n": with_end("`r`n"),
    "a backslash and a real one": with_end("\\\n"),
    "empty lines": with_end("\n\n"),
    "indented": with_end("\n    "),
    "quoted": lambda text: f'"{text.strip()}"',
    "quoted in single quotes": lambda text: f"'{text}'",
    "quoted, blanks": lambda text: f'"{text.strip()}"'.replace("\n", " "),
    r"quoted, \r\n": lambda text: f'"{text}"'.replace("\n", "\\r\\n"),
    "quoted and escaped": lambda text: f'\\"{text}\\"'.replace("\n", "\\n"),
    "each line quoted": lambda text: "\n".join(f'"{line}\\n"' for line in text.splitlines()),
    "BOM": lambda text: "\ufeff" + text,
    "BOM, CRLF": lambda text: "\ufeff" + text.replace("\n", "\r\n"),
    "blanks around": lambda text: f"  \n{text}\n ",
    "no line end at the end": str.strip,
    "base64 once more": lambda text: base64.b64encode(text.encode()).decode(),
    r"base64 once more, \n": lambda text: base64.encodebytes(text.encode()).decode().replace("\n", "\\n"),
    "base64 once more, wrapped": lambda text: base64.encodebytes(text.encode()).decode(),
}


def loads(certificate: str, key: str, root: str, folder: Path) -> None:
    """Let OpenSSL read all three."""
    (folder / "c").write_text(certificate, encoding="ascii")
    (folder / "k").write_text(key, encoding="ascii")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_cert_chain(folder / "c", folder / "k")
    context.load_verify_locations(cadata=root)


@pytest.mark.parametrize(("kind", "form", "label"), KINDS)
@pytest.mark.parametrize("way", WAYS)
def test_all_three_are_read_whatever_became_of_their_lines(
    way: str, kind: trustme.KeyType, form: PrivateFormat, label: str, tmp_path: Path
) -> None:
    certificate, _, root = pair(kind)
    key = written(kind, form)
    names = ("QRS_CLIENT_CERTIFICATE", "QRS_CLIENT_KEY", "QRS_ROOT_CERTIFICATE")
    texts = [WAYS[way](text) for text in (certificate + root, key, root + certificate)]
    loaded = settings.load(URL | dict(zip(names, texts, strict=True)))

    assert label in key
    assert loaded.client_certificate == certificate + root
    assert loaded.client_key
    assert loaded.client_key.get_secret_value() == key
    assert loaded.root_certificate == root + certificate
    loads(loaded.client_certificate, key, loaded.root_certificate, tmp_path)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_a_file_may_be_one_that_windows_wrote(encoding: str, tmp_path: Path) -> None:
    certificate, key, _ = pair(trustme.KeyType.ECDSA)
    texts = {"QRS_CLIENT_CERTIFICATE": certificate, "QRS_CLIENT_KEY": key}
    for name, text in texts.items():
        mark = "\ufeff" if encoding == "utf-16-le" else ""
        (tmp_path / f"{name}.pem").write_bytes((mark + text.replace("\n", "\r\n")).encode(encoding))
    loaded = settings.load(URL | {name: f'"{tmp_path / name}.pem"' for name in texts})

    assert loaded.client_certificate == certificate


@pytest.mark.parametrize("end", ["\n", "\r\n", " ", "\\n"])
@pytest.mark.parametrize("header", ["Comment: made by hand", "X-One: 1\nX-Two: MY 2", "Proc-Type: 4,MIC-CLEAR"])
def test_headers_of_a_block_are_passed_over(header: str, end: str) -> None:
    certificate, key, _ = pair(trustme.KeyType.ECDSA)
    first, _, rest = key.partition("\n")
    texts = {"QRS_CLIENT_CERTIFICATE": certificate, "QRS_CLIENT_KEY": f"{first}\n{header}\n\n{rest}".replace("\n", end)}
    loaded = settings.load(URL | texts).client_key

    assert loaded
    assert loaded.get_secret_value() == key


def test_of_several_blocks_each_setting_takes_its_own(tmp_path: Path) -> None:
    certificate, key, root = pair(trustme.KeyType.ECDSA)
    whole = f"Bag Attributes: x\nsubject=CN = QlikClient\n{key}Bag Attributes: y\n{certificate}{root}"
    loaded = settings.load(URL | dict.fromkeys(("QRS_CLIENT_CERTIFICATE", "QRS_CLIENT_KEY"), whole))

    assert loaded.client_certificate == certificate + root
    assert loaded.client_key
    loads(loaded.client_certificate, loaded.client_key.get_secret_value(), root, tmp_path)


@pytest.mark.parametrize("end", ["\n", "\r\n", " ", "", "\\n", "\\r\\n"])
@pytest.mark.parametrize(
    ("kind", "form", "sign"),
    [
        (trustme.KeyType.RSA, PKCS1, "Proc-Type: 4,ENCRYPTED"),
        (trustme.KeyType.ECDSA, PKCS1, "DEK-Info"),
        (trustme.KeyType.RSA, PKCS8, "BEGIN ENCRYPTED PRIVATE KEY"),
    ],
)
def test_a_locked_key_is_named_as_one(kind: trustme.KeyType, form: PrivateFormat, sign: str, end: str) -> None:
    key = written(kind, form, b"word")

    assert sign in key
    with pytest.raises(SettingsError, match="QRS_CLIENT_KEY: the key is locked with a password"):
        settings.load(URL | {"QRS_CLIENT_CERTIFICATE": pair(kind)[0], "QRS_CLIENT_KEY": key.replace("\n", end)})


@pytest.mark.parametrize(
    ("name", "spoil", "cause"),
    [
        ("QRS_CLIENT_KEY", lambda key, _: key[:200], "its end was cut off"),
        ("QRS_CLIENT_KEY", lambda key, _: key[:60] + key[61:], "damaged on its way"),
        ("QRS_CLIENT_KEY", lambda _, certificate: certificate, "no private key"),
        ("QRS_CLIENT_CERTIFICATE", lambda key, _: key, "no certificate but PRIVATE KEY"),
        ("QRS_ROOT_CERTIFICATE", lambda key, _: key, "no certificate but PRIVATE KEY"),
        (
            "QRS_ROOT_CERTIFICATE",
            lambda _, certificate: certificate.replace("CERTIFICATE", "CERTIFICATE REQUEST"),
            "REQUEST",
        ),
        (
            "QRS_ROOT_CERTIFICATE",
            lambda _, certificate: certificate[: certificate.index("-----END")],
            "its end was cut off",
        ),
    ],
)
def test_what_can_not_be_read_is_told_with_its_cause(name: str, spoil: Callable[[str, str], str], cause: str) -> None:
    certificate, _, _ = pair(trustme.KeyType.RSA)
    key = written(trustme.KeyType.RSA, PKCS8)
    good = URL | {"QRS_CLIENT_CERTIFICATE": certificate, "QRS_CLIENT_KEY": key}
    with pytest.raises(SettingsError, match=f"{name}: .*{cause}") as caught:
        settings.load(good | {name: spoil(key, certificate)})

    assert key.splitlines()[2] not in str(caught.value)

"""Settings as people write them and as portals and commands pass them on: everything around the value is removed."""

import re
from urllib.parse import SplitResult, urlsplit

HOST = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?|[0-9a-f]*:[0-9a-f:.]+")

# A URL with a password, a PEM text, a key or a token that was put into the wrong setting; a GUID is shorter.
_LOOKS_SECRET = re.compile(r"[@?]|-----|[A-Za-z0-9+/=_-]{40}")

# Straight quotes, and those that word processors and chats turn them into.
_QUOTES = {'"': '"', "'": "'", "`": "`", "\u201c": "\u201d", "\u2018": "\u2019"}
# Besides white space: a byte order mark, and the marks that Windows' dialogs put before text copied from them.
_AROUND = "\ufeff\u200b\u200e\u200f\u202a\u202c"
_WRITTEN_END = re.compile(r"(?:\\r|\\n)+\Z")
_REFERENCE = re.compile(r"@Microsoft\.(KeyVault|AppConfiguration)\s*\(", re.IGNORECASE)
_FINGERPRINT_HEAD = re.compile(r"(sha[-_ ]?\d+|md5)?\s*(fingerprint|thumbprint)?\s*[=:]?", re.IGNORECASE)
# The service that a reference points to, and the role needed to read from it.
_STORES = {
    "keyvault": ("Key Vault", "Key Vault Secrets User"),
    "appconfiguration": ("App Configuration", "App Configuration Data Reader"),
}
# The number of hexadecimal digits of fingerprints other than SHA-256.
_OTHER_FINGERPRINTS = {
    32: "an MD5 fingerprint",
    40: "a SHA-1 fingerprint, as Windows shows under Thumbprint",
    96: "a SHA-384 fingerprint",
    128: "a SHA-512 fingerprint",
}


def may_be_secret(text: str) -> bool:
    """Return whether a text looks like a secret that was put into the wrong place."""
    return _LOOKS_SECRET.search(text) is not None


def repeated(text: str) -> str:
    """Return the text as a message may repeat it."""
    return "what is not repeated here" if may_be_secret(text) else text


def bare(text: str) -> str:
    """Return the text without the white space, line breaks, invisible marks and quotes around it."""
    while True:
        inner = _WRITTEN_END.sub("", text.strip().strip(_AROUND)).strip()
        inner = inner.replace('\\"', '"') if inner.startswith('\\"') and inner.endswith('\\"') else inner
        if len(inner) > 1 and _QUOTES.get(inner[0]) == inner[-1]:
            inner = inner[1:-1]
        if inner == text:
            return text
        text = inner


def resolved(text: str) -> str:
    """Return the text; raises ValueError for a Key Vault or App Configuration reference that Azure left unresolved."""
    if reference := _REFERENCE.match(text):
        store, role = _STORES[reference[1].lower()]
        raise ValueError(
            f"its reference to {store} was not resolved, so Footman got the reference in place of the value. The app's "
            "environment variables in the portal show the reference's status. Check that the app's identity may read "
            f"there ({role}), that the name is right, and that the network lets the app through; then restart the app"
        )
    return text


def is_open_to_listeners(url: str) -> bool:
    """Return whether what is sent to this address can be read on the way: http that leaves the machine."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    return parts.scheme == "http" and not (host in {"localhost", "::1"} or re.fullmatch(r"127(\.[0-9]{1,3}){3}", host))


def token(text: str) -> str:
    """Return the JSON Web Token, also from a whole header line; raises ValueError."""
    found = "".join(re.sub(r"\A(authorization:\s*)?bearer[:\s]+", "", text, flags=re.IGNORECASE).split())
    if not re.fullmatch(r"[A-Za-z0-9_=-]+(\.[A-Za-z0-9_=-]+){2}", found):
        raise ValueError("it is no JSON Web Token (three parts joined by dots)")
    return found


def fingerprint(text: str) -> str:
    """Return the digits of a SHA-256 fingerprint, also from the output of OpenSSL; raises ValueError."""
    head = _FINGERPRINT_HEAD.match(text)
    digits = re.sub(rf"[:\s{_AROUND}-]", "", text[head.end() if head else 0 :]).lower()
    if re.fullmatch(r"[0-9a-f]{64}", digits):
        return digits
    other = _OTHER_FINGERPRINTS.get(len(digits)) if re.fullmatch(r"[0-9a-f]+", digits) else None
    raise ValueError(
        f"{f'this is {other} ({len(digits)} digits); ' if other else ''}a SHA-256 fingerprint has "
        "64 hexadecimal digits, colons allowed: openssl x509 -in server.pem -noout -fingerprint -sha256"
    )


def address(url: str) -> SplitResult:
    """Return the parts of an address, of which the port is a number; raises ValueError, whose text quotes nothing."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        # The library's own text repeats host or port, where a password or a key may stand.
        raise ValueError(
            "it is no address: look at its host, its brackets, and its port, a number in the range 0-65535"
        ) from None
    return parts


def server_name(text: str) -> str:
    """Return the host name, also from a whole URL or from CN=name; raises ValueError."""
    name = re.sub(r"\ACN\s*=\s*", "", text, flags=re.IGNORECASE)
    if HOST.fullmatch(name.lower()):
        return name
    host = address(name if "//" in name else f"//{name}").hostname or ""
    if not host or re.search(r"[\s/@?#,;=\"'\\]", host):
        raise ValueError(
            "the name alone is expected, as it stands on the server's certificate, for instance sense.example.com, "
            "without https:// and port"
        )
    return host

"""Pooled connections to storage."""

import requests
from urllib3.util import Retry

# As many as a Functions worker has threads by default; each connection beyond would be a warning in the log.
MOST_CONNECTIONS = 32


def session() -> requests.Session:
    """Return a session whose pool is as large as its callers are many, and which tries nothing again by itself."""
    made = requests.Session()
    # urllib3's own retries, even none of them, would quote the address in errors, and a signature may be part of it.
    adapter = requests.adapters.HTTPAdapter(pool_maxsize=MOST_CONNECTIONS, max_retries=Retry(total=False))
    made.mount("http://", adapter)
    made.mount("https://", adapter)
    return made

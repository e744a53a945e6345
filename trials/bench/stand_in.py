"""How many calls a second the stand-in can take, so that a bench never measures it instead of Footman."""

import asyncio
import ssl
import time

import aiohttp

from sandbox.stand_in import GOOD_HEADERS, XSRF_KEY, StandIn, start_stand_in

APP1 = "c6d86a12-bd1c-5e5c-b5c7-914f09a2b88a"
CALLERS = 16
SECONDS = 2.0
LIMIT = 2_000
CALLS = {
    "start": ("POST", f"/task/{APP1}/start/synchronous?xrfkey={XSRF_KEY}"),
    "look-up": ("GET", f"/task/full?filter=id%20eq%20{APP1}&xrfkey={XSRF_KEY}"),
}


def main() -> int:
    """Measure, print a table and return the exit code."""
    with start_stand_in() as sense:
        rates = {
            f"{name} over {base_url}": asyncio.run(_rate(sense, base_url, *call))
            for base_url in ("http", "https")
            for name, call in CALLS.items()
        }
    print(f"{CALLERS} callers on as many connections, {SECONDS:.0f} s each; to reach {LIMIT:,} a second\n")
    print("\n".join(f"{name:20} {rate:8,.0f} a second" for name, rate in rates.items()))
    return 1 if min(rates.values()) < LIMIT else 0


async def _rate(sense: StandIn, listener: str, method: str, path: str) -> float:
    folder = sense.certificates
    trust = ssl.create_default_context(cafile=str(folder / "root.pem"))
    trust.load_cert_chain(folder / "client.pem", folder / "client_key.pem")
    base_url: str = getattr(sense, listener)
    connector = aiohttp.TCPConnector(ssl=trust, limit=CALLERS)
    async with aiohttp.ClientSession(connector=connector, headers=GOOD_HEADERS) as session:
        begun = time.perf_counter()
        counts = await asyncio.gather(*(_calls(session, method, base_url + path, begun) for _ in range(CALLERS)))
        return sum(counts) / (time.perf_counter() - begun)


async def _calls(session: aiohttp.ClientSession, method: str, url: str, begun: float) -> int:
    count = 0
    while time.perf_counter() - begun < SECONDS:
        async with session.request(method, url) as answer:
            await answer.read()
            answer.raise_for_status()
        count += 1
    return count

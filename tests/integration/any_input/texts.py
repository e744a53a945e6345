"""Texts that somebody might send who means no good, or knows no better: ids, zones, expressions, anything."""

from hypothesis import strategies as st

from sandbox.cron_texts import EXPRESSIONS

LONGEST_CRON = 1000

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
ODD_TEXTS = (
    "",
    " ",
    "\u00a0",
    "\u200b",
    "\x00",
    "a\x00b",
    "\r\nX: y",
    "\x1b[31m",
    "\x7f",
    "'",
    "''",
    "\\",
    "\\'",
    '"',
    "' or 1 eq 1",
    "' or name ne '",
    "/",
    "a/b",
    "\\\\server\\share",
    "#",
    "?",
    "%",
    "%2F",
    "%252F",
    "%s%n",
    "{0}",
    "${jndi:x}",
    "{{7*7}}",
    "..",
    "../..",
    "-",
    "__proto__",
    "PartitionKey",
    "RowKey eq 'x'",
    "null",
    "\ufeff",
    "\ufffe",
    "\u202eabc",
    "\u0130",
    "\u1e9e",
    "\ufb01",
    "e\u0301",
    "\U0010ffff",
    "\U0001f600" * 64,
    "x" * 255,
    "x" * 256,
    "x" * 257,
    "\U0001f600" * 129,
    "y" * 5000,
)
_PLAIN_TEXT = st.text("abzAZ09 -_./:", max_size=20)
TEXTS = st.one_of(st.sampled_from(ODD_TEXTS), _PLAIN_TEXT, ANY_TEXT)

GOOD_ID = "c6d86a12-bd1c-5e5c-b5c7-914f09a2b88a"
_IDS = (
    GOOD_ID,
    GOOD_ID.upper(),
    "{" + GOOD_ID + "}",
    GOOD_ID.replace("-", ""),
    GOOD_ID + " ",
    GOOD_ID + "\x00",
    GOOD_ID.replace("6", "\uff16"),
    GOOD_ID.replace("-", "\u2010"),
    "0" * 36,
    "00000000-0000-0000-0000-000000000000",
    f"{GOOD_ID} or id ne {GOOD_ID}",
    "-",
    "startall",
    "keyexists",
)
IDS = st.one_of(st.sampled_from(_IDS), st.uuids().map(str), TEXTS)

_ODD_ZONES = (
    "",
    "UTC",
    "utc",
    "europe/stockholm",
    "Europe/Stockholm ",
    " Europe/Stockholm",
    "Europe//Stockholm",
    "Europe\\Stockholm",
    "Europe/Stockholm\x00",
    "\u0395urope/Stockholm",
    "Europe/\u0405tockholm",
    "Europe\u2215Stockholm",
    "../Europe/Stockholm",
    "Europe/../Europe/Stockholm",
    "/etc/passwd",
    "../../../../etc/passwd",
    "/usr/share/zoneinfo/Europe/Stockholm",
    "C:\\Windows\\win.ini",
    "\\\\.\\NUL",
    "CON",
    "tzdata.zi",
    "zone.tab",
    "zones",
    "posixrules",
    "localtime",
    "Factory",
    "__init__.py",
    "Europe",
    "W. Europe Standard Time",
    "Romance Standard Time",
    "CET",
    "EST5EDT",
    "GMT+1",
    "+01:00",
    "Etc/GMT-14",
    "Etc/GMT+99",
)
# The latter are those whose clocks change oddly: half an hour, twice in a month, by a whole day.
_GOOD_ZONES = ("Europe/Stockholm", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati")
_WILD_ZONES = (
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Antarctica/Troll",
    "Pacific/Apia",
    "Asia/Gaza",
    "Africa/Cairo",
)
_REAL_ZONES = st.sampled_from((*_GOOD_ZONES, *_WILD_ZONES))
ZONES = st.one_of(_REAL_ZONES, _REAL_ZONES, _REAL_ZONES, st.sampled_from(_ODD_ZONES), TEXTS)

# Long to work out: dates that come once in years or never, and as much of a field as fits.
_SLOW_CRONS = (
    "0 0 29 2 *",
    "0 0 29 2 1",
    "0 0 29 2 1#1",
    "0 0 30 2 *",
    "0 0 31 2,4,6,9,11 *",
    "0 0 31 11 0#5",
    "59 59 23 29 2 *",
    "59 59 23 31 12 6",
    "0 0 * 2 1#5",
    "0 0 * 2 L1",
    "0 0 l 2 *",
    "0 0 L 2 L7",
    "* * * * * *",
    "*/59 */59 */23 */31 */12 */7",
    "30 2 29 2 *",
    "0 0 1-31/30 2 *",
    "0-59/1 0-59/1 0-23/1 1-31/1 1-12/1 0-6/1",
    "59 59 23 31 1,3,5,7,8,10,12 1#5,2#5,3#5",
    "0 0 29 2 sun#5,mon#5,tue#5,wed#5,thu#5,fri#5,sat#5",
)
_NEAR_CRONS = (
    "",
    "*",
    "* * * *",
    "* * * * * * *",
    "60 * * * *",
    "* 24 * * *",
    "* * 0 * *",
    "* * 32 * *",
    "* * * 13 *",
    "* * * 0 *",
    "* * * * 8",
    "*/0 * * * *",
    "*/99999 * * * *",
    "5-1 * * * *",
    "1-1 * * * *",
    "-1 * * * *",
    "1- * * * *",
    ", * * * *",
    "1,,2 * * * *",
    "1//2 * * * *",
    "H * * * *",
    "R * * * *",
    "H(0-59)/2 * * * *",
    "* * LW * *",
    "* * 15W * *",
    "* * L-3 * *",
    "* * * * 1#6",
    "* * * * 1#0",
    "* * * * L8",
    "? ? ? ? ?",
    "* * ? * ?",
    "@reboot",
    "@every 5m",
    "@YEARLY",
    "@hourly @hourly",
    "\uff10 \uff10 * * *",
    "\u0660 0 * * *",
    "0\u00a00 * * *",
    "0\t0\n*\r* *",
    "0\u30000 * * *",
    "0 0 * * m\u00f6n",
    "0 0 * \u017fep *",
    "0 0 * * MON-fri",
    "0 0 * * fri-mon",
    "0 0 * * 5-7",
    "0 0 * * 7-1",
    "0000 0000 0001 0001 *",
    "00000 0 * * *",
    "1e1 0 * * *",
    "0x1 0 * * *",
    "+1 0 * * *",
    "1_0 0 * * *",
)


def _filled(item: str, rest: str) -> str:
    """Return an expression whose first field says one thing over and over, as long as is allowed."""
    times = (LONGEST_CRON - len(rest)) // (len(item) + 1)
    return ",".join([item] * times) + rest


_CHAINS = st.builds(
    _filled,
    st.sampled_from(["0-59/1", "*/1", "*", "0", "59", "1-59/2", "0-59"]),
    st.sampled_from([" * * * *", " 0 29 2 *", " * * * * *", " 0 0 31 2 *", " 23 * 2 1#5"]),
)
_LISTS = st.lists(st.integers(0, 59).map(str), min_size=1, max_size=64).map(lambda items: ",".join(items) + " * 29 2 *")
_FIELD = st.text("0123456789*,-/?#lLW", min_size=1, max_size=8)
_RANDOM = st.lists(_FIELD, min_size=5, max_size=6).map(" ".join)
_LONG = st.builds(
    lambda text, length: (text * length)[:length],
    st.text(min_size=1, max_size=9),
    st.sampled_from([128, 999, 1000, 1001, 9000]),
).filter(lambda text: text.isprintable())
CRONS = st.one_of(
    EXPRESSIONS,
    EXPRESSIONS,
    st.sampled_from(_SLOW_CRONS),
    st.sampled_from(_SLOW_CRONS),
    st.sampled_from(_NEAR_CRONS),
    _CHAINS,
    _LISTS,
    _RANDOM,
    _LONG,
    TEXTS,
)

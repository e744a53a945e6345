"""Names and blanks of settings that would silently open what was meant to be shut."""

from collections.abc import Collection, Mapping

from shared.core.errors import SettingsError
from shared.setting_texts import bare

# Nobody else's settings begin so; the platform's and other programs' are none of our business.
PREFIXES = ("QRS_", "START_TASK_", "SCHEDULE_", "RUN_HISTORY_", "BUTLER_", "CALLERS_", "ENTRA_IN_")
# Without these everything may be started, and everybody may call: who set them to a blank meant something else.
MUST_NOT_BE_BLANK = ("START_TASK_FILTER", "CALLERS")


def check_names(environment: Mapping[str, str], names: Collection[str]) -> None:
    """Raise SettingsError for a name that begins like one of ours and is none of these."""
    if unknown := sorted(name for name in environment if name.startswith(PREFIXES) and name not in names):
        problem = " ".join(f"{name} is no setting of Footman{_hint(name, names)}." for name in unknown)
        raise SettingsError(unknown, f"{problem} Correct the name, or remove the setting: it would be passed over.")


def check_blanks(environment: Mapping[str, str]) -> None:
    """Raise SettingsError for a blank where one can't be meant.

    A text without any character is what the portal and a template leave of a setting that is not set.
    """
    if blank := [name for name in MUST_NOT_BE_BLANK if (text := environment.get(name, "")) and not bare(text)]:
        raise SettingsError(
            blank,
            f"{' and '.join(blank)}: blank. Give a value, or remove the setting, which allows everything.",
        )


def _hint(name: str, known: Collection[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - not at import: a hint is rarely needed

    near = get_close_matches(name[:60], known, n=1, cutoff=0.7)
    return f"; did you mean {near[0]}?" if near else ""

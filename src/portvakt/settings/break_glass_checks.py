"""What cannot be meant in `[break_glass]`: a mistake here would show on the worst day there is."""

from portvakt.core.networks import block_of
from portvakt.settings.structs import Settings
from portvakt.settings.text_checks import check_addresses
from portvakt.strict_toml import Problems


def check_break_glass(settings: Settings, problems: Problems) -> None:
    """Note addresses that are none, and alarms that nobody could get."""
    ours = settings.break_glass
    for at, text in enumerate(ours.networks):
        try:
            block_of(text)
        except ValueError:
            where = ("break_glass", "networks", at)
            problems.add(where, f"“{text}” is not a network such as 10.20.0.0/16")
    check_addresses(("break_glass", "alarm"), ours.alarm, problems)
    if ours.alarm and settings.mail is None:
        problems.warn(("break_glass", "alarm"), "nobody gets mail: there is no [mail]")

"""What time it is: everything that writes a time down asks here, so that all of it can be tried by another clock.

How long something takes is measured with `time.monotonic`, which nobody can set.
"""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the time, in UTC and with its zone."""
    return datetime.now(UTC)


def utc_now_plain() -> datetime:
    """Return the time in UTC without a zone, as tables keep it: older clients read no type with one."""
    return utc_now().replace(tzinfo=None)

"""What `earshot doctor` finds."""

from typing import NamedTuple


class Finding(NamedTuple):
    """Something to mend: its subject, what is wrong with the fix, and a command or record to paste, if any."""

    subject: str
    message: str
    paste: str | None = None

"""What `earshot doctor` finds."""

from typing import NamedTuple


class Finding(NamedTuple):
    """Something to mend: what it is about, what is wrong and the fix, and text to paste if there is any."""

    subject: str
    message: str
    paste: str | None = None

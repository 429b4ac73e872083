"""Names that are for examples and tests, by RFC 2606 and RFC 6761: nobody can own one, and nothing is reached by it."""

import re
from urllib.parse import urlsplit

_RESERVED = re.compile(r"(.+\.)?(example|test|invalid|localhost|example\.(com|net|org))", re.IGNORECASE)


def reserved_name(address: str) -> str | None:
    """The host of a mail address, of an address on the web or of a bare host, where it is reserved; else None."""
    address = address if "://" in address else f"//{address}"
    try:
        host = (urlsplit(address).hostname or "").removesuffix(".")
    except ValueError:  # such as [ without ]
        return None
    return host if _RESERVED.fullmatch(host) else None

"""Where names lead."""

import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from threading import Thread

from shared.addresses.web import is_public

LIMIT_SECONDS = 2.0

Resolver = Callable[[str], Iterable[str]]


def resolve(host: str, limit: float = LIMIT_SECONDS) -> list[str]:
    """The addresses of a name; none where it has none, or they were not found in time."""
    found: list[str] = []

    def look() -> None:
        with suppress(OSError, UnicodeError):
            found.extend(str(address[0]) for *_, address in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))

    thread = Thread(target=look, daemon=True)  # the system's resolver knows no time limit
    thread.start()
    thread.join(limit)
    return list(found)


def find_private(hosts: Iterable[str], resolver: Resolver) -> str | None:
    """The first host that has an address beside the public internet; each is resolved once."""
    return next((host for host in dict.fromkeys(hosts) if not all(map(is_public, resolver(host)))), None)

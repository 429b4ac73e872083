"""Addresses that somebody chose and Earshot is to ask: which are refused, by their looks and by where they lead."""

from urllib.parse import urlsplit

LOOPBACK = ("127.0.0.1", "localhost")  # a target in the local stage only, where everything goes to the outbox
HOSTS = {  # what else these kinds could be is no Slack and no Teams
    "slack": ("hooks.slack.com", "hooks.slack-gov.com"),
    "teams": (".logic.azure.com", ".api.powerplatform.com", ".webhook.office.com"),
}
# What some version of ipaddress calls global, but which leads elsewhere: to an IPv4 address inside of it, into a site,
# to a relay, or into documentation.
_ELSEWHERE = (
    *("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"),
    *("fec0::/10", "192.0.0.0/24", "192.88.99.0/24", "3fff::/20"),
)


def find_problem(kind: str, url: str, *, loopback: bool) -> str | None:
    """What is wrong with the address of a webhook, or of Slack or Teams, as the end of a sentence; None if nothing."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "cannot be read; write https://host/path"
    is_loopback = loopback and host in LOOPBACK
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback):
        return "must start with https://"
    if not host or "@" in parts.netloc or parts.fragment or not (url.isascii() and url.isprintable()) or " " in url:
        return "must be a host and a path, without a user, spaces or a fragment"
    allowed = HOSTS.get(kind, ())
    if allowed and not any(host == name or (name[0] == "." and host.endswith(name)) for name in allowed):
        return f"is not one of {kind}: {host} is another host"
    if not is_loopback and _looks_numeric(host) and not is_public(host):
        return "does not lead to the public internet"
    return None


def is_public(text: str) -> bool:
    """Whether an IP address belongs to the public internet, and to nothing that translates into a private one."""
    import ipaddress  # here, since configurations are read where every millisecond of a start counts

    try:
        address = ipaddress.ip_address(text)
    except ValueError:  # such as one with a zone
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return is_public(str(address.ipv4_mapped))
    if any(address in ipaddress.ip_network(network) for network in _ELSEWHERE):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _looks_numeric(host: str) -> bool:
    """Whether a resolver might read the host as an address itself: 127.1, 0x7f000001, 2130706433, [::1]."""
    last = host.rsplit(".", 1)[-1]
    return ":" in host or last.isdigit() or last.startswith("0x")

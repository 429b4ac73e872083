"""What SES says about a mail, in the headers that it puts above the sender's own.

They stand in one block at the top: Return-Path, SES's own Received, the verdicts, and last its signature. Whatever
stands below that block was written by the sender, and says nothing here, whatever it calls itself.
"""

import re
from functools import cache
from typing import NamedTuple

from publicsuffixlist import PublicSuffixList

from functions.capture_email.mime import Headers
from shared.model.feedback import Flag

_OURS = re.compile(r"\bby inbound-smtp\.[a-z0-9-]+\.amazonaws\.com\b")
_RECIPIENT = re.compile(r"\sfor\s+<?([^\s<>;]{3,320})>?\s*;")
_VERDICTS = ("x-ses-spam-verdict", "x-ses-virus-verdict", "authentication-results")
_PREPENDED = frozenset({"return-path", "received", *_VERDICTS, "received-spf", "x-ses-receipt", "x-ses-dkim-signature"})
_LAST = "x-ses-dkim-signature"
_RESULT = re.compile(r"\s*(spf|dkim|dmarc)\s*=\s*([a-z]+)\b(.*)", re.IGNORECASE | re.DOTALL)
_ABOUT = re.compile(r"(?:header\.(?:i|d|from)|envelope-from|smtp\.mailfrom)=(\S{1,320})")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_COMMENT = re.compile(r"\([^()]*\)")

_NOT_AGAINST = ("pass", "none", "gray")
"""Of DMARC: passed, or without a policy."""


class Check(NamedTuple):
    """What one of `spf`, `dkim` and `dmarc` gave: of several results the worst, and every domain that passed."""

    result: str
    passed: tuple[str, ...]


class Envelope(NamedTuple):
    """Who SES took the mail from and for, and what its checks gave."""

    return_path: str | None
    """The envelope's sender; empty for delivery reports, None where SES did not say."""
    recipient: str | None
    spam: str
    """PASS, FAIL, GRAY, PROCESSING_FAILED, or nothing."""
    virus: str
    authentication: dict[str, Check]

    def flags(self, sender: str) -> tuple[Flag, ...]:
        """What a team should know before it believes that `sender` wrote this; nothing when all checks passed."""
        suspicions = {
            Flag.SENDER_UNVERIFIED: not self._authenticates(sender),
            Flag.SPAM_SUSPECTED: self.spam == "FAIL",
            Flag.VIRUS_SUSPECTED: self.virus == "FAIL",
        }
        return tuple(flag for flag, is_raised in suspicions.items() if is_raised)

    def is_aligned(self, sender: str) -> bool:
        """Whether SPF or DKIM passed for the domain of `sender` itself, and DMARC found nothing against it."""
        if "dmarc" in self.authentication and self.authentication["dmarc"].result not in _NOT_AGAINST:
            return False
        domain = sender.rpartition("@")[2].lower()
        checks = (self.authentication.get(name) for name in ("spf", "dkim"))
        return any(_aligned(each, domain) for check in checks if check for each in check.passed)

    def _authenticates(self, sender: str) -> bool:
        domain = sender.rpartition("@")[2].lower()
        checks = self.authentication
        if any(check.result == "fail" for check in checks.values()):
            return False
        if "dmarc" in checks and checks["dmarc"].result not in _NOT_AGAINST:
            return False
        # Where the domain publishes no DMARC policy, one check must have passed for the domain in From itself.
        passed = (each for check in checks.values() if check.result == "pass" for each in check.passed)
        return any(_aligned(each, domain) for each in passed)


def read_envelope(headers: Headers) -> Envelope:
    """Read the block that SES prepended; everything is unknown where there is none."""
    block = _prepended(headers)
    received = block.get("received", "")
    ours = _OURS.search(received)
    recipient = _RECIPIENT.search(received, ours.end()) if ours else None
    path = block.get("return-path")
    return Envelope(
        return_path=path.strip().strip("<>") if path is not None else None,
        recipient=recipient[1] if recipient else None,
        spam=block.get("x-ses-spam-verdict", "").strip().upper(),
        virus=block.get("x-ses-virus-verdict", "").strip().upper(),
        authentication=_results(block.get("authentication-results", "")),
    )


def _prepended(headers: Headers) -> dict[str, str]:
    block: dict[str, str] = {}
    for name, value in headers.items:
        if name not in _PREPENDED or name in block:  # a second one is the sender's
            break
        if name == "received":
            if not _OURS.search(value):
                break
            if any(verdict in block for verdict in _VERDICTS):
                return block | {name: value}
        block[name] = value
        if name == _LAST:
            break
    return block if "received" in block else {}


def _results(value: str) -> dict[str, Check]:
    """Each check's result. Addresses in it are the sender's words, so quotes and comments are dropped."""
    value = _QUOTED.sub("", value)
    for _ in range(10):
        value, found = _COMMENT.subn("", value)
        if not found:
            break
    authority, *statements = value.split(";")
    if authority.strip().lower() != "amazonses.com":
        return {}
    checks: dict[str, Check] = {}
    for statement in statements:
        match = _RESULT.match(statement)
        if match:
            method, result = match[1].lower(), match[2].lower()
            before = checks.get(method, Check(result, ()))
            passed = (*before.passed, _domain(match[3])) if result == "pass" else before.passed
            checks[method] = Check(min(before.result, result, key=_goodness), passed)
        elif "spf" in checks and statement.strip().startswith("envelope-from="):
            checks["spf"] = checks["spf"]._replace(passed=(_domain(statement),))
    return checks


def _goodness(result: str) -> int:
    """Failing is worse than what is neither (neutral, temperror, …), and that is worse than passing."""
    return {"fail": 0, "pass": 2}.get(result, 1)


def _domain(text: str) -> str:
    match = _ABOUT.search(text)
    return match[1].lower().rpartition("@")[2] if match else ""


def _aligned(domain: str, sender: str) -> bool:
    """Whether both belong to one organisation, as DMARC's relaxed alignment has it: below the same registered name."""
    if domain == sender:
        return "." in domain
    ours = _registered_names().privatesuffix(sender)
    return bool(ours) and ours == _registered_names().privatesuffix(domain)


@cache
def _registered_names() -> PublicSuffixList:
    """The public suffix list, read when the first domain is compared: `co.uk` and `github.io` are no one's own."""
    return PublicSuffixList()

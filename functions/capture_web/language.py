"""Which of the business's languages to speak to a customer."""

from collections.abc import Sequence


def choose(offered: Sequence[str], asked: str | None, accept: str | None) -> str:
    """The one asked for by `?lang=`, else the best of an Accept-Language header, else the first that is offered."""
    if asked and asked in offered:
        return asked
    for language in _by_preference(accept or ""):
        if language in offered:
            return language
    return offered[0]


def _by_preference(accept: str) -> list[str]:
    """Primary languages of the header, best first; what cannot be read is passed over."""
    weighed: list[tuple[float, str]] = []
    for part in accept.split(","):
        tag, _, weight = part.partition(";q=")
        try:
            weighed.append((float(weight or 1), tag.strip().lower().split("-")[0]))
        except ValueError:
            continue
    return [language for weight, language in sorted(weighed, key=lambda each: -each[0]) if weight > 0]

"""Which of the business's languages to speak to a customer."""

from collections.abc import Sequence

from shared.languages.tags import by_preference


def choose(offered: Sequence[str], asked: str | None, accept: str | None) -> str:
    """The one asked for by `?lang=`, else the best of an Accept-Language header, else the first that is not refused."""
    wanted = by_preference(accept or "")
    for language, weight in by_preference(asked) + wanted if asked else wanted:
        if language in offered and weight > 0:
            return language
    refused = {language for language, weight in wanted if weight <= 0}
    return next((language for language in offered if language not in refused), offered[0])

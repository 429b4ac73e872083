"""How a rating is said: its label, its symbol, and the words for it on a card and in a text."""

from collections.abc import Mapping

from shared.model.scales import Scale

_FACES = ("😠", "😞", "😐", "😊", "😄")  # of the first that fonts had
_SYMBOLS = {Scale.SMILE5: _FACES, Scale.THUMBS: ("👎", "👍")}
ANSWERS_BY_TEXT = {Scale.NPS: "sms.ratings_nps", Scale.THUMBS: "sms.ratings_thumbs"}
"""The text that says how to answer on a scale, where it is not `sms.ratings_five`."""


def rating_label(scale: Scale, rating: int, said: Mapping[str, str]) -> str:
    """The name of a rating in the texts `said`; on `nps` only the two ends have one."""
    if scale is Scale.NPS:
        end = {scale.ratings[0]: "web.nps_low", scale.ratings[-1]: "web.nps_high"}.get(rating)
        return said[end] if end else str(rating)
    return said[f"web.{scale.value}_{rating}"]


def rating_symbol(scale: Scale, rating: int) -> str:
    """The face, hand, number or number of stars that stands for a rating."""
    symbols = _SYMBOLS.get(scale)
    if symbols:
        return symbols[rating - scale.ratings[0]]
    return f"{rating}\u200a★" if scale is Scale.STARS5 else str(rating)


def rating_name(scale: Scale, rating: int, said: Mapping[str, str]) -> str:
    """What a control is called that shows only the symbol of a rating. It contains what is seen, unless that is a
    picture, so that people who speak to their computer can name it (WCAG 2.5.3).
    """
    symbol, label = rating_symbol(scale, rating), rating_label(scale, rating, said)
    return label if scale in _SYMBOLS or symbol in label else f"{symbol}: {label}"


def choice_in_words(scale: Scale, rating: int | None, say: Mapping[str, str]) -> str:
    """What a customer chose, in the words of a card."""
    if rating is None:
        return say["card.nothing_chosen"]
    if scale is Scale.NPS:
        return say["card.nps"].format(rating=rating)
    return say[f"card.{scale}_{rating}"]

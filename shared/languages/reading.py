"""What people really send: `4`, `4/5`, `four`, `👍`, `2 queue too long`, `Stop overcharging me`.

Pure, and for any channel on which an answer is a line of words. A rating is taken only where the words say so plainly;
in doubt they are kept whole and rate nothing. No word is ever dropped, other than those that were the rating.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from shared.languages import reactions
from shared.languages.commands import Command, Commands
from shared.languages.rated import Ratings
from shared.model.scales import Scale
from shared.text import marks, unseen

_BREAKS = "\n\r\v\f\x85"
_CONTROLS: dict[int, str | None] = dict.fromkeys([*range(32), *range(127, 160), 0xFFFE, 0xFFFF])
_CONTROLS |= {ord("\t"): "\t"} | dict.fromkeys(map(ord, _BREAKS), "\n")
_ODD = re.compile(f"[{''.join(chr(code) for code, sign in _CONTROLS.items() if sign != chr(code))}]")


class Reading(NamedTuple):
    """What a message says: a rating on the scale that was asked for, words, and a command. All may be absent."""

    rating: int | None
    comment: str
    command: Command | None = None

    @property
    def says(self) -> bool:
        """Whether there is anything in it for a team, beside the command."""
        return self.rating is not None or bool(self.comment)


def read(message: str, scale: Scale, languages: Iterable[str]) -> Reading:
    """Read a message. `languages` are those whose words count. Never raises."""
    text = clean(message).strip()
    plain = unseen.plain(text)
    if not plain or plain.isspace():
        return Reading(None, "")
    languages = tuple(languages)
    if reaction := reactions.find(text, plain):
        rest = _read(reaction.rest, reaction.rest, scale, languages)
        rating = _emoji_rating(reaction.sign, scale) if rest.rating is None else rest.rating
        return Reading(rating, "\n".join(filter(None, (reaction.sign, rest.comment))), rest.command)
    return _read(text, plain, scale, languages)


def _read(text: str, plain: str, scale: Scale, languages: tuple[str, ...]) -> Reading:
    """Read a text, which is compared as `plain`."""
    commands = Commands.known()
    command, alone = commands.hear(plain)
    if alone:
        return Reading(None, "", command)
    ratings = Ratings.of(languages)
    if opening := ratings.opening(plain, scale):
        comment = _after_rating(text[unseen.before(text, opening.length) :]) if opening.length else text
        if opening.length and commands.hear(unseen.plain(comment)) == (Command.STOP, True):  # "2 stop"
            return Reading(opening.rating, "", Command.STOP)
        return Reading(opening.rating, comment, command)
    rating = ratings.closing(plain, scale)
    if rating is None:
        rating = _emoji_rating(text, scale)
    return Reading(rating, text, command)


def read_parts(parts: Iterable[str], scale: Scale, languages: Iterable[str]) -> Reading:
    """Read what is said in parts, such as a mail's subject and its body: as one message, and any part may be its STOP.

    Other opt-out words count where every part is one: "Cancel" above "my order 12, please" is feedback.
    """
    texts = [text for part in parts if (text := clean(part).strip())]
    languages = tuple(languages)
    commands = Commands.known()
    whole = read("\n\n".join(texts), scale, languages)
    stops = [each for text in texts if (each := read(text, scale, languages)).command is Command.STOP]
    plainly = any(each.says for each in stops) or any(
        commands.opening(unseen.plain(text)) is Command.STOP for text in texts
    )
    if not stops or not (plainly or len(stops) == len(texts)):
        return whole
    rating = next((each.rating for each in (whole, *stops) if each.rating is not None), None)
    nothing_else = len(stops) == len(texts) and not any(each.comment for each in stops)
    return Reading(rating, "" if nothing_else else whole.comment, Command.STOP)


def clean(message: str) -> str:
    """The text with every line break as `\\n`, and without what can be neither stored nor sent: lone surrogates become
    U+FFFD, control characters go, and combining marks beyond `marks.MOST_IN_A_ROW`. Direction overrides stay, as the
    customer's own: they end with their line.
    """
    if message.isascii() and message.isprintable():
        return message
    whole = message.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    whole = whole.replace("\r\n", "\n")
    return marks.bounded(whole.translate(_CONTROLS) if _ODD.search(whole) else whole)  # a search is quicker


_SEPARATORS = " \t\r\n-–—:;,.!/)*]\"'“”‘’،؛。\ufe0f\u20e3\u200b\u200e\u200f\xa0"
_FACE = re.compile(r"[\s,.-]*([:;=]['-]?[()DPp|/\\])(?!\w)")


def _after_rating(rest: str) -> str:
    """What follows a rating, without what joined the two; empty when it is punctuation only."""
    plain = unseen.plain(rest)
    if face := _FACE.match(plain):
        return rest[unseen.before(rest, face.start(1)) :].rstrip()
    joins = len(plain) - len(plain.lstrip(_SEPARATORS))
    rest = rest[unseen.before(rest, joins) :].rstrip()
    says = any(char.isalnum() or unicodedata.category(char) == "So" for char in rest)
    return rest if says else ""


# --- Emoji ------------------------------------------------------------------------------------------------------------

_EMOJI = {  # from the unhappiest, 0, to the happiest, 4
    emoji: position
    for position, emojis in enumerate(
        ("😡😠🤬😤😭💩🤮👎😾", "🙁☹😞😕😟😒😢😔😣😩🙄", "😐😑😶", "🙂☺😊😌👌😃", "👍😀😄😁😍🤩🥰❤💯🎉👏🥳😇💚💙💖🙌")
    )
    for emoji in emojis
}
_NPS = (0, 3, 7, 9, 10)


def _emoji_rating(text: str, scale: Scale) -> int | None:
    """What the emoji of a text rate, when they are of one mood. They stay in the words: they are how it was said."""
    if text.isascii() or _EMOJI.keys().isdisjoint(text):
        return None
    ratings = [_on_scale(_EMOJI[char], scale) for char in text if char in _EMOJI]
    known = [rating for rating in ratings if rating is not None]
    one_mood = len(known) == len(ratings) and len({scale.mood(rating) for rating in known}) == 1
    return known[0] if one_mood else None


def _on_scale(position: int, scale: Scale) -> int | None:
    if scale is Scale.THUMBS:
        return None if position == 2 else int(position > 2)
    return _NPS[position] if scale is Scale.NPS else position + 1

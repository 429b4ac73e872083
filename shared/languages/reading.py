"""What people really send: `4`, `4/5`, `four`, `👍`, `2 queue too long`, `Stop overcharging me`.

Pure, and for any channel on which an answer is a line of words. A rating is taken only where the words say so plainly;
in doubt they are kept whole and rate nothing. No word is ever dropped, other than those that were the rating.
"""

import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple

from shared.languages.packs import LANGUAGES, vocabulary
from shared.model.scales import Scale
from shared.text import marks

_BREAKS = "\n\r\v\f\x85"
_CONTROLS: dict[int, str | None] = dict.fromkeys([*range(32), *range(127, 160), 0xFFFE, 0xFFFF])
_CONTROLS |= {ord("\t"): "\t"} | dict.fromkeys(map(ord, _BREAKS), "\n")


class Command(StrEnum):
    """What a message asks of us, beside what it says."""

    STOP = "stop"
    START = "start"
    HELP = "help"


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
    words = _Words.of(tuple(languages))
    command, alone = words.command(text)
    if alone:
        return Reading(None, "", command)
    rating, length = words.rating(text, scale)
    comment = _after_rating(text[length:]) if length else text
    if rating is not None and words.command(comment) == (Command.STOP, True):  # "2 stop"
        return Reading(rating, "", Command.STOP)
    if rating is None:
        rating = words.closing_rating(text, scale)
    if rating is None:
        rating = _emoji_rating(text, scale)
    return Reading(rating, comment, command)


def read_parts(parts: Iterable[str], scale: Scale, languages: Iterable[str]) -> Reading:
    """Read what is said in parts, such as a mail's subject and its body: as one message, and any part may be its STOP.

    Other opt-out words count where every part is one: "Cancel" above "my order 12, please" is feedback.
    """
    texts = [text for part in parts if (text := clean(part).strip())]
    languages = tuple(languages)
    words = _Words.of(languages)
    whole = read("\n\n".join(texts), scale, languages)
    stops = [each for text in texts if (each := read(text, scale, languages)).command is Command.STOP]
    plainly = any(each.says for each in stops) or any(words.opening(text) is Command.STOP for text in texts)
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
    return marks.bounded(whole.replace("\r\n", "\n").translate(_CONTROLS))


# --- Words of the languages -------------------------------------------------------------------------------------------

_PHRASES = (3, 2, 1)  # words of a command
_TOKEN = re.compile(r"[^\W_]+", re.UNICODE)


def _fold(text: str) -> str:
    """Comparable: no case, accents, vowel marks or tatweel. Apostrophes go, so that "don't" is one word."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if unicodedata.category(char) != "Mn" and char not in "'’ـ")


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(_fold(text))


class _Words(NamedTuple):
    """The folded words of some languages."""

    commands: dict[str, Command]
    openings: dict[str, Command]
    courtesy: frozenset[str]
    quantities: frozenset[str]
    dates: frozenset[str]
    numbers: dict[str, int]
    thumbs: dict[str, int]
    fraction: re.Pattern[str]

    @classmethod
    @cache
    def of(cls, languages: tuple[str, ...]) -> "_Words":
        """Join the vocabularies. Commands are understood in every language that there is a pack of."""
        chosen = [vocabulary(language) for language in languages]

        def phrases(key: str) -> list[str]:
            return [_fold(phrase) for vocabulary in chosen for phrase in vocabulary.get(key, ())]

        def one_of(key: str) -> str:
            return "|".join(re.escape(phrase) for phrase in sorted(phrases(key), key=len, reverse=True)) or r"(?!)"

        everything = [vocabulary(language) for language in LANGUAGES]

        def commands(vocabularies: Iterable[dict[str, Any]]) -> dict[str, Command]:
            return {
                _fold(phrase): command
                for vocabulary in vocabularies
                for command in Command
                for phrase in vocabulary.get(command.value, ())
            }

        return cls(
            commands=commands(everything),
            openings=commands(vocabulary["openings"] for vocabulary in everything),
            courtesy=frozenset(_fold(word) for vocabulary in everything for word in vocabulary.get("courtesy", ())),
            quantities=frozenset(phrases("quantities")),
            dates=frozenset(phrases("dates")),
            numbers={_fold(word): number for vocabulary in chosen for word, number in vocabulary["numbers"].items()},
            thumbs=dict.fromkeys(phrases("yes"), 1) | dict.fromkeys(phrases("no"), 0),
            fraction=re.compile(
                rf"\s*(?:/|\b(?:{one_of('out_of')})\b)\s*(\d{{1,3}})\b|\s*(?:{one_of('points')})\b|\s*(?:[{_STARS}]\ufe0f?)+"
            ),
        )

    def command(self, text: str) -> tuple[Command | None, bool]:
        """The command in a text, and whether the text says nothing else."""
        tokens = self._after_courtesy(text)
        for length in _PHRASES:
            command = self.commands.get(" ".join(tokens[:length]))
            rest = [token for token in tokens[length:] if token not in self.courtesy]
            if command and not rest:
                return command, True
        return self.opening(text), False

    def opening(self, text: str) -> Command | None:
        """STOP or HELP, where a text begins with it: as carriers have it, it is one whatever else it says."""
        tokens = self._after_courtesy(text)
        found = (self.openings.get(" ".join(tokens[:length])) for length in _PHRASES)
        return next((command for command in found if command), None)

    def _after_courtesy(self, text: str) -> list[str]:
        tokens = _tokens(text)
        last = len(tokens) - max(_PHRASES)  # from here on, what is left may be a command that begins with a courtesy
        start = 0
        while start < len(tokens) and tokens[start] in self.courtesy:
            if start >= last and " ".join(tokens[start:]) in self.commands:
                break
            start += 1
        return tokens[start:]

    def rating(self, text: str, scale: Scale) -> tuple[int | None, int]:
        """The rating that a text begins with and how many characters say it; (None, 0) when it begins with none.

        Stars and points are out of five, so on other scales they say nothing plainly.
        """
        found = self._number(text) or self._stars(text, scale) or self._spoken(text, scale)
        if not found or found[0] not in scale.ratings:
            return None, 0
        number, end, exact = found
        fraction = self.fraction.match(_fold_same_length(text), end)
        if fraction:
            end = fraction.end()
            exact = fraction[1] is None  # "5 stars"; while "4 of 5" may go on: "4 of 5 items"
            if scale not in _OF_FIVE if exact else int(fraction[1]) != scale.ratings[-1]:
                return None, 0  # stars on a scale without stars, or a fraction of another
        following = _tokens(text[end:])
        if not exact and following and following[0] in self.quantities and not _breaks(text, end):
            return None, 0
        return number, end

    def closing_rating(self, text: str, scale: Scale) -> int | None:
        """A rating that a text ends with: `Slow again 2/5`, or a number on a last line of its own."""
        if match := _CLOSING_FRACTION.search(text):
            number, denominator = int(match[1]), int(match[2])
            before = _tokens(text[: match.start()])[-1:]
            is_date = bool(before) and before[0] in self.dates
            return number if denominator == scale.ratings[-1] and number in scale.ratings and not is_date else None
        closing = _closing_line(text)
        return int(closing) if re.fullmatch(r"\d{1,2}", closing) and int(closing) in scale.ratings else None

    def _number(self, text: str) -> tuple[int, int, bool] | None:
        match = _LEADING_NUMBER.match(text)
        return (int(match[1]), match.end(), False) if match else None

    def _stars(self, text: str, scale: Scale) -> tuple[int, int, bool] | None:
        match = _LEADING_STARS.match(text) if scale in _OF_FIVE else None
        return (sum(char in _STARS for char in match[0]), match.end(), True) if match else None

    def _spoken(self, text: str, scale: Scale) -> tuple[int, int, bool] | None:
        """A number in words, or yes and no where the scale is thumbs, that stands apart: `four - slow`, not
        `one of your staff`."""
        spoken = self.numbers | (self.thumbs if scale is Scale.THUMBS else {})
        match = _LEADING_WORDS.match(text)
        if not match:
            return None
        ends = [word.end() for word in _TOKEN.finditer(match[0])]
        for end in reversed(ends):
            number = spoken.get(" ".join(_tokens(match[0][:end])))
            if number is not None and (_breaks(text, end) or self.fraction.match(_fold_same_length(text), end)):
                return number, end, True
        return None


_STARS = "⭐★🌟"
_OF_FIVE = frozenset({Scale.SMILE5, Scale.STARS5, Scale.CSAT5})
_LEADING_NUMBER = re.compile(
    r"""[\s"'“”‘’(*#\[]*           # what surrounds it
        (\d{1,2})[\ufe0f\u20e3]*   # in any script's digits, or as a keycap
        (?![\d%‰°\w])              # not the start of 100, 20%, 2nd, 4pm
        (?!\s?[.,:\-–]\d)          # nor of 4.5, 2:30, 4-5
        (?!\s+\d|\s?[£€$¥])        # nor of 4 5, 5 €
    """,
    re.VERBOSE,
)
_LEADING_STARS = re.compile(rf"\s*(?:[{_STARS}]\ufe0f?)+☆*")
_LEADING_WORDS = re.compile(r"[\s\"'“”‘’(*]*[^\W\d_]+(?: [^\W\d_]+)?")
_SEPARATORS = " \t\r\n-–—:;,.!/)*]\"'“”‘’،؛\ufe0f\u20e3"
_CLOSING_FRACTION = re.compile(r"(?<![\w/.,:£€$¥-])(\d{1,2})\s*/\s*(\d{1,2})\W*$")


def _closing_line(text: str) -> str:
    """The last line that has words, without what is none at its end; empty where it is the first one too."""
    end = len(text)
    while end and not (text[end - 1].isalnum() or text[end - 1] == "_"):
        end -= 1
    _, line_break, line = text[:end].rpartition("\n")
    return line.strip() if line_break else ""


def _breaks(text: str, position: int) -> bool:
    """Whether the sentence pauses here: at the end, at punctuation, at a line's end."""
    return re.match(r"\s*$|\s*[\n,.;:!?)\"'“”*،؛/–—-]", text[position:]) is not None


def _fold_same_length(text: str) -> str:
    """Folded where one character stays one, so that positions hold."""
    return "".join(folded if len(folded := _fold(char)) == 1 else char for char in text)


def _after_rating(rest: str) -> str:
    """What follows a rating, without what joined the two; empty when it is punctuation only."""
    rest = rest.lstrip(_SEPARATORS).rstrip()
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
    ratings = [_on_scale(_EMOJI[char], scale) for char in text if char in _EMOJI]
    known = [rating for rating in ratings if rating is not None]
    one_mood = len(known) == len(ratings) and len({scale.mood(rating) for rating in known}) == 1
    return known[0] if one_mood else None


def _on_scale(position: int, scale: Scale) -> int | None:
    if scale is Scale.THUMBS:
        return None if position == 2 else int(position > 2)
    return _NPS[position] if scale is Scale.NPS else position + 1


# --- Scripts ----------------------------------------------------------------------------------------------------------

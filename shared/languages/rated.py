"""The rating that a text begins or ends with, told by how it stands there.

A number rates where nothing says that it is something else: it begins no list, counts nothing, and belongs to no
amount, date, time, address, range or name.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from itertools import islice
from typing import NamedTuple

from shared.languages.folding import fold, fold_same_length, tokens
from shared.languages.packs import vocabulary
from shared.model.scales import Scale

STARS = "⭐★🌟"
_OF_FIVE = frozenset({Scale.SMILE5, Scale.STARS5, Scale.CSAT5})
_LIKE_WHAT = 3
"""How many words after a number may be what it counts, and what that is like."""
_HEAD = 120
"""How many characters may say a rating, with what tells it from other numbers."""


class Rated(NamedTuple):
    """A rating, and how many characters at the beginning say it and nothing else."""

    rating: int
    length: int


class _Number(NamedTuple):
    value: int
    end: int
    spoken: bool = False
    decimals: int = 0


class Ratings(NamedTuple):
    """The folded words of some languages that have to do with ratings."""

    quantities: frozenset[str]
    streets: frozenset[str]
    ranges: frozenset[str]
    verbs: frozenset[str]
    pronouns: frozenset[str]
    no_plural: frozenset[str]
    joins: frozenset[str]
    places: frozenset[str]
    courtesy: frozenset[str]
    after: tuple[frozenset[str], frozenset[str]]
    numbers: dict[str, int]
    thumbs: dict[str, int]
    plural: re.Pattern[str]
    label: re.Pattern[str]
    closing_label: re.Pattern[str]
    points: re.Pattern[str]
    share: re.Pattern[str]

    @classmethod
    @cache
    def of(cls, languages: tuple[str, ...]) -> "Ratings":
        """Join the vocabularies."""
        packs = [vocabulary(language) for language in languages]

        def words(*keys: str) -> frozenset[str]:
            return frozenset(fold(word) for pack in packs for key in keys for word in pack.get(key, ()))

        def one_of(folded: Iterable[str]) -> str:
            return "|".join(re.escape(word) for word in sorted(folded, key=len, reverse=True)) or r"(?!)"

        numbers = {fold(word): number for pack in packs for word, number in pack["numbers"].items()}
        labels = one_of(words("labels"))
        return cls(
            quantities=words("quantities", "months"),
            streets=words("streets"),
            ranges=words("ranges"),
            verbs=words("verbs"),
            pronouns=words("pronouns"),
            no_plural=words("no_plural"),
            joins=words("joins", "ranges", "pronouns", "courtesy"),
            places=words("dates"),
            courtesy=words("courtesy"),
            after=(words("after_no"), words("after_yes")),
            numbers=numbers,
            thumbs=dict.fromkeys(words("yes"), 1) | dict.fromkeys(words("no"), 0),
            plural=re.compile("|".join(fold(pack["plural"]) for pack in packs if "plural" in pack) or r"(?!)"),
            label=re.compile(rf"[\s\"'“”‘’(*]*(?:{labels})\b(?:\s?[:=–—-]|\sis\b)?\s*(?=\w|🔟)"),
            closing_label=re.compile(rf"(?<!\w)(?:{labels})\s?[:=]\s?(\d{{1,2}})(?:\s?/\s?(\d{{1,2}}))?\W*$"),
            points=re.compile(rf"\s*-?(?:{one_of(words('points'))})\b|\s*(?:[{STARS}])+"),
            share=re.compile(rf"\s*(?:/|\b(?:{one_of(words('out_of'))})\b)\s*(\d{{1,3}}|{one_of(numbers)})\b"),
        )

    def opening(self, text: str, scale: Scale) -> Rated | None:
        """What a text begins with, as `4`, `4/5`, `four`, `Rating: 4` or `★★★★`."""
        if stars := _LEADING_STARS.match(text):
            whole = scale in _OF_FIVE and sum(sign in STARS for sign in stars[0])
            return Rated(whole, stars.end()) if whole in scale.ratings and whole else None
        head = fold_same_length(text[:_HEAD])
        label = self.label.match(head)
        start = label.end() if label else 0
        number = self._figure(text, head, start) or self._word(text, head, start, scale)
        if number is None or number.value not in scale.ratings or self._begins_list(text, number):
            return None
        return self._weighed(text, head, number, scale)

    def closing(self, text: str, scale: Scale) -> int | None:
        """What a text ends with: `Slow again 2/5`, `Rating: 2`, or a number on a last line of its own."""
        tail = text[-_HEAD:]
        if match := self.closing_label.search(fold_same_length(tail)):
            number, whole = int(match[1]), int(match[2] or scale.ratings[-1])
            return number if number in scale.ratings and whole == scale.ratings[-1] else None
        if match := _CLOSING_SHARE.search(text):
            number, whole = int(match[1]), int(match[2])
            said_before = tokens(text[max(0, match.start() - _HEAD) : match.start()])[-2:]
            a_range = len(said_before) > 1 and said_before[0].isdecimal() and said_before[1] in self.ranges
            another = a_range or (bool(said_before) and said_before[-1] in self.places)
            return number if whole == scale.ratings[-1] and number in scale.ratings and not another else None
        line = _closing_line(text)
        if not re.fullmatch(r"\d{1,2}", line) or int(line) not in scale.ratings:
            return None
        return int(line) if any(sign.isalpha() for sign in text) else None

    # --- A number, and what follows it --------------------------------------------------------------------------------

    def _figure(self, text: str, head: str, start: int) -> _Number | None:
        match = _FIGURE.match(text, start)
        if not match:
            return _Number(int(unicodedata.digit(text.strip())), len(text)) if _is_lone_digit(text.strip()) else None
        end = match.end()
        number = _Number(10 if match[1] == "🔟" else int(match[1]), end, decimals=len(match[2] or " ") - 1)
        if self.points.match(head, end):
            return number
        return None if _NO_RATING.match(text, end) or _AMOUNT.match(text, end) else number

    def _word(self, text: str, head: str, start: int, scale: Scale) -> _Number | None:
        """A number in words, or yes and no where the scale is thumbs, that stands apart: `four - slow`, not
        `one of your staff`.
        """
        match = _WORDS.match(head, start)
        if not match:
            return None
        for end in sorted((match.end(1), match.end()), reverse=True):
            said = " ".join(tokens(head[match.start(1) : end]))
            number = self.numbers.get(said)
            if number is not None and (_pauses(text, end) or self._unit(head, end)):
                return _Number(number, end, spoken=True)
            if scale is Scale.THUMBS and said in self.thumbs:
                return _Number(self.thumbs[said], end, spoken=True) if self._answers(text, end, said) else None
        return None

    def _unit(self, head: str, end: int) -> re.Match[str] | None:
        return self.share.match(head, end) or self.points.match(head, end)

    def _answers(self, text: str, end: int, said: str) -> bool:
        """Whether yes or no is an answer: `No, it is not` and `No it was late`, but not `No. 5`, `N/A` or `Yes/no`."""
        value = self.thumbs[said]
        rest = text[end : end + _HEAD]
        if re.match(r"\s*[.:º°#]?\s*\d", rest) and not re.match(r"\s*\n|\s*[,;!]", rest):
            return False
        following = tokens(rest)
        if not following:
            return True
        first = following[1] if following[0] in self.ranges and len(following) > 1 else following[0]
        if self.thumbs.get(first, value) != value and _stands_apart(rest, first):
            return False
        if _pauses(text, end):
            return True
        return following[0] in self.after[value] or (value == 1 and following[0] in self.courtesy - self.pronouns)

    def _weighed(self, text: str, head: str, number: _Number, scale: Scale) -> Rated | None:
        """A number with its unit, where both say a rating of the scale and what follows does not say otherwise."""
        end = number.end
        points = self.points.match(head, end)
        share = self.share.match(head, points.end() if points else end)
        if points and scale not in _OF_FIVE:
            return None
        if share:
            end = share.end()
            whole = int(share[1]) if share[1].isdecimal() else self.numbers[share[1]]
            if whole != scale.ratings[-1] or re.match(r"\s?[./\-–]\s?\d|[/-]\w", text[end : end + 4]):
                return None
            if scale in _OF_FIVE and (after := self.points.match(head, end)):  # "2/5 stars"
                end = after.end()
        elif points:
            end = points.end()
        if _pauses(text, end):
            doubted = re.match(r"\s*[?؟]\s*\w", text[end : end + 8])  # "5 stars? No way"
            apart = doubted or self._goes_on(text, end) or self._is_house(text, end)
            return None if apart else Rated(number.value, end)
        if points and not share:
            if re.match(r"[\w-]", text[end : end + 1]):
                return None
            # "5-star service": the star describes what follows, so that all of it stays
            return Rated(number.value, 0 if points[0].strip(f" -{STARS}") else end)
        return (
            Rated(number.value, end)
            if self._is_not_counted(text, end, number, share=bool(share), scale=scale)
            else None
        )

    def _is_not_counted(self, text: str, end: int, number: _Number, *, share: bool, scale: Scale) -> bool:
        """Whether the words that follow a number without a pause are not what it counts or belongs to."""
        line = text[end : end + _HEAD].partition("\n")[0]
        raw = _FOLLOWING.findall(line)[:5]
        words = [fold(word) for word in raw]
        if not words:
            return True
        first = words[0]
        second = words[1] if len(words) > 1 else ""
        phrase = _FOLLOWING.findall(_PAUSES.split(line, 1)[0])
        counts_many = (share or number.value != 1) and self._are_many(words[: len(phrase)])
        counts_one = number.value == 1 and not share and first not in self.pronouns and second in self.verbs
        return not (
            first in self.quantities
            or (scale is Scale.THUMBS and not number.spoken)
            or number.decimals > 1
            or counts_many
            or counts_one
            or self._is_address(raw, words)
            or self._goes_on(text, end)
        )

    def _are_many(self, words: list[str]) -> bool:
        """Whether words begin with many things, of which one or two words say what they are like: `rude drivers`. A
        word that begins a sentence ends that.
        """
        for word in words[:_LIKE_WHAT]:
            if self._is_plural(word):
                return True
            if word in self.no_plural or word in self.joins or word.isdecimal():
                return False
        return False

    def _is_plural(self, word: str) -> bool:
        return word not in self.no_plural and self.plural.fullmatch(word) is not None

    def _is_address(self, raw: list[str], words: list[str]) -> bool:
        if words[0] in self.streets and not raw[0].isascii():
            return True
        if len(words) > 1 and words[1] in self.streets:
            return True
        if words[0] in self.streets and _is_name(raw[1:]):
            return True
        named = [word[:1].isupper() for word in raw]
        return any(place and word in self.streets and all(named[: place + 1]) for place, word in enumerate(words))

    def _is_house(self, text: str, end: int) -> bool:
        """Whether a comma and a street's name follow: `5, Park Avenue`."""
        match = _BEHIND_COMMA.match(text, end)
        named = match[1].split() if match else []
        return 1 < len(named) <= 4 and all(word[0].isupper() for word in named) and fold(named[-1]) in self.streets

    def _goes_on(self, text: str, end: int) -> bool:
        """Whether another number follows that makes a range of the two: `4 or 5`, `4, maybe 5`."""
        line = text[end : end + _HEAD].partition("\n")[0]
        words = [fold(match[0]) for match in islice(_FOLLOWING.finditer(line), 3)]
        place = next((n for n, word in enumerate(words) if word.isdecimal() or word in self.numbers), 0)
        if place == 0:
            return False
        if words[0] in self.ranges:
            return True
        joined = _JOINED.match(line)  # or, oder, ou, или
        return joined is not None and _pauses(line, joined.end())

    def _begins_list(self, text: str, number: _Number) -> bool:
        """Whether the next number stands behind it in the same dress: `1. Late 2. Rude`."""
        if number.spoken:
            return False
        marker = re.match(r"\s?([.)\]:/–—-]+|\u20e3)", text[number.end - (text[number.end - 1] == "\u20e3") :][:6])
        if marker:
            dressed = re.compile(rf"(?:(?<=\s)|(?<=[(\[]))(\d{{1,2}})\s?{re.escape(marker[1])}(?!\d)\s*\S")
        elif not _FOLLOWING.match(text[number.end : number.end + _HEAD].lstrip(" ")):
            return False
        else:
            dressed = _NEXT_ITEM if number.value == 1 else _NEXT_LINE
        following = dressed.search(text, number.end)
        return following is not None and int(following[1]) == number.value + 1


_LEADING_STARS = re.compile(rf"\s*[{STARS}]+☆*")
_FIGURE = re.compile(r"[\s\"'“”‘’(*#\[]*(\d{1,2}|🔟)([.,][0٠۰]{1,2}(?![\d.,]))?\u20e3?")
_NO_RATING = re.compile(
    r"""[\d%‰°\w]               # the start of 100, 20%, 2nd, 4pm
    | ['’‘`´]\d                 # of 1'200
    | \s?[.,:\-–]\d             # of 4.5, 2:30, 4-5
    | \s?[-–—]\s?\d             # of 4 - 5
    | [ ]+\d                    # of 1 200, 4 5
    | [-–—/][^\W\d]             # of 5-a-day, 5/day
    """,
    re.VERBOSE,
)
_CURRENCIES = (  # ISO 4217, those apart that are words in capitals: ALL, TOP, CUP
    "AED AFN AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF "
    "CLP CNY COP CRC CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG "
    "HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL "
    "MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PGK PHP PKR PLN PYG QAR RON "
    "RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TRY TTD TWD TZS UAH "
    "UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW"
)
_AMOUNT = re.compile(rf"[ ]?[$¢£¤¥֏؋৳฿៛\u20a0-\u20c0]|[ ]?(?:{_CURRENCIES.replace(' ', '|')})\b|[.,][-–—]+(?:\s|$)")
_WORDS = re.compile(r"[\s\"'“”‘’(*]*([^\W\d_]+)(?:[ ][^\W\d_]+)?")
_FOLLOWING = re.compile(r"[\w'’]+")
_PAUSES = re.compile(r"[^\w\s'’-]")
_BEHIND_COMMA = re.compile(r"\s?[,،]\s*([^\n,،.;!?]{3,60})")
_JOINED = re.compile(r"\s+[^\W\d]{1,4}\s+\d{1,2}")
_NEXT_LINE = re.compile(r"\n\s*[(\[]?(\d{1,2})\b[^\n\w/%]*(?=[^\W\d])")
_NEXT_ITEM = re.compile(r"[\n,;]\s*[(\[]?(\d{1,2})\b[^\n\w/%]*(?=[^\W\d])")
_CLOSING_SHARE = re.compile(r"(?<![\w/.,:£€$¥-])(\d{1,2})\s*/\s*(\d{1,2})\W*$")
_PAUSE = re.compile(
    r"\s*$|\s*\n|\s*[,;!?\"“”*،؛؟)\]:]|\s*[–—](?!\w)|\s*\.(?!\d|\w(?:\W|$))|\s+-|-(?!\w)|\s*/(?!\w)|['’](?!\w)"
)


def _is_lone_digit(text: str) -> bool:
    """Whether a text is one digit in a dress, such as ⑤."""
    return len(text) == 1 and not text.isdecimal() and unicodedata.digit(text, None) is not None


def _pauses(text: str, position: int) -> bool:
    """Whether the sentence pauses here: at the end, at punctuation, at a line's end, at an emoji."""
    if _PAUSE.match(text, position):
        return True
    rest = text[position : position + 3].lstrip()
    return bool(rest) and unicodedata.category(rest[0]) in ("So", "Sk", "Cn")


def _is_name(words: Iterable[str]) -> bool:
    """Whether words begin with a name in capitals, perhaps behind short ones: `de la Paix`."""
    first = next((word for word in words if len(word) > 3 or word[0].isupper()), "")
    return first[:1].isupper() and not first.isupper()


def _stands_apart(rest: str, word: str) -> bool:
    """Whether a folded word in `rest` is followed by a pause."""
    folded = fold_same_length(rest)
    place = folded.find(word)
    return place < 0 or _pauses(rest, place + len(word))


def _closing_line(text: str) -> str:
    """The last line that has words, without punctuation at its end; empty if there is only one line."""
    end = len(text)
    while end and not (text[end - 1].isalnum() or text[end - 1] == "_"):
        end -= 1
    _, line_break, line = text[:end].rpartition("\n")
    return line.strip() if line_break else ""

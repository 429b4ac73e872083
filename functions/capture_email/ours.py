"""What of ours a mail can quote: our addresses, our name, the links that we send, and the very lines of our mails."""

import re
import unicodedata
from typing import NamedTuple, Self
from urllib.parse import urlsplit

from shared.config.model import Config
from shared.languages.packs import LANGUAGES, texts

_WORD = re.compile(r"[^\W_]+")
_CHOICES = "😠😞😐😊😄👎👍★"
_OUR_SIGNS = re.compile(rf"[{_CHOICES}\x00-\x7f\u2000-\u206f\ufe0f·]*")
_IN_LINK = r"[^\s<>()\[\]]"
_SLASH = "(?:/|%2F|%252F|_)"  # also as programs write it that rewrite links
_NAME = r"(?: ?\w+){0,8} ?"
_MAX_LABEL = 60  # characters before a link of ours
_MAX_LINE = 4_000  # characters of a line of ours, with its links as others rewrite them
_LABELS = tuple(f"web.{scale}_" for scale in ("smile5", "stars5", "csat5", "nps", "thumbs"))


class Ours(NamedTuple):
    """What shows that something was written by us."""

    addresses: re.Pattern[str]
    name: re.Pattern[str]
    host: str
    links: re.Pattern[str]
    """A link of ours, also as programs rewrite it."""
    questions: tuple[str, ...]
    longest: int
    """Characters that a line which asks such a question has at most."""
    rare: frozenset[str]
    """What stands in every line of ours that asks, in small letters: the longest words of questions, and our host."""
    asked: frozenset[str]
    """The questions as `_plain` has them."""
    phrases: str
    """All that our mails say, as `_plain` has it, each phrase on a line of its own between blanks."""
    said: re.Pattern[str]
    """Any of those phrases."""
    greetings: re.Pattern[str]
    """What we say with a name in it, as `_plain` has it."""

    @classmethod
    def of(cls, config: Config) -> Self:
        """What a business can have written."""
        sender, name = config.business.sender, config.business.name
        local, _, domain = config.mail.address.partition("@")
        host = urlsplit(config.business.public_url).netloc.lower()
        questions = tuple({text for each in config.touchpoints.values() for text in each.question.values()})
        asked = frozenset(map(_plain, questions))
        phrases = sorted(asked | {_plain(name)} | set(_texts(name)), key=len, reverse=True)
        return cls(
            addresses=re.compile(
                rf"(?<![\w.+-])(?:{re.escape(local)}(?:\+[\w.-]*)?@{re.escape(domain)}|{re.escape(sender)})(?![\w-])",
                re.IGNORECASE,
            ),
            name=re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE),
            host=host,
            links=re.compile(
                rf"(?<!{_IN_LINK}){_IN_LINK}*?{re.escape(host)}(?:{_SLASH}[^\s<>]*?)??{_SLASH}[fu]{_SLASH}\S*",
                re.IGNORECASE,
            ),
            questions=questions,
            longest=2 * max(map(len, questions), default=0),
            rare=frozenset(
                [max(_WORD.findall(each.lower()), key=len, default="") for each in questions]
                + [f"{host}{slash}" for slash in ("/", "%2f", "%252f", "_")]
            ),
            asked=asked,
            phrases="\n".join(f" {phrase} " for phrase in phrases),
            said=re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, phrases))})(?!\w)"),
            greetings=re.compile("|".join(_greetings())),
        )

    def names(self, text: str) -> bool:
        """Whether our address or name stands in it."""
        return bool(self.addresses.search(text) or self.name.search(text))

    def may_stand_in(self, text: str) -> bool:
        """Whether a question or a link of ours can be in a text; quick, and True where it may be."""
        lowered = text.lower()
        return any(map(lowered.__contains__, self.rare))

    def asks(self, line: str) -> bool:
        """Whether a line is a question of ours, and nothing else."""
        return len(line) < self.longest and _plain(line) in self.asked

    def leads(self, line: str) -> bool:
        """Whether a line is a label of ours, or none, and a link of ours."""
        if len(line) > _MAX_LINE or self.host not in line.lower():
            return False
        first = self.links.search(line)
        if first is None or first.start() > _MAX_LABEL:
            return False
        return not _WORD.search(self.links.sub("", line[first.start() :]))

    def wrote(self, line: str) -> bool:
        """Whether a line can be ours, or a piece of one, as far as what it says goes."""
        if self.leads(line):
            return True
        words = _plain(line[:2_000])
        if not words:
            twice = any(line.count(choice) > 1 for choice in _CHOICES)  # ours stand in a row, each once
            return bool(_OUR_SIGNS.fullmatch(line)) and not twice
        if f" {words} " in self.phrases or self.greetings.fullmatch(words):
            return True
        return not re.sub(r"[\d ]+", "", self.said.sub("", words))

    def behind_question(self, line: str) -> str | None:
        """What follows a question of ours on its own line; None where it does not begin with one."""
        rests = (line[len(each) :].strip() for each in self.questions if line.startswith(each))
        return next((rest for rest in rests if rest), None)


def _plain(text: str) -> str:
    """Comparable: the words in small letters, and nothing between them but a blank."""
    return " ".join(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def _greetings() -> list[str]:
    greetings = [
        text
        for language in LANGUAGES
        for key, text in texts(language).items()
        if key.startswith("mail.") and key.endswith("_name")
    ]
    return [_NAME.join(re.escape(_plain(piece)) for piece in text.split("{name}")) for text in greetings]


def _texts(name: str) -> list[str]:
    """What our mails say in any language, without the names in it that are not ours."""
    said = [
        text.replace("{business}", name)
        for language in LANGUAGES
        for key, text in texts(language).items()
        if key.startswith(("mail.", *_LABELS))
    ]
    return [plain for text in said for piece in re.split(r"\{\w+\}", text) if (plain := _plain(piece))]

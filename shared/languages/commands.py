"""STOP, START and HELP, as carriers' words and in people's own. They are understood in every language there is."""

import re
from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple

from shared.languages.folding import fold, has_lookalikes, same_script, tokens_of
from shared.languages.packs import LANGUAGES, vocabulary

_PHRASES = (3, 2, 1)  # words of a command
_LONGEST = 160  # characters, and words, of a sentence that may be somebody's way to say STOP
_MOST_WORDS = 24
_CLAUSE_ENDS = re.compile(r"([.!?;\n…؟؛]+|[,،])")
_STOP_SIGN = "🛑"


class Command(StrEnum):
    """What a message asks of us, beside what it says."""

    STOP = "stop"
    START = "start"
    HELP = "help"


class Commands(NamedTuple):
    """The folded words and sentences of all languages."""

    alone: dict[str, Command]
    openings: dict[str, Command]
    courtesy: frozenset[str]
    sentences: re.Pattern[str]

    @classmethod
    @cache
    def known(cls) -> "Commands":
        """Join the vocabularies: a stop is a stop."""
        packs = [vocabulary(language) for language in LANGUAGES]

        def phrases(tables: Iterable[dict[str, Any]]) -> dict[str, Command]:
            return {
                fold(phrase): command
                for table in tables
                for command in Command
                for phrase in table.get(command.value, ())
            }

        return cls(
            alone=phrases(packs),
            openings=phrases(pack["openings"] for pack in packs),
            courtesy=frozenset(fold(word) for pack in packs for word in pack["courtesy"]),
            sentences=re.compile("|".join(_sentence(pack["stop_sentences"]) for pack in packs)),
        )

    def hear(self, text: str) -> tuple[Command | None, bool]:
        """The command in a text, and whether the text says nothing else."""
        folded = fold(text)
        found = _words(folded)
        words = self._after_courtesy(found)
        for length in _PHRASES:
            command = self.alone.get(" ".join(words[:length]))
            if command and all(word in self.courtesy for word in words[length:]):
                return command, True
        if not words and text.strip() == _STOP_SIGN:
            return Command.STOP, True
        opening = self._opening(words)
        if self._is_sentence(found):
            return Command.STOP, opening is None  # "Stop emailing me" is kept, as all that begins with it
        return opening or self._clause(folded), False

    def opening(self, text: str) -> Command | None:
        """STOP or HELP, where a text begins with it: as carriers have it, it is one whatever else it says. STOP also
        where a sentence says so.
        """
        folded = fold(text)
        return self._opening(self._after_courtesy(_words(folded))) or self._clause(folded)

    def _opening(self, words: list[str]) -> Command | None:
        found = (self.openings.get(" ".join(words[:length])) for length in _PHRASES)
        return next((command for command in found if command), None)

    def _clause(self, folded: str) -> Command | None:
        """STOP, where a sentence, or what stands between commas, says it and nothing else."""
        parts = _CLAUSE_ENDS.split(folded)
        if len(parts) == 1:
            return None  # it has been read as a whole
        after_comma, mixed = False, has_lookalikes(folded)
        for clause, end in zip(parts[::2], [*parts[1::2], ""], strict=True):
            comma = end in (",", "،")
            found = _words(clause, mixed=mixed) if 0 < len(clause) <= _LONGEST else []
            if self._is_sentence(found) or (not (after_comma and comma) and self._is_bare(found)):
                return Command.STOP
            after_comma = comma
        return None

    def _is_sentence(self, words: list[str]) -> bool:
        return 0 < len(words) <= _MOST_WORDS and self.sentences.fullmatch(" ".join(words)) is not None

    def _is_bare(self, words: list[str]) -> bool:
        """Whether words are STOP as carriers have it, and courtesy."""
        words = self._after_courtesy(words)
        return bool(words) and self.openings.get(words[0]) is Command.STOP and self.courtesy.issuperset(words[1:])

    def _after_courtesy(self, words: list[str]) -> list[str]:
        last = len(words) - max(_PHRASES)  # from here on, what is left may be a command that begins with a courtesy
        start = 0
        while start < len(words) and words[start] in self.courtesy:
            if start >= last and " ".join(words[start:]) in self.alone:
                break
            start += 1
        return words[start:]


def _words(folded: str, *, mixed: bool = True) -> list[str]:
    """The words of a folded text; letters that stand apart (`S T O P`) are one word where there is nothing else.
    `mixed`: it may have letters that look like others.
    """
    found = tokens_of(folded)
    if mixed and has_lookalikes(folded):
        found = [same_script(word) for word in found]
    apart = len(found) > 2 and max(map(len, found)) == 1
    return ["".join(found)] if apart else found


def _sentence(parts: dict[str, list[str]]) -> str:
    """The pattern of a language's ways to say STOP: a core, with leads before it and tails behind it."""
    leads, cores, tails = ("|".join(map(fold, parts[key])) for key in ("leads", "cores", "tails"))
    return rf"(?:(?:{leads}) )*(?:{cores})(?: (?:{tails}))*"

"""What a customer wrote, out of a mail that may also hold what they answered to, and what their program put below.

Nothing is cut without evidence. In a mail that answers none of ours, only what is marked up as a quotation of us goes.
In one that does, evidence is what a mail program puts around a quotation, and above all the lines of our own mails:
what stands between those is the customer's. In doubt words are kept; where nothing is left, nothing was a quotation.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from functions.capture_email import programs
from functions.capture_email.line import Line, Mark, seen
from functions.capture_email.ours import Ours
from functions.capture_email.programs import DATE, RULE, TIME, Block, Label

_MAX_INTRODUCTION = 500  # characters of one of its lines
_MAX_LINES = 4  # of an introduction
_MAX_SIGNATURE = 8  # lines below `-- `
_NEAR = 14  # lines within which our question is followed by what answers it
_BLANK_LINES = re.compile(r"\n{3,}")
_MANY_BLANK_LINES = re.compile(r"\n{4,}")
_COLONS = (":", "：")
_ENDS_A_SENTENCE = re.compile(r"[!?。！？]$|\w{3,}\.$")


class Words(NamedTuple):
    """What a mail says."""

    shown: str
    """What the customer wrote; where nothing of that is left, the whole."""
    whole: str
    """All of the text."""
    has_own: bool = True
    """Whether the customer wrote any of it themselves, as far as one can tell: else it rates nothing."""

    @property
    def is_cut(self) -> bool:
        """Whether the whole has more than is shown."""
        return self.shown != self.whole


class _Start(NamedTuple):
    """Where a quoted mail begins."""

    end: int
    """The first line of what is quoted."""
    by_us: bool
    """Whether what introduces it says that we wrote it."""


class _Part(NamedTuple):
    """Lines that are kept between others that are cut."""

    lines: list[Line]
    is_inside: bool
    """Whether they stand within what is quoted."""


def customers_words(lines: Sequence[Line], ours: Ours, *, answers_us: bool) -> Words:
    """The words without quotations and what programs put below them. `answers_us`: the mail answers one of ours."""
    whole = _joined([line.text for line in lines])
    if not any(line.bare for line in lines) and not seen(whole):
        return Words("", "", has_own=False)
    if not answers_us and not ours.addresses.search(whole):
        return Words(whole, whole)
    shown = _joined(_Reader(lines, ours, answers_us=answers_us).kept())
    if not shown:
        shown = _joined(_Reader(lines, ours, answers_us=answers_us, looks_inside=True).kept())
    shown = _BLANK_LINES.sub("\n\n", shown)  # what was cut leaves blank lines on both sides
    if shown == _BLANK_LINES.sub("\n\n", whole):
        return Words(whole, whole)
    return Words(shown, whole) if shown else Words(whole, whole, has_own=False)


def _joined(texts: Sequence[str]) -> str:
    """The lines as a text, with at most two blank ones in a row."""
    text = "\n".join([text.rstrip() for text in texts])
    return (_MANY_BLANK_LINES.sub("\n\n\n", text) if "\n\n\n\n" in text else text).strip().lstrip("\ufeff")


class _Reader:
    """One mail, read once from its first line to its last."""

    def __init__(self, lines: Sequence[Line], ours: Ours, *, answers_us: bool, looks_inside: bool = False) -> None:
        self._lines = lines
        self._ours = ours
        self._answers_us = answers_us
        self._looks_inside = looks_inside
        self._level = min((line.level for line in lines if line.bare), default=0) if answers_us else 0
        self._kept: list[Line] = []
        self._parts: list[_Part] = []  # what is kept, between what is cut
        self._has_quoted_us = False
        self._starts: dict[int, _Start | None] = {}

    def kept(self) -> list[str]:
        """What is the customer's, line by line; nothing where none of it stands outside of what is quoted, unless
        `looks_inside`.
        """
        at = 0
        while at < len(self._lines):
            at = self._step(at)
        self._cut()
        if self._answers_us:
            self._parts = [part._replace(lines=_without_signature(part.lines)) for part in self._parts]
        if not self._looks_inside and not any(
            line.bare for part in self._parts if not part.is_inside for line in part.lines
        ):
            return []
        return [line.unquoted if self._level else line.text for part in self._parts for line in part.lines]

    def _step(self, at: int) -> int:
        """Read what begins at a line, and say where the next thing begins."""
        line = self._lines[at]
        if line.level > self._level:
            return self._quoted(at)
        if not line.bare:
            self._kept.append(line)
            return at + 1
        start = self._start(at)
        if start:
            return self._original(start)
        inline = self._inline(line)
        if inline:
            self._kept.append(inline)
            self._cut()
            return len(self._lines)
        if self._answers_us and self._anchors_in(at, at + 1) and self._ours.asks(line.bare) and self._leads_soon(at):
            while self._kept and self._ours.wrote(self._kept[-1].bare):
                self._kept.pop()  # the greeting above the question
            return self._unmarked(at, by_us=True)
        if not (self._has_quoted_us and self._is_torn_off(at)):
            self._kept.append(line)
        return at + 1

    def _cut(self, *, is_inside: bool = False) -> None:
        self._parts.append(_Part(self._kept, is_inside))
        self._kept = []

    # --- What is quoted -----------------------------------------------------------------------------------------------

    def _original(self, start: _Start) -> int:
        """Pass over the mail that begins here; says where it ends."""
        self._cut()
        at = self._skip_blank(start.end)
        if at == len(self._lines):
            return at
        if self._lines[at].level > self._level:
            return self._passed_over(at, self._run_end(at))
        return self._unmarked(at, by_us=start.by_us)

    def _unmarked(self, at: int, *, by_us: bool) -> int:
        """Pass over a quotation without marks, of which nobody knows where it ends: what is not ours among our own
        lines is the customer's.
        """
        self._cut()
        self._has_quoted_us = True
        level = self._lines[at].level
        anchors = [each for each in self._anchors_in(at, len(self._lines)) if self._lines[each].level == level]
        if anchors:
            is_theirs = not by_us or self._starts_within(at, anchors[0])
            self._keep_between(anchors[0] if is_theirs else at, len(self._lines), level)
        return len(self._lines)

    def _quoted(self, at: int) -> int:
        """Read a run of quoted lines: kept as it is, unless something shows that it quotes us."""
        end = self._run_end(at)
        if self._quotes_us(at, end):
            self._cut()
            return self._passed_over(at, end)
        self._kept += self._lines[at:end]
        return end

    def _quotes_us(self, at: int, end: int) -> bool:
        if self._has_quoted_us or self._anchors_in(at, end):
            return True
        if self._start_in_front(at, end):
            return True
        is_cited = self._answers_us and self._lines[at].is_cited
        return is_cited or (
            self._answers_us
            and any(self._ours.wrote(line.bare) and len(line.bare) > 20 for line in self._lines[at:end])
        )

    def _start_in_front(self, at: int, end: int) -> _Start | None:
        """The quotation that is introduced by the first of quoted lines, or below one or two more."""
        first = [each for each in range(at, min(end, at + 6)) if self._lines[each].bare][:3]
        return next((start for each in first if (start := self._start(each))), None)

    def _passed_over(self, at: int, end: int) -> int:
        """Pass over quoted lines. In our own question, what is not ours is the customer's answer."""
        self._has_quoted_us = True
        start = self._start_in_front(at, end)
        first = self._skip_blank(min(start.end, end)) if start else at
        if first < end:
            level = self._lines[first].level
            anchors = [each for each in self._anchors_in(first, end) if self._lines[each].level == level]
            if anchors and not self._starts_within(first, anchors[0]):
                self._keep_between(first, end, level)
        return end

    def _keep_between(self, at: int, end: int, level: int) -> None:
        """Keep what we did not write: all of it where the customer wrote nothing elsewhere, else what stands between
        lines of ours.
        """
        found: list[tuple[Line, bool]] = []
        for each in range(at, end):
            line = self._lines[each]
            if not line.bare:
                found.append((Line("", "", 0), False))
            elif line.level == level:
                behind = self._ours.behind_question(line.bare)
                is_ours = not behind and (self._ours.wrote(line.bare) or self._continues_in_link(each))
                shown = behind or line.unquoted
                found.append((Line(shown, line.bare, 0), is_ours))
        ours = [place for place, (_, is_ours) in enumerate(found) if is_ours]
        if not self._looks_inside:
            found = found[ours[0] : ours[-1]] if ours else []
        self._kept += [line for line, is_ours in found if not is_ours]
        self._cut(is_inside=True)

    def _run_end(self, at: int) -> int:
        """Where lines that are quoted deeper than the customer's own end; blank ones between them count."""
        end = at
        while at < len(self._lines) and (self._lines[at].level > self._level or not self._lines[at].bare):
            at += 1
            if self._lines[at - 1].bare or self._lines[at - 1].level > self._level:
                end = at
        return end

    # --- What is ours -------------------------------------------------------------------------------------------------

    @cached_property
    def _anchors(self) -> list[int]:
        """The lines that nobody but us writes: our question, and a link of ours with nothing but its label."""
        if not self._ours.may_stand_in("\n".join(line.bare for line in self._lines)):
            return []
        may_be = self._ours.may_stand_in
        return [at for at, line in enumerate(self._lines) if may_be(line.bare) and self._is_anchor(line)]

    def _is_anchor(self, line: Line) -> bool:
        if self._ours.asks(line.bare) or self._ours.leads(line.bare):
            return True
        return line.level > self._level and self._ours.behind_question(line.bare) is not None

    @cached_property
    def _closes(self) -> list[bool]:
        """Whether an introduction can end on each line."""
        return [line.bare.endswith((*_COLONS, "--")) for line in self._lines]

    def _anchors_in(self, at: int, end: int) -> list[int]:
        return self._anchors[bisect_left(self._anchors, at) : bisect_left(self._anchors, end)]

    def _leads_soon(self, at: int) -> bool:
        """Whether links of ours follow a question of ours."""
        level = self._lines[at].level
        near = self._anchors_in(at + 1, at + _NEAR)
        return any(self._lines[each].level == level for each in near)

    def _continues_in_link(self, at: int) -> bool:
        """Whether a label was torn off the link of ours that follows."""
        after = self._skip_blank(at + 1)
        line = self._lines[at].bare
        return (
            after < len(self._lines)
            and len(line) <= 60
            and line.endswith((*_COLONS, "<", "("))
            and bool(self._ours.links.match(self._lines[after].bare.lstrip("<([")))
        )

    def _is_torn_off(self, at: int) -> bool:
        """Whether a line right below quoted ones is a piece of them that a server wrapped."""
        if not at or not self._lines[at - 1].bare or self._lines[at - 1].level <= self._level:
            return False
        return self._ours.wrote(self._lines[at].bare)

    # --- Where quotations begin ---------------------------------------------------------------------------------------

    def _starts_within(self, at: int, end: int) -> bool:
        return any(self._start(each) for each in range(at, min(end, at + 200)) if self._lines[each].bare)

    def _start(self, at: int) -> _Start | None:
        """The quotation that is introduced here, if there is evidence for it."""
        if at not in self._starts:
            self._starts[at] = self._found_start(at)
        return self._starts[at]

    def _found_start(self, at: int) -> _Start | None:
        line = self._lines[at]
        if not line.bare:
            return None
        worded = programs.rule_says(line.bare)
        rule = "original" if line.mark is Mark.ORIGINAL else worded
        if programs.begins_with_rule(line.bare) and self._answers_us and self._ours.names(line.bare):
            return _Start(at + 1, by_us=True)
        if worded or RULE.fullmatch(line.bare):
            below = self._skip_blank(at + 1)
            is_near = below < len(self._lines) and self._lines[below].level >= line.level
            return self._start_here(below, rule) if is_near else None
        return self._start_here(at, rule)

    def _start_here(self, at: int, rule: str | None) -> _Start | None:
        block = programs.header_block(self._lines, at, without_colons=rule is not None)
        if block:
            return self._start_of_block(block, rule)
        return self._introduction(at)

    def _start_of_block(self, block: Block, rule: str | None) -> _Start | None:
        by_us = self._ours.names(block.sender)
        is_whole = len(block.labels - {Label.OTHER}) >= (2 if rule else 3) and Label.FROM in block.labels
        anchors = self._anchors_behind(block.end)
        if not is_whole:
            return None
        if not self._answers_us:
            is_ours = self._ours.addresses.search(block.sender) and anchors
            return _Start(block.end, by_us=True) if is_ours else None
        about_us = (
            by_us
            or self._ours.addresses.search(block.text)
            or (self._ours.name.search(block.text) and (DATE.search(block.text) or rule))
        )
        if about_us and (rule or anchors or DATE.search(block.text) or "@" in block.text):
            return _Start(block.end, by_us)
        is_mail = DATE.search(block.text) or "@" in block.text
        if (is_mail and self._is_followed_by_ours(block.end)) or (
            rule == "original" and not self._is_quoted_later(block.end)
        ):
            return _Start(block.end, by_us=False)
        return None

    def _is_followed_by_ours(self, at: int) -> bool:
        """Whether another block, of a mail of ours, follows at once: a mail of somebody who passed ours on."""
        at = self._skip_blank(at)
        block = programs.header_block(self._lines, at) if at < len(self._lines) else None
        return block is not None and self._ours.names(block.sender) and self._start_of_block(block, None) is not None

    def _is_quoted_later(self, at: int) -> bool:
        return at <= self._last_sign

    @cached_property
    def _last_sign(self) -> int:
        """The last line that is ours or bears our address; -1 for none."""
        signs = (
            at
            for at in range(len(self._lines) - 1, -1, -1)
            if "@" in self._lines[at].bare and self._ours.addresses.search(self._lines[at].bare)
        )
        return max(next(signs, -1), self._anchors[-1] if self._anchors else -1)

    def _anchors_behind(self, at: int) -> bool:
        """Whether lines of ours follow, before anything else is introduced."""
        return bool(self._anchors_in(at, at + _NEAR))

    def _introduction(self, at: int) -> _Start | None:
        """An introduction such as `On …, Fernleaf Market <…> wrote:`, over up to four lines."""
        first = self._lines[at]
        if first.mark is Mark.INTRODUCTION and self._answers_us:
            end = at
            while end < len(self._lines) and self._lines[end].mark is Mark.INTRODUCTION:
                end += 1
            text = " ".join(line.bare for line in self._lines[at:end])
            return _Start(end, by_us=self._ours.names(text))
        if not any(self._closes[at : at + _MAX_LINES]):
            return None
        window: list[str] = []
        for end in range(at, min(len(self._lines), at + _MAX_LINES)):
            line = self._lines[end]
            if line.level != first.level and not _is_torn(" ".join(window)):
                return None
            if not line.bare or len(line.bare) > _MAX_INTRODUCTION or (end > at and programs.is_header(line.bare)):
                return None
            window.append(line.bare)
            joined = _text_of_introduction(window)
            if joined is not None:
                return self._introduces(joined, window, at, end + 1)
            if end == at and not self._can_go_on(line.bare):
                return None
        return None

    def _can_go_on(self, bare: str) -> bool:
        """Whether a line may be an introduction's first, which goes on below."""
        is_begun = DATE.search(bare) or self._ours.addresses.search(bare)
        return bool(is_begun) and not _ENDS_A_SENTENCE.search(bare)

    def _introduces(self, text: str, window: list[str], at: int, end: int) -> _Start | None:
        ours = self._ours
        if len(window) > 1 and DATE.search(" ".join(window[1:])) and not _is_torn(window[0]):
            return None  # the first line is the customer's last
        address, has_date, has_time = ours.addresses.search(text), DATE.search(text), TIME.search(text)
        after = self._skip_blank(end)
        is_marked = after < len(self._lines) and self._lines[after].level > self._lines[at].level
        start = _Start(end, by_us=bool(address or ours.name.search(text)))
        near = self._leads_to_ours(end)
        if address:
            is_one = has_date or has_time or is_marked or near or programs.has_verb(text)
            return start if is_one and (self._answers_us or is_marked or near) else None
        if not self._answers_us or not (is_marked or near or has_date):
            return None
        has_verb = programs.has_verb(text)
        if ours.name.search(text):
            is_whole = (has_date and (has_verb or has_time)) or (has_verb and is_marked)
            is_last = after == len(self._lines) or (has_verb and not self._is_quoted_later(end))
            return start if is_whole and (is_marked or near or is_last) else None
        if is_marked and (has_date or has_verb):
            is_dated = has_date and has_time and has_verb
            return start if is_dated or self._anchors_in(after, self._run_end(after)) else None
        return start if near and has_date and has_verb else None

    def _leads_to_ours(self, at: int) -> bool:
        """Whether lines of ours follow, and nothing between that introduces them."""
        anchors = self._anchors_in(at, at + _NEAR)
        between = range(at, anchors[0]) if anchors else range(0)
        return bool(anchors) and not any(
            self._closes[each] or programs.is_header(self._lines[each].bare) for each in between
        )

    def _inline(self, line: Line) -> Line | None:
        """The customer's words in front of an introduction that stands on the same line as what it introduces."""
        if "@" not in line.bare or not self._answers_us:
            return None
        span = programs.inline_introduction(line.bare, self._ours.addresses)
        if span is None:
            return None
        self._has_quoted_us = True
        words = line.bare[: span[0]].rstrip()
        return Line(words, words, 0)

    def _skip_blank(self, at: int) -> int:
        while at < len(self._lines) and not self._lines[at].bare:
            at += 1
        return at


def _is_torn(text: str) -> bool:
    """Whether an address in brackets goes on below."""
    return text.count("<") > text.count(">")


def _text_of_introduction(window: list[str]) -> str | None:
    """The lines as one, where they end as an introduction does."""
    last = window[-1]
    inside = programs.undashed(last)
    if inside:
        last = inside.rstrip(" -:")
        return " ".join([*window[:-1], last]) if programs.has_verb(last) else None
    return " ".join(window) if last.endswith(_COLONS) else None


def _without_signature(part: list[Line]) -> list[Line]:
    """Without what a program or a phone put below what was written there."""
    part = [line for line in part if line.mark is not Mark.SIGNATURE]
    delimiters = [at for at, line in enumerate(part) if line.text == "-- "]
    if len(delimiters) == 1 and sum(bool(line.bare) for line in part[delimiters[0] :]) <= _MAX_SIGNATURE + 1:
        part = part[: delimiters[0]]
    while True:
        end = len(part)
        while end and (not part[end - 1].bare or RULE.fullmatch(part[end - 1].bare)):
            end -= 1
        if not end or not programs.is_sent_from(part[end - 1].bare):
            return part
        above = part[end - 2].bare if end > 1 else ""
        if above and above != "--" and not programs.is_sent_from(above):
            return part
        end -= 1
        while end and part[end - 1].bare in ("", "--", "—"):
            end -= 1
        part = part[:end]

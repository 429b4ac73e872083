"""The language of routes: which feedback a route is about.

    mood = unhappy and reason in (refund, price)
    touchpoint = checkout and place = leeds-*
    words ~ overcharg or words ~ "charged twice"
    not (channel = sms or language = ar) and rating <= 2

A comparison is a field, an operator and a value; `and`, `or`, `not` and parentheses combine comparisons, `and` before
`or`. An empty condition is about everything.

    touchpoint place team language    = !=  in (…)  not in (…)    an id; * stands for anything: leeds-*
    reason                            =     in (…)                any of the reasons that were picked
    channel mood event                = !=  in (…)  not in (…)    web, sms, email; unhappy, …; FeedbackCaptured, …
    rating                            = != < <= > >=  in (…)      a whole number, on the touchpoint's own scale
    words                             ~ !~  in (…)  not in (…)    found in the comment; * stands for anything between

Values with spaces or signs are quoted: "charged twice"; in quotes a backslash makes the next sign itself: "5\\* hotel".
Words are found in any case, over line breaks, with straight or curly quotes, however their accents are encoded, and
inside longer words: `words ~ charg` finds "Overcharged" (shared/text/folding.py).
What a team does about a feedback is an event as well, and meant only where the condition names it:
`event = FeedbackResolved`, `event in (FeedbackOverdue, RemedyGranted)`.
What a customer did not say compares as false, and `not` is always the exact opposite: `rating <= 2` is false without a
rating, and `not rating <= 2` true.

A condition has two readings with one verdict: `matches`, here, and `pattern`, which EventBridge evaluates. What a
pattern cannot say is refused with the reason (shared/conditions/pattern.py).
"""

import difflib
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from shared.errors import InvalidInput
from shared.model.events import CASE_EVENTS, EVENTS
from shared.model.feedback import Channel, Feedback
from shared.model.scales import Mood

MAX_LENGTH = 2_048  # characters; no pattern that EventBridge takes is longer
RATINGS = range(11)  # of all scales


class ConditionError(InvalidInput, ValueError):
    """A condition that cannot be read, or that a pattern cannot say; `column`, from 1, is where in `text`."""

    def __init__(self, message: str, text: str, column: int) -> None:
        super().__init__(f"{message} (column {column})", field="when")
        self.text = text
        self.column = column

    def pointer(self) -> str:
        """The condition with a caret under the column, for a terminal."""
        return f"{self.text}\n{' ' * (self.column - 1)}^"


Glob = tuple[str, ...]
"""Text that a value must be, with anything in between: ("leeds-", "") is leeds-*, ("leeds",) is exactly leeds."""

Value = Glob | int


class _Field(NamedTuple):
    """A field of conditions: what `detail.feedback` calls it, and its values where there is a closed list."""

    key: str
    choices: tuple[str, ...] = ()


FIELDS = {
    "touchpoint": _Field("touchpoint"),
    "place": _Field("place"),
    "team": _Field("team"),
    "language": _Field("language"),
    "reason": _Field("reasons"),
    "channel": _Field("channel", tuple(Channel)),
    "mood": _Field("mood", tuple(Mood)),
    "event": _Field("detail-type", tuple(EVENTS)),
    "rating": _Field("rating"),
    "words": _Field("words"),
}
ORDER: dict[str, Callable[[int, int], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Comparison:
    """True where any value of the field is any of `values`. `operator` is `=`, or one of `ORDER` for a rating."""

    name: str
    operator: str
    values: tuple[Value, ...]
    column: int = field(default=0, compare=False)

    def matches(self, event_type: str, feedback: Feedback) -> bool:
        """Compare one field of an event."""
        actual = event_type if self.name == "event" else getattr(feedback, FIELDS[self.name].key)
        return any(map(self.holds, actual)) if isinstance(actual, tuple) else self.holds(actual)

    def holds(self, actual: str | int | None) -> bool:
        """Compare one value; what was not said compares as false."""
        if actual is None:
            return False
        if self.operator in ORDER:
            return any(ORDER[self.operator](int(actual), wanted) for wanted in self.values if isinstance(wanted, int))
        return any(equals(wanted, actual) for wanted in self.values)

    def written(self, *, opposite: bool = False) -> str:
        """The comparison, or its opposite, as text."""
        values = [str(value) if isinstance(value, int) else self._quote(value) for value in self.values]
        if len(values) > 1:
            return f"{self.name}{' not' if opposite else ''} in ({', '.join(values)})"
        if self.operator in ORDER:
            return f"{'not ' if opposite else ''}{self.name} {self.operator} {values[0]}"
        return f"{self.name} {'!' if opposite else ''}{'~' if self.name == 'words' else '='} {values[0]}"

    def _quote(self, glob: Glob) -> str:
        if self.name == "words":
            glob = glob[1:-1]  # the * around words is not written
        bare = "*".join(glob)
        if _BARE.fullmatch(bare) and bare.count("*") == len(glob) - 1 and bare.lower() not in KEYWORDS:
            return bare
        return '"' + "*".join(re.sub(r'(["\\*])', r"\\\1", part) for part in glob) + '"'

    __str__ = written


@dataclass(frozen=True)
class Not:
    """The opposite."""

    inner: "Node"

    def matches(self, event_type: str, feedback: Feedback) -> bool:
        """True where `inner` is false."""
        return not self.inner.matches(event_type, feedback)

    def __str__(self) -> str:
        return self.inner.written(opposite=True) if isinstance(self.inner, Comparison) else f"not ({self.inner})"


@dataclass(frozen=True)
class And:
    """Joined by `and`."""

    parts: tuple["Node", ...]

    def matches(self, event_type: str, feedback: Feedback) -> bool:
        """True where every part is."""
        return all(part.matches(event_type, feedback) for part in self.parts)

    def __str__(self) -> str:
        return " and ".join(f"({part})" if isinstance(part, And | Or) else str(part) for part in self.parts)


@dataclass(frozen=True)
class Or:
    """Joined by `or`."""

    parts: tuple["Node", ...]

    def matches(self, event_type: str, feedback: Feedback) -> bool:
        """True where any part is."""
        return any(part.matches(event_type, feedback) for part in self.parts)

    def __str__(self) -> str:
        return " or ".join(f"({part})" if isinstance(part, Or) else str(part) for part in self.parts)


Node = Comparison | Not | And | Or


@dataclass(frozen=True)
class Condition:
    """A condition that was read. Equal to another that says the same in the same order; `str()` is the tidy text."""

    root: Node | None
    text: str = field(compare=False)

    def matches(self, event_type: str, feedback: Feedback) -> bool:
        """Whether the event of type `event_type` about `feedback` is meant: EventBridge's verdict on its pattern."""
        return event_type in self.events and (self.root is None or self.root.matches(event_type, feedback))

    @property
    def events(self) -> frozenset[str]:
        """The types of event that can be meant: what teams do about a feedback only where it is named."""
        named = [value for each in self.comparisons() if each.name == "event" for value in each.values]
        asked_for = {name for name in CASE_EVENTS if (name,) in named}
        return frozenset(EVENTS.keys() - CASE_EVENTS | asked_for)

    def comparisons(self) -> Iterator[Comparison]:
        """Every comparison, in the order of the text."""
        nodes = [self.root] if self.root else []
        while nodes:
            node = nodes.pop()
            if isinstance(node, Comparison):
                yield node
            else:
                nodes += reversed((node.inner,) if isinstance(node, Not) else node.parts)

    def __str__(self) -> str:
        return "" if self.root is None else str(self.root)


def check(condition: Condition, known: Mapping[str, Iterable[str]]) -> None:
    """Refuse a value that nothing can ever have: `known` maps a field, such as `team`, to all ids there are."""
    for comparison in condition.comparisons():
        ids = list(known.get(comparison.name, ()))
        for value in comparison.values if ids else ():
            if not any(equals(value, each) for each in ids):
                name = "*".join(value) if isinstance(value, tuple) else str(value)
                raise ConditionError(
                    f"There is no {comparison.name} {name!r}; {suggest(name, ids)}",
                    condition.text,
                    comparison.column,
                )


_BARE = re.compile(r"[\w.+*-]+")  # what is written without quotes; more is read
KEYWORDS = ("and", "or", "not", "in")


def suggest(word: str, known: Iterable[str]) -> str:
    """What may have been meant, or all that is known, as the end of an error's sentence."""
    known = [str(each) for each in known]
    lower = {each.lower(): each for each in known}
    close = difflib.get_close_matches(word.strip("\"'").lower(), lower, n=1)
    return f"did you mean {lower[close[0]]!r}?" if close else f"use one of {', '.join(known)}."


def covers(wanted: Value, other: Value) -> bool:
    """Whether all that is `other` is `wanted` too, as `leeds-3*` is `leeds-*`."""
    # NUL is in no condition, so only a * can stand for where `other` has one.
    return equals(wanted, other if isinstance(other, int) else "\0".join(other))


def equals(wanted: Value, actual: str | int) -> bool:
    """Whether a value is the one that is wanted, with anything where it has a *."""
    if isinstance(wanted, int) or isinstance(actual, int):
        return wanted == actual
    first, *rest = wanted
    if not rest:
        return actual == first
    *between, last = rest
    if not actual.startswith(first):
        return False
    position, end = len(first), len(actual) - len(last)
    for part in between:  # the leftmost place of each part leaves the most room for the next: no backtracking
        position = actual.find(part, position, end) + len(part)
        if position < len(part):
            return False
    return position <= end and actual.endswith(last)

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
Words are found in any case, however their accents are encoded, and inside longer words: `words ~ charg` finds
"Overcharged".
What a customer did not say compares as false, and `not` is always the exact opposite: `rating <= 2` is false without a
rating, and `not rating <= 2` true.

A condition has two readings with one verdict: `matches`, here, and `pattern`, which EventBridge evaluates. What a
pattern cannot say is refused with the reason (shared/patterns.py).
"""

import difflib
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from shared.errors import InvalidInput
from shared.events import EVENTS
from shared.feedback import Channel, Feedback, Mood, fold

MAX_LENGTH = 2_048  # characters; no pattern that EventBridge takes is longer
RATINGS = range(11)  # of all scales
_MAX_DEPTH = 50


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
    "words": _Field("comment_folded"),
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
        if _BARE.fullmatch(bare) and bare.count("*") == len(glob) - 1 and bare.lower() not in _KEYWORDS:
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
        return self.root is None or self.root.matches(event_type, feedback)

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


def parse(text: str) -> Condition:
    """Read a condition; ConditionError says at which column it goes wrong, and what may have been meant."""
    if len(text) > MAX_LENGTH:
        raise ConditionError(f"A condition has at most {MAX_LENGTH:,} characters, not {len(text):,}.", text, MAX_LENGTH)
    unreadable = _UNREADABLE.search(text)
    if unreadable:
        raise ConditionError(f"{unreadable[0]!r} is not text; remove it.", text, unreadable.start() + 1)
    return Condition(_Parser(text).parse(), text)


def check(condition: Condition, known: Mapping[str, Iterable[str]]) -> None:
    """Refuse a value that nothing can ever have: `known` maps a field, such as `team`, to all ids there are."""
    for comparison in condition.comparisons():
        ids = list(known.get(comparison.name, ()))
        for value in comparison.values if ids else ():
            if not any(equals(value, each) for each in ids):
                name = "*".join(value) if isinstance(value, tuple) else str(value)
                raise ConditionError(
                    f"There is no {comparison.name} {name!r}; {_suggest(name, ids)}",
                    condition.text,
                    comparison.column,
                )


# Reading

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<sign>!=|!~|<=|>=|==|&&|\|\||<>|[=~<>(),!])
      | (?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<bare>[^\s=~<>(),!&|"']+)
      | (?P<end>$)
    )""",
    re.VERBOSE | re.DOTALL,
)
_BARE = re.compile(r"[\w.+*-]+")  # what is written without quotes; more is read
_UNREADABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_KEYWORDS = ("and", "or", "not", "in")
_FOREIGN = {"==": "=", "<>": "!=", "&&": "and", "||": "or", "!": "not"}


class _Token(NamedTuple):
    kind: str  # the group of _TOKEN that matched, or a keyword
    text: str
    column: int


class _Parser:
    """Recursive descent over the grammar in the module's docstring."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._tokenize())
        self._index = 0
        self._depth = 0

    def parse(self) -> Node | None:
        if self._next.kind == "end":
            return None
        node = self._any()
        if self._next.kind != "end":
            raise self._error("expected 'and', 'or' or the end")
        return node

    def _tokenize(self) -> Iterator[_Token]:
        position = 0
        while True:
            match = _TOKEN.match(self._text, position)
            if match is None:
                column = len(self._text) - len(self._text[position:].lstrip()) + 1
                sign = self._text[column - 1]
                problem = (
                    f"This {sign} is not closed; add {sign} after the value."
                    if sign in "\"'"
                    else f"{sign!r} means nothing here; put it in quotes if it belongs to a value."
                )
                raise ConditionError(problem, self._text, column)
            kind = str(match.lastgroup)
            word, column = match[kind], match.start(kind) + 1
            yield _Token(word.lower() if kind == "bare" and word.lower() in _KEYWORDS else kind, word, column)
            if kind == "end":
                return
            position = match.end()

    @property
    def _next(self) -> _Token:
        return self._tokens[self._index]

    def _take(self, *wanted: str) -> _Token | None:
        """The next token if it is one of the wanted kinds or signs."""
        token = self._next
        if token.kind not in wanted and not (token.kind == "sign" and token.text in wanted):
            return None
        self._index += 1
        return token

    def _error(self, message: str, token: _Token | None = None) -> ConditionError:
        token = token or self._next
        found = "the end" if token.kind == "end" else repr(token.text)
        hint = f"; write {_FOREIGN[token.text]!r}" if token.text in _FOREIGN else ""
        return ConditionError(f"Found {found}, {message}{hint}.", self._text, token.column)

    def _any(self) -> Node:
        parts = [self._all()]
        while self._take("or"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _all(self) -> Node:
        parts = [self._unary()]
        while self._take("and"):
            parts.append(self._unary())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _unary(self) -> Node:
        token = self._take("not", "(")
        if token is None:
            return self._comparison()
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise ConditionError(f"Nested more than {_MAX_DEPTH} deep; simplify it.", self._text, token.column)
        if token.kind == "not":
            node: Node = Not(self._unary())
        else:
            node = self._any()
            if not self._take(")"):
                raise self._error(f"expected ')' for the '(' at column {token.column}")
        self._depth -= 1
        return node

    def _comparison(self) -> Node:
        name = self._take("bare")
        if name is None:
            raise self._error("expected a field, such as mood")
        if name.text not in FIELDS:
            raise ConditionError(
                f"{name.text!r} is not a field; {_suggest(name.text, FIELDS)}", self._text, name.column
            )
        opposite, sign = self._operator(name)
        values = self._list(name.text) if sign == "in" else (self._value(name.text),)
        node = Comparison(name.text, sign if sign in ORDER else "=", values, name.column)
        return Not(node) if opposite else node

    def _operator(self, name: _Token) -> tuple[bool, str]:
        """Whether the comparison is negated, and its positive operator."""
        if self._take("not"):
            if not self._take("in"):
                raise self._error("expected 'in' after 'not'")
            return True, "in"
        if self._take("in"):
            return False, "in"
        token = self._take("=", "!=", "~", "!~", *ORDER)
        if token is None:
            raise self._error(f"expected an operator after {name.text!r}, such as =")
        sign = token.text.removeprefix("!")
        if sign in ORDER and name.text != "rating":
            raise self._error("but only a rating is more or less; write = or in (…)", token)
        if sign == "~" and name.text != "words":
            raise self._error("but ~ is for words; write =, and * for anything", token)
        return token.text.startswith("!"), sign

    def _list(self, name: str) -> tuple[Value, ...]:
        if not self._take("("):
            raise self._error(f"expected '(' as in {name} in (a, b)")
        values = [self._value(name)]
        while self._take(","):
            values.append(self._value(name))
        if not self._take(")"):
            raise self._error("expected ',' or ')'")
        return tuple(dict.fromkeys(values))

    def _value(self, name: str) -> Value:
        token = self._take("bare", "quoted")
        if token is None:
            quote = "; put it in quotes to mean the word" if self._next.kind in _KEYWORDS else ""
            raise self._error(f"expected a value for {name}{quote}")
        if name == "rating":
            return self._rating(token)
        glob = _glob(token.text[1:-1] if token.kind == "quoted" else token.text, quoted=token.kind == "quoted")
        if name == "words":
            return self._words(glob, token)
        choices = FIELDS[name].choices
        if choices and not (len(glob) == 1 and glob[0] in choices):
            raise ConditionError(
                f"{name} is never {token.text}; {_suggest(token.text, choices)}", self._text, token.column
            )
        if not any(glob):
            raise self._error(f"which says nothing; write the {name}", token)
        return glob

    def _rating(self, token: _Token) -> int:
        if not re.fullmatch(r"\d{1,2}", token.text, re.ASCII) or int(token.text) not in RATINGS:
            raise self._error("expected a rating: a whole number from 0 to 10", token)
        return int(token.text)

    def _words(self, glob: Glob, token: _Token) -> Glob:
        """Found anywhere in the comment, so with anything around; folded as the comment is."""
        parts = tuple(fold(part) for part in glob if part)
        if not parts:
            raise self._error("which says nothing; write the words to find", token)
        return ("", *parts, "")


def _glob(text: str, *, quoted: bool) -> Glob:
    """Split at every * that stands for anything; in quotes, a backslash makes the next sign itself."""
    parts = [""]
    for sign in re.findall(r"\\.|.", text, re.DOTALL) if quoted else text:
        if sign == "*":
            parts.append("")
        else:
            parts[-1] += sign[-1]
    between = [part for part in parts[1:-1] if part]  # ** is *
    return (parts[0], *between, parts[-1]) if len(parts) > 1 else (parts[0],)


def _suggest(word: str, known: Iterable[str]) -> str:
    known = [str(each) for each in known]
    lower = {each.lower(): each for each in known}
    close = difflib.get_close_matches(word.strip("\"'").lower(), lower, n=1)
    return f"did you mean {lower[close[0]]!r}?" if close else f"use one of {', '.join(known)}."


# Comparing


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

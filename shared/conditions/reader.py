"""Reads the text of a condition (see language.py) into its tree."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from shared.conditions.language import (
    FIELDS,
    KEYWORDS,
    MAX_LENGTH,
    ORDER,
    RATINGS,
    And,
    Comparison,
    Condition,
    ConditionError,
    Glob,
    Node,
    Not,
    Or,
    Value,
    suggest,
)
from shared.text.folding import fold
from shared.text.unseen import UNSEEN

_MAX_DEPTH = 50


def parse(text: str) -> Condition:
    """Read a condition; ConditionError says at which column it goes wrong, and what may have been meant."""
    if len(text) > MAX_LENGTH:
        raise ConditionError(f"A condition has at most {MAX_LENGTH:,} characters, not {len(text):,}.", text, MAX_LENGTH)
    unreadable = _UNREADABLE.search(text)
    if unreadable:
        raise ConditionError(f"{unreadable[0]!r} is not text; remove it.", text, unreadable.start() + 1)
    return Condition(_Parser(text).parse(), text)


_INVISIBLE = "".join(map(chr, UNSEEN))
_TOKEN = re.compile(
    rf"""[\s{_INVISIBLE}]*(?:
        (?P<sign>!=|!~|<=|>=|==|&&|\|\||<>|[=~<>(),!])
      | (?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[“”„](?:[^“”„"\\]|\\.)*[“”])
      | (?P<bare>[^\s=~<>(),!&|"'“”„]+)
      | (?P<end>$)
    )""",
    re.VERBOSE | re.DOTALL,
)
_UNREADABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
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
            yield _Token(word.lower() if kind == "bare" and word.lower() in KEYWORDS else kind, word, column)
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
            raise ConditionError(f"{name.text!r} is not a field; {suggest(name.text, FIELDS)}", self._text, name.column)
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
            quote = "; put it in quotes to mean the word" if self._next.kind in KEYWORDS else ""
            raise self._error(f"expected a value for {name}{quote}")
        if name == "rating":
            return self._rating(token)
        glob = _glob(token.text[1:-1] if token.kind == "quoted" else token.text, quoted=token.kind == "quoted")
        if name == "words":
            return self._words(glob, token)
        choices = FIELDS[name].choices
        if choices and not (len(glob) == 1 and glob[0] in choices):
            raise ConditionError(
                f"{name} is never {token.text}; {suggest(token.text, choices)}", self._text, token.column
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
        parts = tuple(part for part in map(fold, glob) if part)
        if not any(map(str.strip, parts)):
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

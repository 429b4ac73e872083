"""Conditions as EventBridge patterns, and what EventBridge cannot say, refused with the reason.

A pattern is an object of fields that must all match, each with an array of which any element may; `$or` joins
alternatives. EventBridge keeps one array per field and alternative (the last one written wins), so two comparisons of
one field that must both hold are made one here. An array in an event, such as reasons, matches if any element does.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from shared.conditions.language import (
    FIELDS,
    ORDER,
    RATINGS,
    And,
    Comparison,
    Condition,
    ConditionError,
    Node,
    Not,
    Value,
    covers,
    equals,
)
from shared.conditions.weight import MAX_COMPLEXITY, complexity
from shared.model.events import FEEDBACK_EVENTS, SOURCE, RouteTested

MAX_LENGTH = 2_048  # characters of a pattern: EventBridge's limit
MAX_CLAUSES = 1_000  # combinations that `$or` makes: EventBridge's limit


def rule_pattern(id: str, condition: Condition) -> dict[str, Any]:
    """The pattern of a route's rule: its condition, and the tests that are meant for it; raises ConditionError."""
    test = {"source": [RouteTested.source], "detail-type": [RouteTested.detail_type], "detail": {"route": [id]}}
    pattern = {"$or": [compile_pattern(condition), test]}
    size = len(pattern_text(pattern))
    if size > MAX_LENGTH:
        raise ConditionError(
            f"EventBridge takes patterns of at most {MAX_LENGTH:,} characters, and this route's has {size:,}: "
            "shorten it, or make two routes.",
            condition.text,
            1,
        )
    return pattern


def compile_pattern(condition: Condition) -> dict[str, Any]:
    """The pattern that matches exactly the events for which `condition.matches`; raises ConditionError."""
    return _Compiler(condition).pattern()


def makes_cards(condition: Condition) -> bool:
    """Whether it catches feedback: what becomes of an invitation is for machines alone."""
    return not event_types(condition).isdisjoint(FEEDBACK_EVENTS)


def event_types(condition: Condition) -> set[str]:
    """The types of event that the condition can match; raises ConditionError."""
    return _Compiler(condition).event_types()


def wildcards(condition: Condition) -> dict[str, list[tuple[str, ...]]]:
    """The wildcards of each field, once for each alternative of the pattern that has them; raises ConditionError."""
    return _wildcards(_Compiler(condition).alternatives())


@dataclass(frozen=True)
class _Allowed:
    """The values of one field that a clause lets through: those in `values`, or all but those."""

    values: frozenset[Value]
    all_but: bool
    column: int = field(compare=False)

    @property
    def exact(self) -> bool:
        """Whether no value has a *."""
        return all(map(_is_exact, self.values))

    def lets(self, value: Value) -> bool:
        """Whether an exact value passes."""
        actual = value if isinstance(value, int) else value[0]
        return any(equals(wanted, actual) for wanted in self.values) != self.all_but

    def render(self) -> list[Any]:
        """The field's array. `anything-but` matches null, as a missing rating or place should."""
        exact = sorted(value if isinstance(value, int) else value[0] for value in self.values if _is_exact(value))
        globs = sorted(_wildcard(value) for value in self.values if not _is_exact(value))
        if not self.all_but:
            return [*exact, *({"wildcard": glob} for glob in globs)]
        if not globs:
            return [{"anything-but": exact}]
        return [{"anything-but": {"wildcard": globs + [_wildcard((str(value),)) for value in exact]}}]

    def wildcards(self) -> set[tuple[str, ...]]:
        """The wildcards of each element of the field's array that has any."""
        if self.all_but and not self.exact:
            return {tuple(sorted(map(_wildcard, self.values)))}
        return {(_wildcard(value),) for value in self.values if not _is_exact(value)}


_Clause = dict[str, _Allowed]
"""Fields that must all let an event through. A pattern is made of one clause, or of several joined by `$or`."""


class _Compiler:
    """Turns a condition into clauses: negations pushed down to the comparisons, `and` multiplied out over `or`."""

    def __init__(self, condition: Condition) -> None:
        self._text = condition.text
        self._root = condition.root
        self._events = condition.events

    def pattern(self) -> dict[str, Any]:
        clauses = self.alternatives()
        shared = _shared(clauses)
        rest = [{name: allowed for name, allowed in clause.items() if name not in shared} for clause in clauses]
        if len(clauses) == 1:
            pattern = _render(shared)
        elif any("event" in clause for clause in rest):
            pattern = _render(shared) | {"$or": [_render(clause) for clause in rest]}
        else:
            pattern = _render(shared, {"$or": [_render_feedback(clause) for clause in rest]})
        pattern = {"source": [SOURCE]} | pattern
        self._check_limits(pattern, clauses)
        return pattern

    def event_types(self) -> set[str]:
        return set().union(*map(self._event_types, self.alternatives()))

    def alternatives(self) -> list[_Clause]:
        """The clauses of which any must let an event through."""
        clauses = [_Clause()] if self._root is None else self._clauses(self._root, opposite=False)
        if not clauses:
            raise self._refusal("No feedback can ever match this", 1)
        if not any(map(self._event_types, clauses)):
            name, allowed = next(each for each in clauses[0].items() if each[0] != "event")
            raise self._refusal(
                f"No event can ever match this, because what becomes of an invitation has no {name}: "
                f"leave {name} out, or name an event of feedback",
                allowed.column,
            )
        clauses = _join(self._named(clause) for clause in clauses if self._event_types(clause))
        shared = _shared(clauses)
        return [shared] if shared in clauses else clauses  # one that asks for nothing more than what all ask for

    def _event_types(self, clause: _Clause) -> set[str]:
        """The types of event that a clause can match: only feedback has its other fields."""
        types = self._events & FEEDBACK_EVENTS if clause.keys() - {"event"} else self._events
        return {name for name in types if "event" not in clause or clause["event"].lets((name,))}

    def _named(self, clause: _Clause) -> _Clause:
        """The clause with the names of the events that it matches: there are others that it does not mean."""
        column = clause["event"].column if "event" in clause else 1
        values = frozenset[Value]((name,) for name in self._event_types(clause))
        return clause | {"event": _Allowed(values, False, column)}

    def _refusal(self, reason: str, column: int) -> ConditionError:
        return ConditionError(reason + ".", self._text, column)

    def _check_limits(self, pattern: dict[str, Any], clauses: list[_Clause]) -> None:
        size = len(pattern_text(pattern))
        if size > MAX_LENGTH:
            raise self._refusal(
                f"EventBridge takes patterns of at most {MAX_LENGTH:,} characters, and this one has {size:,}: "
                "shorten it, or make two routes",
                1,
            )
        for name, elements in _wildcards(clauses).items():
            if complexity(elements) > MAX_COMPLEXITY:
                raise self._refusal(
                    f"These comparisons of {name} with * are too complex for one rule of EventBridge, which bounds how "
                    "much of them one text can match at once: ask for fewer, or for less that is alike, or make two "
                    "routes",
                    next(clause[name].column for clause in clauses if name in clause),
                )

    def _clauses(self, node: Node, *, opposite: bool) -> list[_Clause]:
        if isinstance(node, Comparison):
            return _simplify({node.name: self._allowed(node, opposite)})
        if isinstance(node, Not):
            return self._clauses(node.inner, opposite=not opposite)
        alternatives = [self._clauses(part, opposite=opposite) for part in node.parts]
        if isinstance(node, And) == opposite:  # De Morgan: the opposite of `and` is `or`
            return _join(clause for clauses in alternatives for clause in clauses)
        clauses = [_Clause()]
        for each in alternatives:
            if len(clauses) * len(each) > MAX_CLAUSES:
                raise self._refusal(
                    f"This makes more than {MAX_CLAUSES:,} combinations, which EventBridge refuses: make two routes", 1
                )
            clauses = _join(both for left, right in product(clauses, each) for both in self._both(left, right))
        return clauses

    def _allowed(self, node: Comparison, opposite: bool) -> _Allowed:
        if node.name == "reason" and opposite:
            raise self._refusal(
                "EventBridge cannot say that a reason was not picked, because customers pick several: "
                "it would match as soon as any other was picked. Name the reasons you want",
                node.column,
            )
        values: Iterable[Value] = node.values
        if node.operator in ORDER:
            values = (rating for rating in RATINGS if node.holds(rating))
        return _Allowed(_fewest(values), opposite, node.column)

    def _both(self, left: _Clause, right: _Clause) -> list[_Clause]:
        common = {name: self._intersect(name, left[name], right[name]) for name in left.keys() & right.keys()}
        return _simplify(left | right | common)

    def _intersect(self, name: str, left: _Allowed, right: _Allowed) -> _Allowed:
        column = max(left.column, right.column)
        if left.all_but and right.all_but:
            return _Allowed(_fewest(left.values | right.values), True, column)
        if not left.all_but and not right.all_but:
            for some, other in ((left, right), (right, left)):
                if all(any(covers(wanted, value) for wanted in other.values) for value in some.values):
                    return some
            if name == "reason":
                raise self._refusal(
                    "EventBridge cannot ask for several reasons at once, only for any of several: use in (…)", column
                )
        for some, other in ((left, right), (right, left)):
            if some.exact and not some.all_but:
                return _Allowed(frozenset(value for value in some.values if other.lets(value)), False, column)
        hint = "; for two words, write words ~ late*refund or words ~ refund*late" if name == "words" else ""
        raise self._refusal(
            f"EventBridge compares {name} once in a rule, and these cannot become one comparison: "
            f"make two routes{hint}",
            column,
        )


def _shared(clauses: list[_Clause]) -> _Clause:
    """What all clauses ask for alike."""
    first, *others = clauses
    return {name: allowed for name, allowed in first.items() if all(allowed == each.get(name) for each in others)}


def _wildcards(clauses: list[_Clause]) -> dict[str, list[tuple[str, ...]]]:
    return {
        name: [element for clause in clauses if name in clause for element in clause[name].wildcards()]
        for name in FIELDS
    }


def _fewest(values: Iterable[Value]) -> frozenset[Value]:
    """Without those that another covers: `words in (late, later)` is `words ~ late`."""
    values = frozenset(values)
    globs = [value for value in values if not _is_exact(value)]
    return frozenset(value for value in values if not any(glob != value and covers(glob, value) for glob in globs))


def _simplify(clause: _Clause) -> list[_Clause]:
    """No clause with a field that lets nothing through; no field that lets everything through."""
    if any(not allowed.values and not allowed.all_but for allowed in clause.values()):
        return []
    return [{name: allowed for name, allowed in clause.items() if allowed.values}]


def _join(clauses: Iterable[_Clause]) -> list[_Clause]:
    """Alternatives, with those that differ in one field only made one."""
    joined: list[_Clause] = []
    for clause in clauses:
        index = 0
        while index < len(joined):
            one = _one_of(joined[index], clause)
            if one is None:
                index += 1
                continue
            del joined[index]  # what became one may become one with another
            clause, index = one, 0
        joined.append(clause)
    return joined


def _one_of(left: _Clause, right: _Clause) -> _Clause | None:
    """The clause that lets through what either does, or None."""
    different = [name for name in left if left[name] != right.get(name)]
    if left.keys() != right.keys() or len(different) > 1:
        return None
    if not different:
        return left
    a, b = left[different[0]], right[different[0]]
    if not a.all_but and not b.all_but:
        either = _Allowed(_fewest(a.values | b.values), False, a.column)
    elif not (a.exact and b.exact):
        return None
    elif a.all_but and b.all_but:
        either = _Allowed(a.values & b.values, True, a.column)
    else:
        some, but = (b, a) if a.all_but else (a, b)
        either = _Allowed(but.values - some.values, True, a.column)
    return _simplify(left | {different[0]: either})[0]


def _is_exact(value: Value) -> bool:
    return isinstance(value, int) or len(value) == 1


def _wildcard(value: Value) -> str:
    """EventBridge's own wildcard syntax."""
    parts = value if isinstance(value, tuple) else (str(value),)
    return "*".join(re.sub(r"([\\*])", r"\\\1", part) for part in parts)


def _render(clause: _Clause, feedback: dict[str, Any] | None = None) -> dict[str, Any]:
    """A clause as the top level of a pattern, with more of `detail.feedback`."""
    pattern: dict[str, Any] = {}
    if "event" in clause:
        pattern["detail-type"] = clause["event"].render()
    inner = _render_feedback(clause) | (feedback or {})
    if inner:
        pattern["detail"] = {"feedback": inner}
    return pattern


def _render_feedback(clause: _Clause) -> dict[str, Any]:
    return {FIELDS[name].key: allowed.render() for name, allowed in sorted(clause.items()) if name != "event"}


def pattern_text(pattern: dict[str, Any]) -> str:
    """The pattern as PutRule takes it."""
    return json.dumps(pattern, separators=(",", ":"), ensure_ascii=False)

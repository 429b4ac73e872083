"""How EventBridge weighs the wildcards of a pattern."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import Any

MAX_COMPLEXITY = 10  # how much of a field's wildcards one text may match at once: EventBridge's limit


def complexity(elements: Iterable[Collection[str]], *, most: int = MAX_COMPLEXITY) -> int:
    """How EventBridge weighs the wildcards of one field, given for each element of its array in each alternative.

    It is the largest number of their beginnings that one input can match at once, in bytes of UTF-8 and with the quotes
    of JSON around: see MachineComplexityEvaluator of aws/event-ruler. Wildcards share what is before their first *, and
    those of one `anything-but` share it and their end. An element that stands in several alternatives of a `$or` shares
    both among them, and counts again in each between. AWS documents that there is a limit, not which; 10 agrees with
    event-ruler's own tests and with the rules that are publicly known to have been taken and refused. Counting stops
    above `most`.
    """
    alternatives = Counter(tuple(sorted(wildcards)) for wildcards in elements)
    times = [alternatives[element] for element in sorted(alternatives)]
    inside = [(element, wildcard) for element, wildcards in enumerate(sorted(alternatives)) for wildcard in wildcards]
    machines = [[*b'"', *_tokens(wildcard), *b'"'] for _, wildcard in inside]
    known: dict[tuple[Any, ...], int] = {}
    weights: list[int] = []
    places: list[list[int]] = []
    for index, ((element, _), tokens) in enumerate(zip(inside, machines, strict=True)):
        places.append([])
        for place, is_shared in _places(element, index, tokens):
            if place not in known:
                known[place] = len(known)
                weights.append(1 if is_shared else times[element])
            places[-1].append(known[place])
    start = frozenset((index, 0) for index in range(len(machines)))
    seen, waiting, highest = {start}, [start], 0
    while waiting and highest <= most:
        active = waiting.pop()
        # All bytes that none of them waits for are alike, and None stands for those.
        waited = {machines[index][length] for index, length in active if length < len(machines[index])}
        for byte in {None, *waited} - {_ANYTHING}:
            after = _step(machines, active, byte)
            if after not in seen:
                seen.add(after)
                waiting.append(after)
                highest = max(highest, sum(weights[place] for place in {places[i][length] for i, length in after}))
    return highest


_ANYTHING = 256  # the token of a *, beside those of bytes


def _places(element: int, index: int, tokens: list[int]) -> Iterator[tuple[tuple[Any, ...], bool]]:
    """What EventBridge has in place of each beginning of a wildcard, the shortest first, and whether it is shared."""
    shared = tokens.index(_ANYTHING) + 1 if _ANYTHING in tokens else len(tokens)
    for length in range(len(tokens)):
        yield ((element, *tokens[:length]), True) if length <= shared else ((element, "of", index, length), False)
    yield (element, "end"), True


def _tokens(wildcard: str) -> Iterator[int]:
    """Bytes, and `_ANYTHING`."""
    for sign in re.findall(r"\\.|.", wildcard, re.DOTALL):
        yield from [_ANYTHING] if sign == "*" else sign[-1].encode()


def _step(machines: list[list[int]], active: Iterable[tuple[int, int]], byte: int | None) -> frozenset[tuple[int, int]]:
    """The beginnings (machine, length) that match after one more byte; a * may stand for nothing."""
    after = set()
    for index, length in active:
        tokens = machines[index]
        if length and tokens[length - 1] == _ANYTHING:
            after.add((index, length))
        if length < len(tokens) and tokens[length] == byte:
            after.add((index, length + 1))
            if length + 1 < len(tokens) and tokens[length + 1] == _ANYTHING:
                after.add((index, length + 2))
    return frozenset(after)

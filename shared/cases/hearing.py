"""What a customer's answer to a team changes about their case, where it says no more than whether it is fixed."""

from shared.cases import changes
from shared.cases.changes import Change, Now
from shared.languages.verdicts import Said, read
from shared.model.case import CUSTOMER, CaseState, Found, Move

_TOLD = frozenset({Move.REPLY, Move.RESOLVE, Move.THANK})


def was_told(found: Found) -> bool:
    """Whether somebody of a team has answered: what the customer says then may be an answer to that."""
    return any(entry.what in _TOLD for entry in found.timeline)


def heard(found: Found, words: str, way: str, now: Now) -> Change | None:
    """The change that an answer makes; None for words that add to what the customer said.

    They are asked whether it is fixed where it is said to be done. Mere thanks open nothing, and confirm nothing.
    """
    said = read(words) if was_told(found) else None
    if said in (Said.THANKS, Said.UNCLEAR):
        return changes.say(found, words, way, now)
    if said is None or not found.case.state.is_closed:
        return None
    if said is not Said.YES:
        return changes.reopen(found, CUSTOMER, words, way, now)
    if found.case.state is CaseState.CONFIRMED:
        return changes.say(found, words, way, now)
    return changes.confirm(found, CUSTOMER, words, way, now)

"""What a customer's answer to a team changes about their case, where it says no more than whether it is fixed."""

from collections.abc import Sequence
from itertools import takewhile

from shared.cases import changes
from shared.cases.changes import Change, Now
from shared.errors import TooLong, TooManyChanges
from shared.languages.packs import texts
from shared.languages.verdicts import Said, read
from shared.model.case import CUSTOMER, MAX_TEXT, CaseMoved, CaseState, Entry, Found, Move, Verdict
from shared.model.feedback import MAX_REVISIONS, Channel

_TOLD = frozenset({Move.REPLY, Move.RESOLVE, Move.THANK})


def was_told(found: Found) -> bool:
    """Whether somebody of a team has answered: what the customer says then may be an answer to that."""
    return any(entry.what in _TOLD for entry in found.timeline)


def heard(found: Found, words: str, way: str, now: Now) -> Change | None:
    """The change that an answer makes; None for words that add to what the customer said.

    They are asked whether it is fixed where it is said to be done. Mere thanks open nothing, and confirm nothing.
    """
    said = read(words) if was_told(found) else None
    if said is None:
        return None
    is_sign = not any(map(str.isalnum, words))
    if said in (Said.THANKS, Said.UNCLEAR) or (is_sign and not found.case.state.is_closed):
        return changes.say(found, words, way, now)
    if not found.case.state.is_closed:
        return None  # their "yes" answers whatever they were asked
    if said is not Said.YES:
        return changes.reopen(found, CUSTOMER, words, way, now)
    if found.case.state is CaseState.CONFIRMED:
        return changes.say(found, words, way, now)
    return changes.confirm(found, CUSTOMER, words, way, now)


def was_asked(found: Found) -> bool:
    """Whether somebody has said that it is done, so that the customer may say whether it is."""
    return any(entry.what is Move.RESOLVE for entry in found.timeline)


def last_verdict(found: Found) -> Verdict | None:
    """What the customer last chose, since a team last answered them; None where they chose nothing."""
    if found.case.state is CaseState.CONFIRMED:
        return Verdict.YES
    said = [entry.text for entry in _said_since(found)]
    return next((each for text in said for each in Verdict if text.startswith(_label(found, each))), None)


def pressed(found: Found, verdict: Verdict, words: str, now: Now) -> Change | None:
    """The change that a choice on the customer's page makes; None where they have said the same already.

    The latest choice wins. Raises `CaseMoved` where nobody asked them yet, `TooLong`, and `TooManyChanges`.
    """
    if not was_asked(found):
        raise CaseMoved("Nobody has said yet that this is done, so there is nothing to confirm.", field="verdict")
    text = f"{_label(found, verdict)}: {words}" if words else _label(found, verdict)
    if len(text) > MAX_TEXT:
        raise TooLong(f"text is over {MAX_TEXT:,} characters.", field="text")
    said = _said_since(found)
    if said and said[0].text == text and (verdict is Verdict.YES) == (found.case.state is CaseState.CONFIRMED):
        return None
    way = Channel.WEB.value
    if sum(entry.who == CUSTOMER and entry.way == way for entry in found.timeline) >= MAX_REVISIONS:
        raise TooManyChanges(f"This was answered {MAX_REVISIONS} times, which is as often as it can be.")
    if verdict is Verdict.YES and found.case.state is not CaseState.CONFIRMED:
        return changes.confirm(found, CUSTOMER, text, way, now)
    if verdict is not Verdict.YES and (found.case.state.is_closed or found.case.state is CaseState.ANSWERED):
        return changes.reopen(found, CUSTOMER, text, way, now)
    return changes.say(found, text, way, now)


def _said_since(found: Found) -> Sequence[Entry]:
    """What the customer said since a team last answered them, the latest first."""
    since = takewhile(lambda entry: entry.what not in _TOLD, reversed(found.timeline))
    return [entry for entry in since if entry.who == CUSTOMER]


def _label(found: Found, verdict: Verdict) -> str:
    return texts(found.feedback.language)[f"answer.{verdict}"]

"""Events as rules see them, and the verdict of an emulator that keeps to what EventBridge documents."""

import json
from typing import Any

from ministack.services import eventbridge as ministack

from shared.model.case import CaseState, Entry, Move
from shared.model.events import CASE_EVENTS, EVENTS, CaseNow, feedback_event
from shared.model.feedback import Feedback, Revision
from shared.model.life import Transition


def event(name: str, about: Feedback) -> dict[str, Any]:
    """The event as EventBridge sees it, of the real detail that is published."""
    revision = Revision(1, about.received_at, about)
    if name in CASE_EVENTS:
        entry = Entry(at=about.received_at, who="amal@fernleaf.example", what=Move.TAKE)
        case = CaseNow(state=CaseState.TAKEN, owner=entry.who, due_at=None)
        id = f"{about.id}-1"
        happened = EVENTS[name](
            id=id,
            revision=1,
            occurred_at=entry.at,
            feedback=about,
            case=case,
            entry=entry,
        )
        detail = happened.detail()
    else:
        before = None if name == Transition.CAPTURED else revision
        detail = feedback_event(Transition(name), before, revision).detail()
    return {
        "version": "0",
        "id": "6a7e8feb",
        "account": "000000000000",
        "region": "us-east-1",
        "time": "2026-03-01T12:00:00Z",
        "resources": [],
        "source": "earshot",
        "detail-type": name,
        "detail": detail,
    }


def ministack_verdict(pattern: str, seen: dict[str, Any]) -> bool:
    """TestEventPattern of MiniStack, which refuses a pattern as EventBridge does."""
    status, _, body = ministack._test_event_pattern({"EventPattern": pattern, "Event": json.dumps(seen)})
    assert status == 200, body
    return bool(json.loads(body)["Result"])

from datetime import datetime, timedelta
from types import ModuleType

from shared.config.model import Config
from shared.feedback.store import Store
from shared.ids import answer_id
from shared.model.case import Move
from tests.functions.escalate.conftest import The
from tests.kit.factories import a_context, an_answer


def run(escalate: ModuleType, at: datetime) -> dict[str, list[str]]:
    moved: dict[str, list[str]] = escalate.handler({"time": at.isoformat()}, a_context())
    return moved


def test_it_is_the_events_time_that_counts(
    escalate: ModuleType, store: Store, config: Config, now: datetime, the: The
) -> None:
    store.capture(an_answer(comment="One till open."), config, now)
    due = the().case.due_at
    assert due is not None
    assert run(escalate, due - timedelta(seconds=1)) == {"overdue": [], "promised": []}
    assert run(escalate, due) == {"overdue": [answer_id("a tap")], "promised": []}
    assert run(escalate, due) == {"overdue": [], "promised": []}
    assert [(entry.what, entry.at) for entry in the().timeline] == [(Move.ESCALATE, due)]

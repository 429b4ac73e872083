"""Whatever has become of a case, another file gives it one answer, and the same file then changes nothing."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.cases import changes
from shared.cases.changes import Change, Now
from shared.config.load import load
from shared.config.model import Config, Holidays, Hours, Promise, Promises
from shared.errors import InvalidInput
from shared.feedback.promises import taken_by
from shared.model.case import Case, CaseMoved, Found
from tests.kit.factories import a_revision

CONFIG = load()
PEOPLE = ("priya@fernleaf.example", "tills-lead@fernleaf.example", "gone@fernleaf.example")
RECEIVED = datetime(2026, 3, 14, 9, 26, 53, 589000, tzinfo=UTC)
HOUR = timedelta(hours=1)

whole_hours = st.integers(1, 40).map(lambda hours: hours * HOUR)
promises = st.tuples(whole_hours, whole_hours).map(
    lambda lengths: Promises(unhappy=Promise(take=min(lengths), resolve=max(lengths)))
)
moves = st.lists(
    st.tuples(
        st.sampled_from(["take", "reply", "snooze", "pass_on", "overdue", "resolve", "reopen", "not_arrived", "blame"]),
        st.sampled_from(PEOPLE),
        st.integers(1, 3 * 24 * 60),
    ),
    max_size=8,
)


@st.composite
def files(draw: st.DrawFn) -> Config:
    """Other promises, people, hours and days off, or the team is gone."""
    care, tills = CONFIG.teams["care"], CONFIG.teams["tills"]
    hours = {"days": draw(st.sampled_from([["mon"], ["sat", "sun"]])), "from": "20:00", "to": "04:00"}
    changed: dict[str, Any] = {
        "promise": draw(promises),
        "hours": draw(st.sampled_from([tills.hours, (Hours.model_validate(hours),)])),
        "holidays": draw(st.sampled_from([None, Holidays(extra=(RECEIVED.date(),))])),
        "people": draw(st.sampled_from([tills.people, care.people])),
    }
    teams = {"care": care, "web": CONFIG.teams["web"]}
    if draw(st.integers(0, 4)):
        teams["tills"] = tills.model_copy(update=changed)
    file = CONFIG.model_copy(update={"teams": teams})
    file.__dict__.pop("_work_times", None)
    return file


def after(change: Change) -> Found:
    feedback = change.before.feedback.model_copy(update={"team": change.team})
    return Found(change.before.revision._replace(feedback=feedback), change.case)


def lived(steps: list[tuple[str, str, int]]) -> tuple[Found, datetime]:
    """A case after these moves, as far as they are possible, and the time that it is then."""
    revision = a_revision()
    due = taken_by(CONFIG, "tills", revision.feedback.mood, RECEIVED)
    found, at = Found(revision, Case(opened_at=RECEIVED, due_at=due, wake_at=due)), RECEIVED
    for name, who, minutes in steps:
        at += timedelta(minutes=minutes)
        now = Now(CONFIG, at)
        with suppress(CaseMoved, InvalidInput):
            match name:
                case "take" | "resolve" | "reply" | "blame" | "reopen":
                    more: tuple[Any, ...] = {
                        "take": (who, "page"),
                        "resolve": (who, "Done.", "page", None),
                        "reply": (who, "Sorry.", "page", "m"),
                        "blame": (who, "A rule.", "page"),
                        "reopen": ("customer", "Not yet.", "web"),
                    }[name]
                    change = getattr(changes, name)(found, *more, now)
                case "snooze":
                    change = changes.snooze(found, who, "Later.", at + 30 * HOUR, "page", now)
                case "pass_on":
                    change = changes.pass_on(found, who, "web", "Yours.", "page", now)
                case "not_arrived":
                    change = changes.not_arrived(found, "bounced", "m", now)
                case _:
                    change = changes.overdue(found, now)
            found = after(change)
    return found, at


@settings(max_examples=400)
@given(steps=moves, file=files(), minutes=st.integers(0, 10_000))
def test_a_file_changes_a_case_once(steps: list[tuple[str, str, int]], file: Config, minutes: int) -> None:
    found, at = lived(steps)
    now = Now(file, at + timedelta(minutes=minutes))
    for _ in range(3):  # it goes to the default team, comes back to it, and gets its due time
        change = changes.promised_again(found, now)
        if change is None:
            break
        found = after(change)
    assert changes.promised_again(found, now) is None
    assert found.feedback.team in file.teams or found.case.state.is_closed
    if not found.case.state.is_closed:
        assert found.case.due_at is not None
        assert found.case.wake_at is not None
        assert found.case.owner is None or found.case.owner in file.members(found.feedback.team)


@settings(max_examples=200)
@given(steps=moves)
def test_the_file_that_it_lived_under_changes_nothing(steps: list[tuple[str, str, int]]) -> None:
    found, at = lived(steps)
    assert changes.promised_again(found, Now(CONFIG, at)) is None

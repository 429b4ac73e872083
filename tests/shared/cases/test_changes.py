"""The moves of a case, over random sequences, against a small model of its life."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.cases import changes
from shared.cases.changes import Change, Now
from shared.config.model import Config
from shared.errors import InvalidInput
from shared.model.case import CUSTOMER, MOVES, Case, CaseMoved, CaseState, Entry, Found, Move
from shared.model.feedback import Revision
from shared.model.scales import Mood
from tests.kit.factories import a_feedback

PRIYA, LEAD, GONE, STRANGER = (
    "priya@fernleaf.example",
    "tills-lead@fernleaf.example",
    "g@x.example",
    "amal@fernleaf.example",
)
NIGHT = datetime(2026, 3, 28, 20, 0, tzinfo=UTC)
"""Before the clocks go forward."""
HOUR = timedelta(hours=1)

WAITING = {"open", "taken", "answered"}
LIFE = {  # the issue's own words: open, taken, answered, resolved, confirmed, or back to open
    "take": (WAITING, "taken"),
    "release": (WAITING, "open"),
    "reply": (WAITING, "answered"),
    "pass": (WAITING, "open"),
    "resolve": (WAITING, "resolved"),
    "thank": (WAITING, "resolved"),
    "snooze": (WAITING, None),
    "overdue": (WAITING, None),
    "reopen": ({"answered", "resolved", "confirmed"}, "open"),
    "confirm": (WAITING | {"resolved"}, "confirmed"),  # "yes" after "not yet"; whoever hears it asks what it is about
    "not_arrived": (WAITING | {"resolved", "confirmed"}, "open"),
    "failed": (WAITING | {"resolved", "confirmed"}, "open"),
    "blame": (WAITING | {"resolved", "confirmed"}, None),
    "say": (WAITING | {"resolved", "confirmed"}, None),
    "grant": (WAITING | {"resolved", "confirmed"}, None),
}


@dataclass
class Model:
    """A case as a child would keep it."""

    state: str = "open"
    owner: str | None = None


def a_case(mood: Mood = Mood.UNHAPPY) -> Found:
    case = Case(opened_at=NIGHT, due_at=NIGHT + HOUR, wake_at=NIGHT + HOUR)
    return Found(Revision(1, NIGHT, a_feedback(mood=mood, received_at=NIGHT), answers=1), case)


def after(change: Change) -> Found:
    """The case as it would be read again."""
    before = change.before
    revision = before.revision
    feedback = revision.feedback.model_copy(update={"team": change.team})
    again = Revision(revision.number + 1, revision.changed_at, feedback, answers=revision.answers)
    return Found(again, change.case, (*before.timeline, change.entry))


MAKE: dict[str, Callable[[Found, str, Now], Change]] = {
    "take": lambda found, who, now: changes.take(found, who, "page", now),
    "release": lambda found, who, now: changes.release(found, now),
    "reply": lambda found, who, now: changes.reply(found, who, "Sorry.", "page", "m", now),
    "pass": lambda found, who, now: changes.pass_on(
        found, who, "care" if found.feedback.team == "tills" else "tills", "Yours.", "page", now
    ),
    "resolve": lambda found, who, now: changes.resolve(found, who, "Two tills more.", "page", None, now),
    "thank": lambda found, who, now: changes.thank(found, who, "", "page", None, None, now),
    "snooze": lambda found, who, now: changes.snooze(found, who, "Later.", now.at + 5 * HOUR, "page", now),
    "overdue": lambda found, who, now: changes.overdue(found, now),
    "reopen": lambda found, who, now: changes.reopen(found, CUSTOMER, "not yet", "web", now),
    "confirm": lambda found, who, now: changes.confirm(found, CUSTOMER, "yes", "web", now),
    "not_arrived": lambda found, who, now: changes.not_arrived(found, "bounced", "m", now),
    "failed": lambda found, who, now: changes.granted(found, of_a_coffee(found, Move.NOT_CARRIED_OUT, who, now), now),
    "blame": lambda found, who, now: changes.blame(found, who, "No refunds after a day.", "page", now),
    "say": lambda found, who, now: changes.say(found, "Thanks!", "sms", now),
    "grant": lambda found, who, now: changes.granted(found, of_a_coffee(found, Move.GRANT, who, now), now),
}


def of_a_coffee(found: Found, what: Move, who: str, now: Now) -> Entry:
    return Entry(at=now.at, who=who, what=what, remedy="coffee", amount=1, grant=f"g{found.case.moves}")


def expected(model: Model, move: str, who: str, members: frozenset[str]) -> Model | None:
    """What a move makes of the case; None where it does not fit. Whoever has left holds nothing after it."""
    allowed, leads_to = LIFE[move]
    state, owner = model.state, model.owner
    holds = owner if owner in members else None
    if move == "take" and state == "taken" and holds not in (None, who):
        return None
    if move == "reply" and state in ("resolved", "confirmed"):
        return Model(state, holds or who)
    if owner and not holds and move != "snooze":  # which makes it theirs who puts it off
        state = "open" if state == "taken" and not leads_to else state
    if state not in allowed:
        return None
    if move in ("release", "pass"):
        return Model("open", None)
    if move == "take":
        return Model("taken", who)
    if move in ("reopen", "not_arrived", "failed"):
        return Model("taken" if holds else "open", holds)
    if move in ("reply", "resolve", "thank", "snooze"):
        return Model(leads_to or state, holds or who)
    return Model(leads_to or state, holds)


steps = st.tuples(
    st.sampled_from(sorted(LIFE)), st.sampled_from([PRIYA, LEAD]), st.sampled_from([0.1, 1, 7, 30]), st.booleans()
)


@settings(max_examples=150)
@given(mood=st.sampled_from([Mood.UNHAPPY, Mood.HAPPY]), moves=st.lists(steps, max_size=14))
def test_a_case_lives_as_its_table_says_and_is_never_without_somebody_and_a_time(
    config: Config, mood: Mood, moves: list[tuple[str, str, float, bool]]
) -> None:
    without_priya = leaving(config)
    found, model, at = a_case(mood), Model(), NIGHT
    for move, who, hours, left in moves:
        at += hours * HOUR
        now = Now(without_priya if left else config, at)
        if who not in now.members(found.feedback.team):
            continue
        wanted = expected(model, move, who, now.members(found.feedback.team))
        try:
            change: Change | None = MAKE[move](found, who, now)
        except CaseMoved:
            change = None
        except InvalidInput as refusal:
            change, wanted = None, wanted if (refusal.field, mood) != ("action", Mood.UNHAPPY) else None
        assert (change is None) == (wanted is None), (model, move)
        if change is None or wanted is None:
            continue
        if move == "overdue":  # to whom it goes is tested on its own
            wanted = Model(change.case.state, change.case.owner)
            assert wanted.state in WAITING
        found, model = after(change), wanted
        assert (found.case.state, found.case.owner) == (model.state, model.owner), (move, who)
        assert found.feedback.team in now.config.teams
        assert found.case.moves == len(found.timeline)
        if found.case.state.is_closed:
            assert found.case.due_at is found.case.wake_at is None
        else:
            assert found.case.due_at is not None
            assert found.case.wake_at is not None
            assert found.case.wake_at > at or found.case.last != change.entry or move in STAYS


STAYS = ("blame", "say", "grant", "pass")
"""What leaves the due time as it is, also where it has passed."""


def leaving(config: Config, address: str = PRIYA) -> Config:
    """The same file, without somebody."""
    tills = config.teams["tills"]
    people = tuple(person for person in tills.people if person.email != address)
    return config.model_copy(update={"teams": {**config.teams, "tills": tills.model_copy(update={"people": people})}})


def test_the_table_leads_from_each_state_as_the_model_does() -> None:
    names = {"pass": Move.PASS, "overdue": Move.ESCALATE, "failed": Move.NOT_CARRIED_OUT}
    for name, (allowed, leads_to) in LIFE.items():
        rule = MOVES[names.get(name) or Move[name.upper()]]
        assert rule.leads_to == leads_to, name
        closed = {"resolved", "confirmed"} if name == "reply" else set()  # a word more opens nothing
        assert {state.value for state in rule.allowed} == allowed | closed, name


@pytest.mark.parametrize("comes_back", ["reopen", "not_arrived", "failed"])
def test_what_comes_back_goes_to_the_same_person_and_to_the_team_where_they_have_left(
    config: Config, comes_back: str
) -> None:
    done = after(MAKE["resolve"](a_case(), PRIYA, Now(config, NIGHT + HOUR)))
    there = MAKE[comes_back](done, CUSTOMER, Now(config, NIGHT + 2 * HOUR)).case
    assert (there.state, there.owner) == (CaseState.TAKEN, PRIYA)
    gone = MAKE[comes_back](done, CUSTOMER, Now(leaving(config), NIGHT + 2 * HOUR)).case
    assert (gone.state, gone.owner, gone.had) == (CaseState.OPEN, None, PRIYA)
    assert gone.due_at == there.due_at


def test_who_answers_what_somebody_had_who_left_has_it(config: Config) -> None:
    taken = after(MAKE["take"](a_case(), PRIYA, Now(config, NIGHT + HOUR)))
    assert MAKE["reply"](taken, LEAD, Now(config, NIGHT + HOUR)).case.owner == PRIYA
    assert MAKE["reply"](taken, LEAD, Now(leaving(config), NIGHT + HOUR)).case.owner == LEAD


@pytest.mark.parametrize("move", ["reopen", "not_arrived", "failed", "overdue", "say"])
def test_whatever_becomes_of_a_case_whose_team_is_gone_it_is_the_default_teams(config: Config, move: str) -> None:
    found = a_case() if move == "overdue" else after(MAKE["resolve"](a_case(), PRIYA, Now(config, NIGHT + HOUR)))
    teams = {id: team for id, team in config.teams.items() if id != "tills"}
    gone = Now(config.model_copy(update={"teams": teams}), NIGHT + 2 * HOUR)
    change = MAKE[move](found, CUSTOMER, gone)
    assert (change.team, change.case.passed, change.case.owner) == ("care", True, None)
    assert change.case.state.is_closed or change.case.due_at

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from shared.cases import changes
from shared.cases.cases import Cases
from shared.cases.changes import Now
from shared.cases.remedies import Remedies, in_words, reported
from shared.config.model import Config, Remedy
from shared.errors import InvalidInput
from shared.feedback.store import Store
from shared.ids import answer_id
from shared.model.case import CaseMoved, CaseState, Entry, Found, Move
from tests.faults.dynamo import MemoryDynamo
from tests.kit.factories import an_answer

PRIYA = "priya@fernleaf.example"
HOUR = timedelta(hours=1)


@pytest.fixture
def cases(store: Store) -> Cases:
    return Cases(store.client, store.table)


@pytest.fixture(autouse=True)
def _complaints(store: Store, config: Config, now: datetime) -> None:
    for name in ("a", "b"):
        store.capture(an_answer(name, comment="Twenty minutes, one till open."), config, now)


def the(cases: Cases, name: str = "a") -> Found:
    found = cases.get(answer_id(name))
    assert found is not None
    return found


def with_remedy(config: Config, id: str = "refund", **changes: Any) -> Config:
    """The same, with a remedy of the tills that is as a test needs it."""
    tills = config.teams["tills"]
    remedy = Remedy.model_validate({**tills.remedies[id].model_dump(), **changes})
    return with_remedies(config, {**tills.remedies, id: remedy})


def with_remedies(config: Config, remedies: Mapping[str, Remedy]) -> Config:
    tills = config.teams["tills"].model_copy(update={"remedies": remedies})
    return config.model_copy(update={"teams": {**config.teams, "tills": tills}})


def press(cases: Cases, now: Now, amount: str = "", remedy: str = "refund", name: str = "a") -> Entry:
    """Grant a remedy; the entry that it makes."""
    change, counting = Remedies(cases).grant(the(cases, name), remedy, amount, PRIYA, "page", now)
    assert cases.move(change, counting)
    return change.entry


def refusal(
    cases: Cases, now: Now, amount: str = "", remedy: str = "refund", name: str = "a"
) -> tuple[str | None, str]:
    """The field that an error is about, and what it says."""
    with pytest.raises(InvalidInput) as caught:
        press(cases, now, amount, remedy, name)
    return caught.value.field, caught.value.message


def test_a_remedy_is_granted_in_the_currencys_smallest_unit(cases: Cases, config: Config, now: datetime) -> None:
    granted = press(cases, Now(config, now), "12.50")
    assert (granted.remedy, granted.amount, granted.currency) == ("refund", 1250, "GBP")
    found = the(cases)
    assert [(entry.what, entry.who, entry.grant) for entry in found.timeline] == [(Move.GRANT, PRIYA, granted.grant)]
    assert found.case.state is CaseState.OPEN
    assert found.case.due_at is not None


def test_a_thing_is_counted_and_one_where_nobody_says_how_many(cases: Cases, config: Config, now: datetime) -> None:
    granted = press(cases, Now(config, now), remedy="coffee")
    assert (granted.amount, granted.currency) == (1, None)


@pytest.mark.parametrize(
    ("amount", "units"),
    [("12", 1200), ("12.5", 1250), (" 0.01 ", 1), ("١٢.٥٠", 1250), ("١٢٫٥٠", 1250), ("20.00", 2000)],
)
def test_an_amount_is_read_as_people_type_it(
    cases: Cases, config: Config, now: datetime, amount: str, units: int
) -> None:
    assert press(cases, Now(config, now), amount).amount == units


@pytest.mark.parametrize(
    ("amount", "says"),
    [
        ("", "amount must be a number, like 12.50."),
        ("lots", "amount must be a number"),
        ("-5", "amount must be a number"),
        ("1e2", "amount must be a number"),
        ("NaN", "amount must be a number"),
        ("1,250", "amount must be a number"),
        ("£5", "amount must be a number"),
        ("9" * 100, "amount must be a number"),
        ("9" * 20, "amount: 20.00 GBP is left for this feedback."),
        ("50 EUR", "amount must be a number"),
        ("0", "amount must be more than 0."),
        ("0.00", "amount must be more than 0."),
        ("1.005", "amount has more decimal places than there are"),
        ("20.01", "amount: 20.00 GBP is left for this feedback."),
    ],
)
def test_an_amount_that_cannot_be_given_changes_nothing(
    cases: Cases, config: Config, now: datetime, amount: str, says: str
) -> None:
    field, message = refusal(cases, Now(config, now), amount)
    assert field == "amount"
    assert message.startswith(says)
    assert the(cases).timeline == ()


def test_half_a_coffee_is_none(cases: Cases, config: Config, now: datetime) -> None:
    field, message = refusal(cases, Now(config, now), "0.5", remedy="coffee")
    assert (field, message) == ("amount", "amount has more decimal places than there are; write it like 2.")


def test_a_currency_without_decimals_has_none(cases: Cases, config: Config, now: datetime) -> None:
    yen = with_remedy(config, currency="JPY", per_feedback=2000, per_day=20000)
    assert refusal(cases, Now(yen, now), "12.50")[0] == "amount"
    assert press(cases, Now(yen, now), "1500").amount == 1500


def test_the_limit_of_a_feedback_holds_over_several_grants(cases: Cases, config: Config, now: datetime) -> None:
    press(cases, Now(config, now), "12.50")
    later = Now(config, now + HOUR)
    assert refusal(cases, later, "7.51") == ("amount", "amount: 7.50 GBP is left for this feedback.")
    press(cases, later, "7.50")
    assert refusal(cases, Now(config, now + 2 * HOUR), "0.01") == (
        "remedy",
        "remedy: nothing is left for this feedback; the limit is 20.00 GBP.",
    )
    press(cases, later, "20", name="b")  # another feedback has a limit of its own


def test_the_limit_of_a_day_holds_over_all_feedback_until_the_businesss_midnight(
    cases: Cases, config: Config, now: datetime
) -> None:
    config = with_remedy(config, per_day=30)
    summer = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)  # 23:30 in London
    press(cases, Now(config, summer), "20")
    assert refusal(cases, Now(config, summer), "10.01", name="b") == (
        "amount",
        "amount: 10.00 GBP is left for today, until midnight.",
    )
    press(cases, Now(config, summer), "10", name="b")
    assert refusal(cases, Now(config, summer + 25 * timedelta(minutes=1)), "1", name="b")[1] == (
        "remedy: nothing is left for today, until midnight; the limit is 30.00 GBP."
    )
    press(cases, Now(config, summer + timedelta(minutes=35)), "5", name="b")


def test_a_day_that_filled_up_since_it_was_read_refuses_the_write(cases: Cases, config: Config, now: datetime) -> None:
    at = Now(with_remedy(config, per_day=20), now)
    first = Remedies(cases).grant(the(cases, "a"), "refund", "20", PRIYA, "page", at)
    second = Remedies(cases).grant(the(cases, "b"), "refund", "0.01", PRIYA, "page", at)
    assert cases.move(*first)
    assert not cases.move(*second)
    assert the(cases, "b").timeline == ()


def test_a_second_press_grants_nothing_whoever_pressed_first(cases: Cases, config: Config, now: datetime) -> None:
    press(cases, Now(config, now), "5")
    with pytest.raises(CaseMoved, match=f"{PRIYA} has just granted this"):
        press(cases, Now(config, now + timedelta(seconds=20)), "5")
    press(cases, Now(config, now + timedelta(seconds=20)), "6")
    press(cases, Now(config, now + HOUR), "5")


def test_a_remedy_that_is_not_the_teams_says_whose_it_is_or_what_there_is(
    cases: Cases, config: Config, now: datetime
) -> None:
    only_refunds = with_remedies(config, {"refund": config.teams["tills"].remedies["refund"]})
    assert refusal(cases, Now(only_refunds, now), remedy="coffee") == (
        "remedy",
        "remedy: coffee is given by Customer care; pass the case on to them.",
    )
    assert refusal(cases, Now(only_refunds, now), remedy="voucher") == (
        "remedy",
        "remedy: there is no 'voucher'; this team may give refund.",
    )
    assert refusal(cases, Now(with_remedies(config, {}), now), remedy="voucher")[1].startswith(
        "remedy: this team has none"
    )


def test_a_case_of_a_team_that_is_gone_is_granted_nothing(cases: Cases, config: Config, now: datetime) -> None:
    teams = {id: team for id, team in config.teams.items() if id != "tills"}
    gone = config.model_copy(update={"teams": teams})
    assert refusal(cases, Now(gone, now))[1] == "remedy: refund is given by Customer care; pass the case on to them."


def test_what_another_team_gave_before_it_was_passed_on_counts(cases: Cases, config: Config, now: datetime) -> None:
    press(cases, Now(config, now), "20")
    assert cases.move(changes.pass_on(the(cases), PRIYA, "care", "A refund is yours.", "page", Now(config, now)))
    assert refusal(cases, Now(config, now + HOUR), "30.01")[1] == "amount: 30.00 GBP is left for this feedback."


def test_what_was_not_carried_out_brings_the_case_back_and_can_be_given_again(
    cases: Cases, config: Config, now: datetime
) -> None:
    granted = press(cases, Now(config, now), "20")
    assert cases.move(changes.resolve(the(cases), PRIYA, "Refunded.", "page", None, Now(config, now)))
    later = Now(config, now + HOUR)
    entry = reported(the(cases), granted.grant or "", "orders.fernleaf", "the card has expired", later)
    assert entry is not None
    assert (entry.what, entry.who, entry.text, entry.amount) == (
        Move.NOT_CARRIED_OUT,
        "orders.fernleaf",
        "the card has expired",
        2000,
    )
    assert cases.move(changes.granted(the(cases), entry, later))
    back = the(cases)
    assert (back.case.state, back.case.owner) == (CaseState.TAKEN, PRIYA)
    assert back.case.due_at is not None
    press(cases, later, "20")


def report(cases: Cases, grant: Entry, failure: str | None, now: Now, name: str = "a") -> bool:
    """Whether a system's report of a grant changes the case."""
    entry = reported(the(cases, name), grant.grant or "", "orders.fernleaf", failure, now)
    return entry is not None and cases.move(changes.granted(the(cases, name), entry, now))


def test_what_was_carried_out_is_given_for_good_and_reported_once(cases: Cases, config: Config, now: datetime) -> None:
    granted, later = press(cases, Now(config, now), "20"), Now(config, now + HOUR)
    assert report(cases, granted, None, later)
    assert not report(cases, granted, None, later)
    assert not report(cases, granted, None, later, name="b"), "the grant is of another feedback"
    assert refusal(cases, later, "0.01")[0] == "remedy"
    assert the(cases).case.due_at == the(cases, "b").case.due_at, "the case goes on as it was"


def test_a_system_that_says_both_is_believed_that_it_happened(cases: Cases, config: Config, now: datetime) -> None:
    later = Now(config, now + HOUR)
    for name, order in (("a", ("lost", None)), ("b", (None, "lost"))):
        granted = press(cases, Now(config, now), "20", name=name)
        assert [report(cases, granted, failure, later, name) for failure in (*order, *order)] == [
            *(True, True),
            *(False, False),
        ]
        assert refusal(cases, later, "0.01", name=name)[0] == "remedy", "nothing is left to give"


@pytest.mark.parametrize(
    ("units", "currency", "words"),
    [(1250, "GBP", "12.50 GBP"), (1500, "JPY", "1500 JPY"), (1, "KWD", "0.001 KWD"), (100_000, "GBP", "1000.00 GBP")],
)
def test_an_amount_in_words(units: int, currency: str, words: str) -> None:
    assert in_words(units, currency) == words


def test_ten_thousand_presses_at_once_exceed_no_limit(config: Config, now: datetime) -> None:
    """Presses read, and write in any order, as many between as there may be; whoever was second reads again."""
    rng = random.Random(1)  # noqa: S311 - it must be the same every time
    memory = MemoryDynamo()
    store = Store(cast(Any, memory), "earshot")
    cases = Cases(cast(Any, memory), "earshot")
    names = [str(number) for number in range(60)]
    for name in names:
        store.capture(an_answer(name, comment="Slow."), config, now)
    pressed = refused = 0
    reading: list[tuple[str, str, Any]] = []
    at = now
    while pressed < 10_000 or reading:
        if pressed < 10_000 and (not reading or rng.random() < 0.5 + 0.2 * (len(reading) < 40)):
            name, amount = rng.choice(names), f"{rng.randint(1, 900) / 100:.2f}"
            pressed += 1
            at += timedelta(seconds=1)
        else:
            name, amount, write = reading.pop(rng.randrange(len(reading)))
            if cases.move(*write):
                continue
        try:
            write = Remedies(cases).grant(the(cases, name), "refund", amount, PRIYA, "page", Now(config, at))
        except (InvalidInput, CaseMoved):
            refused += 1
            continue
        reading.append((name, amount, write))
    given = [sum(entry.amount or 0 for entry in the(cases, name).timeline) for name in names]
    assert max(given) <= 2000
    assert sum(given) == 20_000, "the day's limit, to the penny"
    assert refused > 5_000

"""How many texts a day has room for."""

from datetime import UTC, datetime, timedelta

import pytest
from pydynox import DynamoDBClient

from shared.customers.budget import STRANGERS, Budget
from tests.kit.tables import MAIN_TABLE

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)


@pytest.fixture
def budget(client: DynamoDBClient) -> Budget:
    return Budget(client, MAIN_TABLE["TableName"], of_stage=5, of_source=3)


def left(budget: Budget, source: str | None, now: datetime = NOW) -> int:
    taken = 0
    while budget.take(source, now):
        taken += 1
    return taken


def test_a_source_has_a_budget_within_the_stages(budget: Budget) -> None:
    assert left(budget, "com.shop") == 3
    assert left(budget, STRANGERS) == 2
    assert left(budget, None) == 0


def test_the_admin_is_bounded_by_the_stage_alone(budget: Budget) -> None:
    assert left(budget, None) == 5


def test_another_source_that_the_stage_refuses_keeps_its_own_budget(budget: Budget) -> None:
    left(budget, None)
    assert not budget.take("com.shop", NOW)
    budget.give_back(None, NOW)
    budget.give_back(None, NOW)
    budget.give_back(None, NOW)
    assert left(budget, "com.shop") == 3


def test_what_is_given_back_can_be_taken_and_no_more_than_that(budget: Budget) -> None:
    budget.give_back("com.shop", NOW)
    assert left(budget, "com.shop") == 3
    budget.give_back("com.shop", NOW)
    assert left(budget, "com.shop") == 1


def test_a_new_day_has_a_budget_of_its_own(budget: Budget) -> None:
    left(budget, "com.shop")
    assert left(budget, "com.shop", NOW + timedelta(days=1)) == 3

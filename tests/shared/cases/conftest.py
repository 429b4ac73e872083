"""A case of the tests' business, and what acts on it."""

import pytest

from shared.cases.answers import Answers
from shared.cases.cases import Cases
from shared.cases.work import Work
from shared.config.model import Config
from shared.feedback.store import Store
from shared.keys.signing import Keys


@pytest.fixture
def cases(store: Store) -> Cases:
    return Cases(store.client, store.table)


@pytest.fixture
def answers(store: Store, keys: Keys, config: Config) -> Answers:
    return Answers(store.client, store.table, keys, config)


@pytest.fixture
def work(config: Config, cases: Cases, answers: Answers) -> Work:
    return Work(config, cases, answers)

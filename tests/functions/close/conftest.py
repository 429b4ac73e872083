import pytest

from shared.cases.answers import Answers
from shared.cases.cases import Cases
from shared.config.model import Config
from shared.customers.messages import Messages
from shared.feedback.store import Store
from shared.keys.signing import Keys


@pytest.fixture
def cases(store: Store) -> Cases:
    return Cases(store.client, store.table)


@pytest.fixture
def messages(store: Store) -> Messages:
    return Messages(store.client, store.table)


@pytest.fixture
def answers(store: Store, keys: Keys, config: Config) -> Answers:
    return Answers(store.client, store.table, keys, config)

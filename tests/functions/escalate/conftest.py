from collections.abc import Callable
from types import ModuleType

import pytest

from shared.cases.cases import Cases
from shared.feedback.store import Store
from shared.ids import answer_id
from shared.model.case import Found
from tests.kit.tables import MAIN_TABLE

The = Callable[..., Found]


@pytest.fixture
def cases(store: Store) -> Cases:
    return Cases(store.client, store.table)


@pytest.fixture
def the(cases: Cases) -> The:
    """A case by what its answer was made of, as it now is."""

    def read(*identity: str) -> Found:
        found = cases.get(answer_id(*(identity or ("a tap",))))
        assert found is not None
        return found

    return read


@pytest.fixture
def escalate(store: Store, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The handler, on the table of this test."""
    monkeypatch.setenv("EARSHOT_TABLE", MAIN_TABLE["TableName"])
    import functions.escalate.handler as module
    from functions.escalate.promises import PromisesKept

    monkeypatch.setattr(module, "_cases", Cases(store.client, store.table))
    monkeypatch.setattr(module, "_kept", PromisesKept(store.client, store.table))
    return module

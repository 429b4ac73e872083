"""A customer of the real handler on a moto server."""

from types import ModuleType

import pytest

from shared.feedback.store import Store
from tests.kit.web_customer import Customer


@pytest.fixture
def customer(capture_web: ModuleType, store: Store) -> Customer:
    """Someone with an open link to the checkout."""
    return Customer(capture_web, store)

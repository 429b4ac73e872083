from datetime import datetime, timedelta

from functions.invite.rules import asked_recently, zones_of
from shared.config.model import Config
from shared.customers.people import Person


def test_a_customer_is_where_they_say_and_where_their_phone_is_or_else_with_the_business(config: Config) -> None:
    assert zones_of("Asia/Riyadh", [], config) == ("Asia/Riyadh",)
    assert zones_of("Asia/Riyadh", ["Europe/London"], config) == ("Europe/London", "Asia/Riyadh")
    assert zones_of(None, ["America/New_York"], config) == ("America/New_York",)
    assert zones_of("Atlantis", [], config) == (config.business.time_zone,)
    assert zones_of("../etc/passwd", [], config) == (config.business.time_zone,)


def test_a_person_is_asked_once_in_so_many_days() -> None:
    now = datetime.fromisoformat("2026-03-14T12:00:00+00:00")
    new = Person(address="a@example.com")
    asked = Person(address="+447400123456", asked_at=now - timedelta(days=29, hours=23))
    assert not asked_recently([new], 30, now)
    assert asked_recently([new, asked], 30, now)
    assert not asked_recently([asked], 30, now + timedelta(hours=1))

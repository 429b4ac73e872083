from datetime import datetime, timedelta

import pytest
from pydynox import DynamoDBClient

from shared.customers.invitations import Invitations, is_short, new_link
from shared.errors import LinkExpired, LinkInvalid
from shared.feedback.store import Store
from shared.keys.links import Link
from shared.model.feedback import Channel, Customer
from shared.model.invitation import Invitation, InvitationStatus
from tests.kit.tables import MAIN_TABLE


@pytest.fixture
def invitations(client: DynamoDBClient) -> Invitations:
    return Invitations(client, MAIN_TABLE["TableName"])


def an_invitation(now: datetime, **changes: object) -> Invitation:
    invitation = Invitation(
        id="7qk3b1d9x0m5w2r8n6t4y1c0hz",
        status=InvitationStatus.SENDING,
        reason=None,
        touchpoint="delivery",
        place=None,
        channel=Channel.SMS,
        language="ar",
        customer=Customer(name="Layla", phone="+447400123456"),
        requested_at=now,
        expires_at=now.replace(microsecond=0) + timedelta(days=30),
    )
    return invitation.model_copy(update=changes)


def test_an_invitation_is_kept_with_its_short_link(invitations: Invitations, store: Store, now: datetime) -> None:
    asked = an_invitation(now)
    assert store.transact(invitations.saving(asked, "k3v9x0m5w2r8"))
    kept = invitations.get(asked.id)
    assert kept is not None
    assert (kept.number, kept.changed_at, kept.invitation, kept.link) == (1, now, asked, "k3v9x0m5w2r8")
    followed = invitations.follow("k3v9x0m5w2r8", now)
    assert followed.link == Link("delivery", None, asked.id, asked.expires_at)
    assert (followed.customer, followed.language, followed.invitation_id) == (asked.customer, "ar", asked.id)


def test_the_same_request_is_one_invitation(invitations: Invitations, store: Store, now: datetime) -> None:
    assert store.transact(invitations.saving(an_invitation(now), new_link()))
    assert not store.transact(invitations.saving(an_invitation(now), new_link()))


def test_a_link_that_ended_says_so_and_still_finds_whom_it_was_sent_to(
    invitations: Invitations, store: Store, now: datetime
) -> None:
    asked = an_invitation(now)
    store.transact(invitations.saving(asked, "k3v9x0m5w2r8"))
    with pytest.raises(LinkExpired):
        invitations.follow("k3v9x0m5w2r8", asked.expires_at)
    found = invitations.find("k3v9x0m5w2r8")
    assert found is not None
    assert found.customer == asked.customer


def test_the_way_out_answers_nothing_and_the_link_leads_to_no_way_out(
    invitations: Invitations, store: Store, now: datetime
) -> None:
    asked = an_invitation(now, channel=Channel.EMAIL, customer=Customer(email="layla@example.com"))
    store.transact(invitations.saving(asked, "k3v9x0m5w2r8", "p4t7c2h9n6d1"))
    assert invitations.way_out("p4t7c2h9n6d1") == ("layla@example.com", "ar")
    assert invitations.way_out("k3v9x0m5w2r8") is None
    with pytest.raises(LinkInvalid):
        invitations.follow("p4t7c2h9n6d1", now)


def test_a_link_of_nobody_is_refused(invitations: Invitations, now: datetime) -> None:
    with pytest.raises(LinkInvalid):
        invitations.follow("000000000000", now)


def test_an_invitation_moves_on_only(invitations: Invitations, store: Store, now: datetime) -> None:
    asked = an_invitation(now)
    store.transact(invitations.saving(asked, None))
    later = now + timedelta(seconds=3)
    assert invitations.move(asked.id, InvitationStatus.SENT, later)
    assert not invitations.move(asked.id, InvitationStatus.SENT, later)
    assert not invitations.move(asked.id, InvitationStatus.SUPPRESSED, later)
    assert invitations.move(asked.id, InvitationStatus.UNDELIVERED, later, reason="unreachable")
    kept = invitations.get(asked.id)
    assert kept is not None
    assert (kept.number, kept.changed_at, kept.invitation.reason) == (3, later, "unreachable")


def test_an_invitation_that_is_gone_does_not_move(invitations: Invitations, now: datetime) -> None:
    assert not invitations.move("gone", InvitationStatus.SENT, now)


def test_short_links_are_short_and_not_signed_ones() -> None:
    drawn = {new_link() for _ in range(100)}
    assert len(drawn) == 100
    assert all(len(link) == 12 and is_short(link) for link in drawn)
    assert not is_short("WyJjaGVja291dCJd.c2lnbmF0dXJl")
    assert not is_short("a.b")

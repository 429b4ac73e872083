"""A question put to one customer: its life, its short link, and where both are kept.

An invitation is stored once, as what it came to: on its way, or held back with the reason. Each later step (sent, not
delivered) is one conditional update, and the stream carries every step to the bus.
"""

import secrets
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pydynox import DynamoDBClient
from pydynox.pydynox_core import item_from_dynamo

from shared.errors import LinkExpired, LinkInvalid
from shared.ids import base32
from shared.keys.links import Link
from shared.model.feedback import Customer
from shared.model.invitation import Invitation, InvitationRevision, InvitationStatus
from shared.table.items import INVITATION, LINK, WAY_OUT
from shared.table.table import NEW, Operation, Table
from shared.values import to_iso

SHARDS = 4  # one index key takes 1,000 writes a second
_LINK_BITS = 60  # 12 characters, drawn at random: short enough for a text, far too many to try


class ShortLink(NamedTuple):
    """What a short link leads to: the link, and whom it was sent to."""

    link: Link
    customer: Customer
    language: str
    invitation_id: str


class WayOut(NamedTuple):
    """What the link behind a mail's "no more questions" leads to: who is then left alone."""

    address: str
    language: str


class Invitations:
    """The invitations and short links of one stage, in its main table."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = Table(client, table)

    def saving(self, invitation: Invitation, link: str | None, way_out: str | None = None) -> list[Operation]:
        """Storing a new invitation, its link and its way out, as operations of a transaction.

        Link and way out have ids that tell nothing of each other: who is passed the one cannot use the other.
        """
        item = _key(invitation.id) | invitation.model_dump(mode="json")
        item |= {"kind": INVITATION.kind, "revision": 1, "changed_at": to_iso(invitation.requested_at)}
        item |= {"link": link, "way_out": way_out, "team_shard": _shard(invitation.id)}
        item["ttl"] = INVITATION.ttl(invitation.requested_at)
        operations = [self._table.putting(item, NEW)]
        if link:
            operations.append(
                self._table.putting(
                    _link_key(link)
                    | {
                        "kind": LINK.kind,
                        "touchpoint": invitation.touchpoint,
                        "place": invitation.place,
                        "ref": invitation.customer.ref or invitation.id,
                        "customer": invitation.customer.model_dump(),
                        "language": invitation.language,
                        "expires_at": int(invitation.expires_at.timestamp()),
                        "invitation_id": invitation.id,
                        "ttl": LINK.ttl(invitation.expires_at),
                    },
                    NEW,
                )
            )
        address = invitation.customer.email
        if way_out and address:
            kept: dict[str, Any] = {"kind": WAY_OUT.kind, "address": address, "language": invitation.language}
            kept |= {"invitation_id": invitation.id, "ttl": WAY_OUT.ttl(invitation.expires_at)}
            operations.append(self._table.putting(WAY_OUT.key(way_out) | kept, NEW))
        return operations

    def get(self, id: str) -> InvitationRevision | None:
        """An invitation as it now stands, or None."""
        item = self._table.get(_key(id))
        return _read(item) if item else None

    def changed(self, since: datetime) -> Iterator[InvitationRevision]:
        """Invitations as they now stand that were stored or moved on at or after `since`, in that order per shard."""
        for shard in range(SHARDS):
            yield from map(_read, self._table.changed(INVITATION.partition(str(shard)), to_iso(since)))

    def follow(self, link: str, now: datetime) -> ShortLink:
        """What a short link leads to, in one read; raises `LinkInvalid` or `LinkExpired`."""
        found = self.find(link)
        if found is None:
            raise LinkInvalid("This link is not one of ours, or was cut short. Open it again from the message.")
        if found.link.expires_at <= now:
            raise LinkExpired("This link has expired.")
        return found

    def find(self, link: str) -> ShortLink | None:
        """What a short link leads to, expired or not; None where there is none of this id."""
        item: Any = self._table.client.sync_get_item(self._table.name, _link_key(link))
        if not item:
            return None
        return ShortLink(
            read_link(item), Customer.model_validate(item["customer"]), item["language"], item["invitation_id"]
        )

    def way_out(self, id: str) -> WayOut | None:
        """Who is left alone by this link, however old; None where there is none of this id."""
        item: Any = self._table.client.sync_get_item(self._table.name, WAY_OUT.key(id))
        return WayOut(item["address"], item["language"]) if item else None

    def move(self, id: str, status: InvitationStatus, now: datetime, *, reason: str | None = None) -> bool:
        """Take an invitation one step on; False when it stands there already, is held back, or is gone."""
        allowed = {
            InvitationStatus.SENT: [InvitationStatus.SENDING],
            InvitationStatus.SUPPRESSED: [InvitationStatus.SENDING],
            InvitationStatus.UNDELIVERED: [InvitationStatus.SENDING, InvitationStatus.SENT],
        }[status]
        return self._table.update(
            _key(id),
            "SET #status = :status, #reason = :reason, changed_at = :now, #revision = #revision + :one",
            {
                "condition_expression": "#status IN (" + ", ".join(f":from{i}" for i in range(len(allowed))) + ")",
                "expression_attribute_names": {"#status": "status", "#reason": "reason", "#revision": "revision"},
                "expression_attribute_values": {
                    ":status": status.value,
                    ":reason": reason,
                    ":now": to_iso(now),
                    ":one": 1,
                    **{f":from{i}": each.value for i, each in enumerate(allowed)},
                },
            },
        )


def new_link() -> str:
    """The id of a new short link or way out, 12 characters."""
    return base32(secrets.randbits(_LINK_BITS), _LINK_BITS)


def is_short(link: str) -> bool:
    """Whether the text after `/f/` or `/u/` can be such an id; else it is a signed token, or nothing of ours."""
    return len(link) <= 12 and link.isascii() and link.isalnum()


def read_link(item: Mapping[str, Any]) -> Link:
    """The link inside a link's item."""
    return Link(item["touchpoint"], item["place"], item["ref"], datetime.fromtimestamp(int(item["expires_at"]), UTC))


def read_invitation(image: Mapping[str, Any]) -> InvitationRevision:
    """An image of a stream record, in DynamoDB's own JSON, as the model."""
    return _read(item_from_dynamo(dict(image)))


def _read(item: Mapping[str, Any]) -> InvitationRevision:
    return InvitationRevision(
        int(item["revision"]), datetime.fromisoformat(item["changed_at"]), Invitation.model_validate(item), item["link"]
    )


def _shard(id: str) -> str:
    """Where the index by team has an invitation, which belongs to no team: no team's id has a capital letter."""
    return INVITATION.partition(str(ord(id[-1]) % SHARDS))


def _key(id: str) -> dict[str, str]:
    return INVITATION.key(id)


def _link_key(id: str) -> dict[str, str]:
    return LINK.key(id)

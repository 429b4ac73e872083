"""Asking one customer: by which way, whether at all, and the one transaction that makes it so."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from functions.invite.rules import asked_recently, zones_of
from functions.invite.wording import invitation_text
from shared.addresses import contact
from shared.addresses.phones import Phone, read_phone, time_zones
from shared.config.model import Config
from shared.customers.budget import Budget
from shared.customers.invitations import Invitations, new_link
from shared.customers.messages import Message, Messages, Purpose
from shared.customers.people import Conversation, People, Person
from shared.errors import Contended
from shared.feedback.store import Store
from shared.keys.links import Link
from shared.keys.signing import Keys
from shared.languages.tags import one_of
from shared.mail import letters
from shared.mail.reply_address import ReplyKind, ReplyTo
from shared.model.events import InvitationRequested
from shared.model.feedback import Channel, Customer
from shared.model.invitation import Held, Invitation, InvitationStatus
from shared.text import gsm7
from shared.text.unseen import seen

STALE = timedelta(hours=24)
"""A request this old is about a moment that has passed, such as one that was replayed from an archive."""
_ATTEMPTS = 5


class Asked(NamedTuple):
    """What became of a request. `text` is what is sent; `segments` and `price` (US dollars) are a text's."""

    invitation: Invitation
    to: str | None = None
    text: str | None = None
    segments: int | None = None
    price: float | None = None
    repeated: bool = False

    @property
    def is_text(self) -> bool:
        """Whether a text is sent."""
        return self.invitation.status is InvitationStatus.SENDING and self.invitation.channel is Channel.SMS

    def held(self, reason: Held) -> "Asked":
        """The same customer, not asked."""
        changes = {"status": InvitationStatus.SUPPRESSED, "reason": reason.value}
        return Asked(self.invitation.model_copy(update=changes), self.to)


class Address(NamedTuple):
    """How a customer is reached. `phone` is theirs where they have one, whatever they are reached by."""

    channel: Channel
    to: str
    phone: Phone | None = None


class Known(NamedTuple):
    """A customer's normalised addresses; None for one that is missing or not valid."""

    phone: Phone | None
    email: str | None


class Asker:
    """Asks the customers of one stage."""

    def __init__(self, store: Store, keys: Keys, config: Config) -> None:
        self._store = store
        self._keys = keys
        self._config = config
        self._people = People(store.client, store.table)
        self._invitations = Invitations(store.client, store.table)
        self._messages = Messages(store.client, store.table)
        sms = config.sms
        self._budget = sms and Budget(
            store.client, store.table, of_stage=sms.sent_per_day, of_source=sms.sent_per_source
        )

    def ask(
        self,
        id: str,
        request: InvitationRequested,
        now: datetime,
        *,
        source: str | None = None,
        requested_at: datetime | None = None,
        any_hour: bool = False,
        dry_run: bool = False,
    ) -> Asked:
        """Ask, or store why not; the same `id` asks once. A dry run only says what would be.

        `source` is the system that requests it, whose texts are bounded; None for the admin.
        """
        for _ in range(_ATTEMPTS):
            outcome, operations = self._plan(id, request, now, requested_at or now, any_hour=any_hour)
            if dry_run:
                return outcome
            counted = self._budget if outcome.is_text else None
            if counted and not counted.take(source, now):
                counted, outcome = None, outcome.held(Held.OVER_BUDGET)
                operations = self._invitations.saving(outcome.invitation, None)
            if self._store.transact(operations):
                return outcome
            known = self._invitations.get(id)
            if known and known.link and known.link in (outcome.text or ""):
                return outcome  # it was stored by us, and the table's answer was lost
            if counted:
                counted.give_back(source, now)
            if known:
                return Asked(known.invitation, outcome.to, repeated=True)
        raise Contended("This customer is being asked from too many sides at once; try again.")

    def unreadable(self, id: str, field: str, now: datetime, *, dry_run: bool = False) -> Asked:
        """Store that a request could not be read, and which field of it."""
        request = InvitationRequested(touchpoint="", customer=Customer())
        invitation = self._invitation(id, request, now, Known(None, None), None).model_copy(
            update={"status": InvitationStatus.SUPPRESSED, "reason": f"{Held.UNREADABLE}: {field}"}
        )
        if not dry_run:
            self._store.transact(self._invitations.saving(invitation, None))
        return Asked(invitation)

    def _plan(
        self, id: str, request: InvitationRequested, now: datetime, requested_at: datetime, *, any_hour: bool
    ) -> tuple[Asked, list[dict[str, Any]]]:
        known = self._known(request.customer)
        address = self._address(request, known)
        reached = address if isinstance(address, Address) else None
        invitation = self._invitation(id, request, now, known, reached and reached.channel)
        people = [self._people.get(each) for each in (known.phone and known.phone.number, known.email) if each]
        zones = () if any_hour else self._zones(request, reached)
        held = address if isinstance(address, Held) else self._held(request, address, people, now, requested_at, zones)
        if held or reached is None:
            outcome = Asked(invitation, reached.to if reached else None).held(held or Held.NO_ADDRESS)
            return outcome, self._invitations.saving(outcome.invitation, None)
        link, way_out = new_link(), new_link() if reached.channel is Channel.EMAIL else None
        leave_by = min(request.expires_at or invitation.expires_at, invitation.expires_at)
        message = self._message(invitation, reached, link, way_out, now).model_copy(
            update={"zones": zones, "expires_at": leave_by}
        )
        operations = [*self._invitations.saving(invitation, link, way_out), self._messages.saving(message)]
        operations += [self._people.saving(self._asked(person, invitation, reached, now), now) for person in people]
        return self._outcome(invitation, reached, message), operations

    def _known(self, customer: Customer) -> Known:
        """Both addresses in their one form, whichever is used, so that every spelling is the same person."""
        sms = self._config.sms
        try:
            email = contact.email(customer.email or "")
        except ValueError:
            email = None
        country = sms.countries[0] if sms else None
        try:
            phone = read_phone(contact.phone(customer.phone or "", country), country)
        except ValueError:
            phone = None
        return Known(phone, email)

    def _address(self, request: InvitationRequested, known: Known) -> Address | Held:
        """The channel and address to use, or why there is none. Without a usable number, the mail address is used."""
        sms, customer, (phone, email) = self._config.sms, request.customer, known
        may_text = sms and customer.phone and ((phone and phone.mobile) or not email)
        if request.channel == "sms" or (request.channel is None and may_text):
            if sms is None:
                return Held.NO_NUMBER
            if phone is None:
                return Held.ADDRESS_REFUSED if customer.phone else Held.NO_ADDRESS
            if not phone.mobile:
                return Held.ADDRESS_REFUSED
            return Address(Channel.SMS, phone.number, phone) if phone.country in sms.countries else Held.COUNTRY
        if email is None:
            return Held.ADDRESS_REFUSED if customer.email else Held.NO_ADDRESS
        return Address(Channel.EMAIL, email, phone)

    def _zones(self, request: InvitationRequested, address: Address | None) -> tuple[str, ...]:
        of_phone = time_zones(address.phone.number) if address and address.phone else ()
        return zones_of(request.time_zone, of_phone, self._config)

    def _held(
        self,
        request: InvitationRequested,
        address: Address,
        people: list[Person],
        now: datetime,
        requested_at: datetime,
        zones: tuple[str, ...],
    ) -> Held | None:
        """The first rule that speaks against asking."""
        rules = self._config.invitations
        if request.touchpoint not in self._config.touchpoints:
            return Held.NO_TOUCHPOINT
        if request.language and not one_of(self._config.business.languages, request.language):
            return Held.LANGUAGE
        if now - requested_at > STALE or (request.expires_at and request.expires_at <= now):
            return Held.EXPIRED
        if any(person.silence for person in people if person.address == address.to.lower()):
            return Held.SILENCED
        if asked_recently(people, rules.days_between, now):
            return Held.ASKED_RECENTLY
        return Held.QUIET_HOURS if rules.quiet.holds(zones, now) else None

    def _invitation(
        self, id: str, request: InvitationRequested, now: datetime, known: Known, channel: Channel | None
    ) -> Invitation:
        """The invitation as it will be on its way, its customer's addresses in their one form.

        An address that cannot be read stays as it was given, so that its sender recognises it.
        """
        languages = self._config.business.languages
        given = request.customer
        phone = known.phone.number if known.phone else given.phone and seen(given.phone)
        return Invitation(
            id=id,
            status=InvitationStatus.SENDING,
            reason=None,
            touchpoint=request.touchpoint,
            place=request.place,
            channel=channel,
            language=one_of(languages, request.language or "") or languages[0],
            customer=given.model_copy(
                update={"phone": phone, "email": known.email or (given.email and seen(given.email))}
            ),
            requested_at=now,
            expires_at=now.replace(microsecond=0) + timedelta(days=self._config.invitations.expiry_days),
        )

    def _asked(self, person: Person, invitation: Invitation, address: Address, now: datetime) -> Person:
        """The person as invited just now. After a text, what they text back belongs to this invitation."""
        changes: dict[str, Any] = {"asked_at": now}
        if address.channel is Channel.SMS and person.address == address.to:
            link = self._link(invitation)
            changes["conversation"] = Conversation(
                feedback_id=link.answer_id(None),
                touchpoint=invitation.touchpoint,
                place=invitation.place,
                customer=invitation.customer,
                language=invitation.language,
                expires_at=invitation.expires_at,
            )
        return person.model_copy(update=changes)

    def _link(self, invitation: Invitation) -> Link:
        ref = invitation.customer.ref or invitation.id
        return Link(invitation.touchpoint, invitation.place, ref, invitation.expires_at)

    def _message(
        self, invitation: Invitation, address: Address, link: str, way_out: str | None, now: datetime
    ) -> Message:
        url = f"{self._config.business.public_url}/f/{link}"
        common = {"id": invitation.id, "to": address.to, "purpose": Purpose.INVITATION, "created_at": now}
        if address.channel is Channel.SMS:
            text = invitation_text(self._config, invitation.touchpoint, invitation.language, url)
            return Message(channel=Channel.SMS, text=text, invitation_id=invitation.id, **common)
        rendered = letters.invitation(
            self._config,
            letters.Question(
                touchpoint=invitation.touchpoint,
                language=invitation.language,
                name=invitation.customer.name,
                link=url,
                unsubscribe=f"{self._config.business.public_url}/u/{way_out}",
                reply_to=ReplyTo(ReplyKind.LINK, link).address(self._config.mail.address, self._keys),
            ),
        )
        return Message(
            channel=Channel.EMAIL,
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
            headers=rendered.headers,
            invitation_id=invitation.id,
            **common,
        )

    def _outcome(self, invitation: Invitation, address: Address, message: Message) -> Asked:
        if address.channel is not Channel.SMS or address.phone is None or self._config.sms is None:
            return Asked(invitation, address.to, message.text)
        segments = gsm7.measure(message.text).segments
        price = self._config.sms.price.get(address.phone.country)
        return Asked(invitation, address.to, message.text, segments, None if price is None else price * segments)

"""Sending one message at most once, and not in quiet hours.

A message is marked as started before it is sent, so it is never sent twice. One that AWS does not take now is stored
with the time of its next attempt, at which the sweep brings it back. One that is never sent is recorded with why.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import ClientError
from pydynox.exceptions import PydynoxException

from functions.send.faults import OPTED_OUT, THROTTLED, Fault, code_of, fault_of, reason_of
from shared.cases.arrivals import Arrivals
from shared.config.model import Config
from shared.customers.invitations import Invitations
from shared.customers.messages import TAG, Message, Messages
from shared.customers.people import People, Silence
from shared.errors import NotConfigured
from shared.mail import sending
from shared.mail.received import Mails
from shared.mail.sending import REPLY_TO, Mail
from shared.model.feedback import Channel
from shared.model.invitation import Held, InvitationStatus
from shared.observe import count, logger
from shared.values import utc_now

if TYPE_CHECKING:
    from mypy_boto3_pinpoint_sms_voice_v2 import PinpointSMSVoiceV2Client
    from mypy_boto3_sesv2 import SESV2Client

_WAIT_SECONDS = 1.0
_ATTEMPTS = 5  # at noting what became of a message
_RESERVED_MS = 10_000  # of the function's time, to record what was sent
_PAUSES = {Fault.WAIT: timedelta(minutes=2), Fault.ACCOUNT: timedelta(minutes=15)}  # twice as long each time
_LONGEST_PAUSE = timedelta(hours=2)


class Sender(NamedTuple):
    """Everything that sending takes."""

    messages: Messages
    invitations: Invitations
    people: People
    mails: Mails
    arrivals: Arrivals
    config: Config
    sms: "PinpointSMSVoiceV2Client"
    ses: "SESV2Client"
    now: Callable[[], datetime] = utc_now
    sleep: Callable[[float], None] = time.sleep

    def send(self, message: Message, remaining_ms: Callable[[], int]) -> None:
        """Send one message, at most once; raises where nobody knows whether it left."""
        silence = self.people.get(message.to).silence
        if silence and not message.purpose.passes_silence:
            self._not_sent(message, silence)
            self._settle(message, InvitationStatus.SUPPRESSED, Held.SILENCED.value)
            count("MessagesHeldBack")
            return
        now = self.now()
        if not self.messages.start(message.id, now):
            self._interrupted(message)
        elif now >= message.leave_by:
            self._give_up(message)
        elif self.config.invitations.quiet.holds(message.zones, now):
            self._hold(message, self.config.invitations.quiet.over(message.zones, now), Held.QUIET_HOURS.value)
        else:
            self._try(message, remaining_ms)

    def _try(self, message: Message, remaining_ms: Callable[[], int]) -> None:
        try:
            provider_id = self._hand_over(message, remaining_ms)
        except Exception as error:
            fault = fault_of(error)
            if fault is None:
                raise
            if fault is Fault.MESSAGE:
                self._refused(message, reason_of(error))
            else:
                self._put_off(message, fault, reason_of(error))
        else:
            count("MessagesSent")
            at = self.now()
            self._surely(lambda: self._left(message, provider_id, at))

    def _hand_over(self, message: Message, remaining_ms: Callable[[], int]) -> str:
        """Give a message to AWS, waiting while it is throttled; returns AWS's id for it."""
        while True:
            try:
                return self._text(message) if message.channel is Channel.SMS else self._mail(message)
            except ClientError as error:
                if code_of(error) not in THROTTLED or remaining_ms() < _RESERVED_MS:
                    raise
                self.sleep(_WAIT_SECONDS)

    def _text(self, message: Message) -> str:
        sms = self.config.sms
        if sms is None:
            raise NotConfigured("earshot.toml has no [sms]")
        answer = self.sms.send_text_message(
            DestinationPhoneNumber=message.to,
            OriginationIdentity=sms.origination or sms.number,
            MessageBody=message.text,
            MessageType="TRANSACTIONAL",
            Context={TAG: message.id} | ({"feedback_id": message.feedback_id} if message.feedback_id else {}),
        )
        return answer["MessageId"]

    def _mail(self, message: Message) -> str:
        rendered = Mail(message.subject, message.text, message.html, message.headers)
        return sending.send(self.ses, self.config.business, message.to, rendered, tags={TAG: message.id})

    def _left(self, message: Message, provider_id: str, at: datetime) -> None:
        """Note that a message left. Noting it twice is as once."""
        self.messages.sent(message, provider_id, at)
        if REPLY_TO in message.headers:
            self.mails.sent(provider_id, message.headers[REPLY_TO], at)
        if message.invitation_id:
            self.invitations.move(message.invitation_id, InvitationStatus.SENT, at)

    def _surely(self, note: Callable[[], object]) -> None:
        """Note something although the table may not answer at once: AWS says only once what became of a message."""
        for _ in range(_ATTEMPTS - 1):
            try:
                note()
                return
            except PydynoxException as error:
                logger.warning("What became of a message is not noted yet", error=type(error).__name__)
                self.sleep(_WAIT_SECONDS)
        note()

    def _put_off(self, message: Message, fault: Fault, reason: str) -> None:
        """Store when a message that was certainly not sent is tried again."""
        until = self.now() + min(_PAUSES[fault] * 2 ** min(message.waits, 10), _LONGEST_PAUSE)
        self._hold(message.model_copy(update={"waits": message.waits + 1}), until, reason)
        if fault is Fault.ACCOUNT:
            count("MessagesHeldByAccount")
            logger.error("The account cannot send a message; it waits", reason=reason, channel=message.channel)

    def _hold(self, message: Message, until: datetime, reason: str) -> None:
        count("MessagesHeld")
        self._surely(lambda: self.messages.hold(message, until, _kebab(reason)))

    def _give_up(self, message: Message) -> None:
        """End a message that waited longer than it is kept, with the reason of the last attempt."""
        quiet = message.held in (None, Held.QUIET_HOURS.value)
        reason = Held.EXPIRED.value if quiet else str(message.held)
        self._not_sent(message, reason)
        self._not_asked(message, InvitationStatus.SUPPRESSED if quiet else InvitationStatus.UNDELIVERED, reason)
        count("MessagesGivenUp")
        logger.error("A message waited too long and is given up", reason=reason, channel=message.channel)

    def _refused(self, message: Message, reason: str) -> None:
        if reason == OPTED_OUT:
            self.people.change(message.to, lambda person: person.silenced(Silence.STOPPED, self.now()), self.now())
        self._not_sent(message, reason)
        self._not_asked(message, InvitationStatus.UNDELIVERED, _kebab(reason))
        count("MessagesRefused")
        logger.warning("A message was refused", reason=reason, channel=message.channel)

    def _not_sent(self, message: Message, reason: str) -> None:
        """Note why a message never leaves, also for the case that it answers."""
        self._surely(lambda: self.messages.failed(message.id, reason))
        self._surely(lambda: self.arrivals.failed(message, _kebab(reason), self.now()))

    def _not_asked(self, message: Message, status: InvitationStatus, reason: str) -> None:
        """Settle an invitation that was never sent, so that the customer can be invited again at once."""
        known = self.invitations.get(message.invitation_id) if message.invitation_id else None
        if known is None:
            return
        customer = known.invitation.customer
        for address in filter(None, (customer.phone, customer.email)):
            self.people.change(address, lambda person: person.not_asked(message.created_at), self.now())
        self._settle(message, status, reason)

    def _interrupted(self, message: Message) -> None:
        """A message that was taken before. One that waits goes on waiting. Where one left, that is noted to the end;
        where it was cut off, nobody knows whether it did, and an invitation that hangs is told so.
        """
        progress = self.messages.progress(message.id)
        if "due_at" in progress:
            return
        count("MessagesTakenBefore")
        if "provider_id" in progress:
            self._left(message, progress["provider_id"], datetime.fromisoformat(progress["sent_at"]))
        elif message.invitation_id:
            known = self.invitations.get(message.invitation_id)
            if known and known.invitation.status is InvitationStatus.SENDING:
                self._settle(message, InvitationStatus.UNDELIVERED, "interrupted")

    def _settle(self, message: Message, status: InvitationStatus, reason: str) -> None:
        if message.invitation_id:
            self.invitations.move(message.invitation_id, status, self.now(), reason=reason)


def _kebab(reason: str) -> str:
    return reason.lower().replace("_", "-")

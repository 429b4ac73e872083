"""Stream → customers: every message that was stored leaves once, by text or by mail.

A message is taken before it is sent, so a customer is never told twice; what certainly did not leave is put back and
tried again, and what certainly never will is recorded as not delivered.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config as ClientConfig
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError
from pydynox.exceptions import PydynoxException

from shared.config.load import load
from shared.config.model import Config
from shared.customers.invitations import Invitations
from shared.customers.messages import TAG, Message, Messages, read_message
from shared.customers.people import People, Silence
from shared.mail import sending
from shared.mail.received import Mails
from shared.mail.sending import REPLY_TO, Mail
from shared.model.feedback import Channel
from shared.model.invitation import Held, InvitationStatus
from shared.observe import count, logger, metrics
from shared.settings import SendSettings
from shared.table.client import connect
from shared.values import utc_now

if TYPE_CHECKING:
    from mypy_boto3_pinpoint_sms_voice_v2 import PinpointSMSVoiceV2Client
    from mypy_boto3_sesv2 import SESV2Client

# Numbers send a few texts a second, or one: a burst of invitations waits its turn here.
_THROTTLED = frozenset({"ThrottlingException", "TooManyRequestsException", "Throttling", "LimitExceededException"})
_WAIT_SECONDS = 1.0
_ATTEMPTS = 5  # at noting what became of a message
_RESERVED_MS = 10_000  # of the function's time, to record what was sent
# The message itself is refused; trying it again would not help.
_REFUSED = frozenset({"ValidationException", "ConflictException", "MessageRejected", "BadRequestException"})
_OPTED_OUT = "DESTINATION_PHONE_NUMBER_OPTED_OUT"


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Send the messages of a batch of stream records; reports exactly those that are to be tried again."""
    failed = send(event["Records"], _sender(), context.get_remaining_time_in_millis)
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}


def send(records: Iterable[Mapping[str, Any]], sender: "Sender", remaining_ms: Callable[[], int]) -> list[str]:
    """Send the messages in stream records; returns the sequence numbers of those that could not be sent yet."""
    failed: list[str] = []
    for record in records:
        image = record["dynamodb"].get("NewImage", {})
        if record["eventName"] != "INSERT" or image.get("kind") != {"S": "message"}:
            continue
        try:
            sender.send(read_message(image), remaining_ms)
        except Exception as error:
            failed.append(record["dynamodb"]["SequenceNumber"])
            count("MessagesFailed")
            logger.error("A message could not be sent", error=type(error).__name__, reason=_code(error))
    return failed


class Sender(NamedTuple):
    """Everything that sending takes."""

    messages: Messages
    invitations: Invitations
    people: People
    mails: Mails
    config: Config
    sms: "PinpointSMSVoiceV2Client"
    ses: "SESV2Client"
    now: Callable[[], datetime] = utc_now
    sleep: Callable[[float], None] = time.sleep

    def send(self, message: Message, remaining_ms: Callable[[], int]) -> None:
        """Send one message, at most once; raises what kept it from leaving, where trying again may help."""
        if self.people.get(message.to).silence and not message.purpose.passes_silence:
            self._settle(message, InvitationStatus.SUPPRESSED, Held.SILENCED.value)
            count("MessagesHeldBack")
            return
        if not self.messages.start(message.id, self.now()):
            self._interrupted(message)
            return
        try:
            provider_id = self._hand_over(message, remaining_ms)
        except ClientError as error:
            if _code(error) not in _REFUSED:
                self._surely(lambda: self.messages.put_back(message.id))
                raise
            self._refused(message, error)
        except (EndpointConnectionError, ConnectTimeoutError):
            self._surely(lambda: self.messages.put_back(message.id))
            raise
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
                if _code(error) not in _THROTTLED or remaining_ms() < _RESERVED_MS:
                    raise
                self.sleep(_WAIT_SECONDS)

    def _text(self, message: Message) -> str:
        sms = self.config.sms
        if sms is None:
            raise LookupError("earshot.toml has no [sms]")
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

    def _surely(self, note: Callable[[], None]) -> None:
        """Note something although the table may not answer at once: AWS says only once what became of a message."""
        for _ in range(_ATTEMPTS - 1):
            try:
                return note()
            except PydynoxException as error:
                logger.warning("What became of a message is not noted yet", error=type(error).__name__)
                self.sleep(_WAIT_SECONDS)
        return note()

    def _refused(self, message: Message, error: ClientError) -> None:
        reason = str(error.response.get("Reason") or _code(error))
        if reason == _OPTED_OUT:
            self.people.change(message.to, lambda person: person.silenced(Silence.STOPPED, self.now()), self.now())
        self.messages.failed(message.id, reason)
        self._settle(message, InvitationStatus.UNDELIVERED, reason.lower().replace("_", "-"))
        count("MessagesRefused")
        logger.warning("A message was refused", reason=reason, channel=message.channel)

    def _interrupted(self, message: Message) -> None:
        """A message that was taken before. Where it left, that is noted to the end; where it was cut off, nobody knows
        whether it did, and an invitation that hangs is told so.
        """
        count("MessagesTakenBefore")
        progress = self.messages.progress(message.id)
        if "provider_id" in progress:
            self._left(message, progress["provider_id"], datetime.fromisoformat(progress["sent_at"]))
        elif message.invitation_id:
            known = self.invitations.get(message.invitation_id)
            if known and known.invitation.status is InvitationStatus.SENDING:
                self._settle(message, InvitationStatus.UNDELIVERED, "interrupted")

    def _settle(self, message: Message, status: InvitationStatus, reason: str) -> None:
        if message.invitation_id:
            self.invitations.move(message.invitation_id, status, self.now(), reason=reason)


def _code(error: Exception) -> str:
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else type(error).__name__


@cache
def _sender() -> Sender:
    settings = SendSettings.from_environment()
    client = connect()
    # No retries of the SDK's own: after a time-out nobody knows whether the message left.
    once = ClientConfig(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 1})
    return Sender(
        messages=Messages(client, settings.table),
        invitations=Invitations(client, settings.table),
        people=People(client, settings.table),
        mails=Mails(client, settings.table),
        config=load(deployed=True),
        sms=boto3.client("pinpoint-sms-voice-v2", config=once),
        ses=boto3.client("sesv2", config=once),
    )

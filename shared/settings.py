"""Environment → typed settings. No defaults: a missing variable stops the function at its start, by name."""

import os
from collections.abc import Iterator
from typing import Any, Self, dataclass_transform


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Settings:
    """Base of a function's settings; the field `table` is read from EARSHOT_TABLE, and so on.

    Fields are texts and whole numbers. No pydantic: every function would pay at its start for the models of all.
    """

    def __init__(self, **values: Any) -> None:
        fields = type(self).__annotations__
        if values.keys() != fields.keys():
            raise TypeError(f"{type(self).__name__} takes {', '.join(fields) or 'nothing'}")
        vars(self).update(values)

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Each field's name with its value."""
        return iter(vars(self).items())

    @classmethod
    def from_environment(cls) -> Self:
        """Read every field; raises `MissingSetting` naming all the variables that are not there."""
        names = {field: f"EARSHOT_{field.upper()}" for field in cls.__annotations__}
        missing = [name for name in names.values() if name not in os.environ]
        if missing:
            raise MissingSetting(f"{cls.__name__} needs {', '.join(missing)} in the environment")
        return cls(**{field: kind(os.environ[names[field]]) for field, kind in cls.__annotations__.items()})


class MissingSetting(Exception):
    """The function was deployed without a variable that it needs."""


class CaptureWebSettings(Settings):
    """What capture_web needs."""

    table: str
    keys_table: str


class CaptureSmsSettings(Settings):
    """What capture_sms needs: `sms_topic`, the ARN of the topic that brings texts; `public_url`, which Twilio signs.

    `secrets_key` is the KMS key that seals the Twilio accounts' auth tokens.
    """

    table: str
    keys_table: str
    secrets_key: str
    public_url: str
    sms_topic: str


class CaptureEmailSettings(Settings):
    """What capture_email and its sweep need: `mail_bucket` holds the raw mails under `mail/`."""

    table: str
    keys_table: str
    mail_bucket: str


class InviteSettings(Settings):
    """What invite needs: links start with `public_url`."""

    table: str
    keys_table: str
    public_url: str


class SendSettings(Settings):
    """What send needs."""

    table: str


class ReceiptsSettings(Settings):
    """What receipts needs."""

    table: str


class UnsubscribeSettings(Settings):
    """What unsubscribe needs."""

    table: str


class PublishSettings(Settings):
    """What publish needs."""

    bus: str


class ClearRulesSettings(Settings):
    """What clear_rules needs."""

    bus: str


class NotifySettings(Settings):
    """What notify needs.

    `aside_queue_url` is the queue of what goes to targets in trouble. `secrets_key` is the KMS key of the webhooks'
    secrets. `retry_speed` is 1 on AWS; in the local stage, retries come that many times sooner. `outbound_gateway` is
    empty on AWS; in the local stage, the outbox that all requests go to.
    """

    table: str
    keys_table: str
    public_url: str
    deliveries_queue_url: str
    aside_queue_url: str
    secrets_key: str
    settling_seconds: int
    retry_speed: int
    outbound_gateway: str


class SweepSettings(Settings):
    """What sweep needs: both queues of deliveries."""

    table: str
    deliveries_queue_url: str
    aside_queue_url: str


class EscalateSettings(Settings):
    """What escalate needs."""

    table: str


class CloseSettings(Settings):
    """What both functions of close need."""

    table: str
    keys_table: str
    public_url: str


class TeamSettings(Settings):
    """What the team's pages need. `deliveries_queue` and `refused_queue` are ARNs, of the queues behind every rule.

    Requests for sign-in links go to `sign_ins_queue_url`, those for addresses of nobody to `unlisted_queue_url`.
    """

    table: str
    keys_table: str
    bus: str
    public_url: str
    deliveries_queue: str
    refused_queue: str
    secrets_key: str
    sign_ins_queue_url: str
    unlisted_queue_url: str


class SignInSettings(Settings):
    """What mailing sign-in links needs."""

    table: str
    keys_table: str
    public_url: str

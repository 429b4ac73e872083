"""From a mail in the bucket to its record: fetched, taken or kept apart, and counted."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Self

import boto3

from functions.capture_email.mailroom import Mailroom
from functions.capture_email.mime import MAX_BYTES, MailUnreadable
from shared.config.load import load
from shared.feedback.store import Store
from shared.keys.signing import Keys
from shared.mail.received import MAIL_FOLDER, QUARANTINE_FOLDER, MailOutcome, MailRecord, Mails
from shared.observe import count, logger
from shared.settings import CaptureEmailSettings
from shared.table.client import connect
from shared.values import utc_now

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CopySourceTypeDef

SETUP_NOTICE = "AMAZON_SES_SETUP_NOTIFICATION"  # SES writes it once, to try the bucket
_NO_MAIL = ("", SETUP_NOTICE)


class Intake:
    """The mails of one stage's bucket."""

    def __init__(
        self, s3: "S3Client", bucket: str, mailroom: Mailroom, mails: Mails, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._mailroom = mailroom
        self._mails = mails
        self._clock = clock

    @classmethod
    def of(cls, settings: CaptureEmailSettings) -> Self:
        """The intake of the stage that the settings name."""
        client = connect()
        mailroom = Mailroom(Store(client, settings.table), Keys(client, settings.keys_table), load(deployed=True))
        return cls(boto3.client("s3"), settings.mail_bucket, mailroom, Mails(client, settings.table))

    def take(self, key: str) -> MailRecord | None:
        """Take one mail; None for an object that is none, or is gone. Raises what AWS raises: the mail stays, and the
        sweep finds it.
        """
        id = _id(key)
        if id in _NO_MAIL:
            return None
        try:
            record = self._take_or_keep(key)
        except self._s3.exceptions.NoSuchKey:
            logger.info("mail is gone", extra={"mail": id})
            return None
        count(f"Mail{record.outcome.value.title()}")
        logger.info(
            "mail taken", extra={"mail": id, "outcome": record.outcome.value, "feedback_id": record.feedback_id}
        )
        return record

    def quarantine(self, key: str, reason: str, *, attempts: int = 1) -> MailRecord:
        """Keep a mail whole where nothing deletes it early, and say so. Its copy comes first, its record second."""
        id = _id(key)
        if not key.startswith(QUARANTINE_FOLDER):
            source: CopySourceTypeDef = {"Bucket": self._bucket, "Key": key}
            self._s3.copy_object(Bucket=self._bucket, Key=f"{QUARANTINE_FOLDER}{id}", CopySource=source)
        record = MailRecord(id=id, outcome=MailOutcome.QUARANTINED, at=self._clock(), reason=reason, attempts=attempts)
        self._mails.save(record)
        logger.error("mail quarantined", extra={"mail": id, "reason": reason})
        return record

    def waiting(self, older_than: datetime, not_before: datetime, has_time: Callable[[], bool]) -> Iterator[str]:
        """Keys of the mails that came between two moments, and that nothing final is recorded of.

        Looks on, a page of the bucket at a time, while it `has_time`.
        """
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=MAIL_FOLDER):
            if not has_time():
                return
            came = (each for each in page.get("Contents", ()) if not_before <= each["LastModified"] < older_than)
            keys = [each["Key"] for each in came if _id(each["Key"]) not in _NO_MAIL]
            final = self._mails.final(_id(key) for key in keys)
            yield from (key for key in keys if _id(key) not in final)

    def try_again(self, key: str, max_attempts: int) -> MailRecord | None:
        """Take a mail that was not taken; quarantine it when that was tried too often. Never raises for one mail."""
        id = _id(key)
        try:
            known = self._mails.get(id)
            attempts = known.attempts + 1 if known else 1
            if attempts > max_attempts:
                record = self.quarantine(key, "tried-too-often", attempts=attempts)
                count("MailQuarantined")
                return record
            self._mails.save(MailRecord(id=id, outcome=MailOutcome.FAILED, at=self._clock(), attempts=attempts))
            return self.take(key)
        except Exception:
            logger.exception("mail not taken", extra={"mail": id})
            return None

    def _take_or_keep(self, key: str) -> MailRecord:
        try:
            return self._mailroom.take(_id(key), self._fetch(key), self._clock())
        except MailUnreadable as unreadable:
            return self.quarantine(key, unreadable.reason)

    def _fetch(self, key: str) -> bytes:
        found = self._s3.get_object(Bucket=self._bucket, Key=key)
        if found["ContentLength"] > MAX_BYTES:
            raise MailUnreadable("too-large")
        return found["Body"].read()


def _id(key: str) -> str:
    """SES's id of a mail, by which everything is recorded of it."""
    return key.rpartition("/")[2]

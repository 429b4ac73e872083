"""A mail as it is sent, and sending it with SES."""

import re
from collections.abc import Mapping
from email.utils import formataddr
from typing import TYPE_CHECKING, NamedTuple

from shared.config.model import Business
from shared.text.lines import one_line

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sesv2.type_defs import MessageHeaderTypeDef, SendEmailRequestTypeDef

REPLY_TO = "Reply-To"
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,75}")


class Mail(NamedTuple):
    """A mail, rendered. `headers` are those beyond From, To and Subject."""

    subject: str
    text: str
    html: str
    headers: dict[str, str]


def send(
    client: "SESV2Client", business: Business, to: str, mail: Mail, *, tags: Mapping[str, str] | None = None
) -> str:
    """Send with SES; returns its message id, whose `@…` part SES adds. Raises what the SDK raises, and ValueError for
    a header that nobody may name. `tags` come back with the mail's bounce or complaint.
    """
    headers: list[MessageHeaderTypeDef] = [
        _header(name, value) for name, value in mail.headers.items() if name != REPLY_TO
    ]
    request: SendEmailRequestTypeDef = {
        "FromEmailAddress": formataddr((one_line(business.name), business.sender)),
        "Destination": {"ToAddresses": [one_line(to)]},
        "Content": {
            "Simple": {
                "Subject": {"Data": one_line(mail.subject), "Charset": "UTF-8"},
                "Body": {
                    "Text": {"Data": mail.text, "Charset": "UTF-8"},
                    "Html": {"Data": mail.html, "Charset": "UTF-8"},
                },
                "Headers": headers,
            }
        },
        "EmailTags": [{"Name": name, "Value": value} for name, value in (tags or {}).items()],
    }
    if REPLY_TO in mail.headers:
        request["ReplyToAddresses"] = [one_line(mail.headers[REPLY_TO])]
    return client.send_email(**request)["MessageId"]


def _header(name: str, value: str) -> "MessageHeaderTypeDef":
    if not _HEADER_NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot be a header's name")
    return {"Name": name, "Value": one_line(value)}

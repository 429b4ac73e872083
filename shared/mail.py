"""Mail to customers: rendered, made safe, and sent with SES.

Every mail says that a machine sent it and asks not to be answered by one, and every one can be answered by a person:
its Reply-To is signed, and says what the answer is about.
"""

import re
from collections.abc import Mapping
from email.utils import formataddr
from html import escape
from string import Template
from typing import TYPE_CHECKING, NamedTuple

from shared.config import Business, Config, Team
from shared.feedback import Scale
from shared.texts import direction, texts

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sesv2.type_defs import MessageHeaderTypeDef, SendEmailRequestTypeDef

REPLY_TO = "Reply-To"
MAX_SUBJECT = 150  # characters; longer ones are cut by every client
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,75}")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{3,250}>")

_FACES = ("😠", "😞", "😐", "😊", "😄")  # of the first that fonts had
_SYMBOLS = {Scale.SMILE5: _FACES, Scale.THUMBS: ("👎", "👍")}

# Styles stand in the elements, since mail programs drop most of a style sheet; what they keep turns the mail dark.
# There are no images: it is complete where they are off.
_HTML = Template("""\
<!DOCTYPE html>
<html lang="$language" dir="$direction">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>$subject</title>
<style>
:root { color-scheme: light dark }
@media (prefers-color-scheme: dark) {
  .page { background: #16181a !important }
  .card { background: #212427 !important; border-color: #3a3f44 !important }
  .words { color: #f2f3f4 !important }
  .quiet, .quiet a { color: #b4bac0 !important }
  .choice { background: #2c3034 !important; border-color: #8a9199 !important; color: #f2f3f4 !important }
}
</style>
</head>
<body class="page" style="margin:0;padding:24px 12px;background:#f4f5f6">
<div class="card words" style="max-width:560px;margin:0 auto;padding:24px;background:#ffffff;color:#16181a;\
border:1px solid #dfe2e5;border-radius:12px;text-align:$start;font:17px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,\
'Noto Sans','Noto Sans Arabic',Arial,sans-serif">
$content
</div>
<div class="quiet" style="max-width:560px;margin:16px auto 0;padding:0 24px;text-align:$start;color:#5b636a;\
font:13px/1.6 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','Noto Sans Arabic',Arial,sans-serif">
$footer
</div>
</body>
</html>
""")
_CHOICE = (
    '<td style="padding:4px"><a class="choice" href="{href}" title="{label}" aria-label="{label}" style="display:block;'
    "padding:10px 0;border:1px solid {colour};border-radius:10px;background:#ffffff;color:{colour};text-align:center;"
    'text-decoration:none;font-size:{size}px;line-height:1.3">{symbol}</a></td>'
)
_CHOICES = (
    '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="table-layout:fixed;'
    'border-collapse:collapse">\n{rows}\n</table>\n'
)
_PER_ROW = 6  # on a phone


class Mail(NamedTuple):
    """A mail, rendered. `headers` are those beyond From, To and Subject."""

    subject: str
    text: str
    html: str
    headers: dict[str, str]


class Question(NamedTuple):
    """What an invitation asks, and the links that answer it."""

    touchpoint: str
    language: str
    name: str | None
    link: str
    """The feedback page's address; `?r=` is added per rating."""
    unsubscribe: str
    reply_to: str


class Thanks(NamedTuple):
    """Whom to thank for what."""

    team: Team
    language: str
    name: str | None
    subject: str
    message_id: str
    """The customer's mail's, as it stood in its header."""
    reply_to: str


def invitation(config: Config, question: Question) -> Mail:
    """The question with its scale as links: one tap answers it."""
    said = texts(question.language)
    business = config.business
    touchpoint = config.touchpoints[question.touchpoint]
    ratings = [(rating, _label(touchpoint.scale, rating, said)) for rating in touchpoint.scale.ratings]
    asked = one_line(touchpoint.question[question.language])
    hello = _hello(said, "hello", question.name)
    why = said["mail.why"].format(business=business.name)
    text = [
        hello,
        asked,
        "\n".join(f"{label}: {_rated(question.link, rating)}" for rating, label in ratings),
        said["mail.or_reply"],
        f"{why}\n{said['mail.unsubscribe']}: {question.unsubscribe}",
    ]
    content = [
        _paragraph(escape(hello)),
        asking(config, question.touchpoint, question.language, question.link),
        _paragraph(escape(said["mail.or_reply"]), last=True),
    ]
    leave = f'<a href="{escape(question.unsubscribe)}" style="color:#5b636a">{escape(said["mail.unsubscribe"])}</a>'
    return Mail(
        subject=asked,
        text=_text(text),
        html=_page(question.language, asked, content, f"{escape(why)}<br>{leave}"),
        headers=automatic("auto-generated")
        | {
            REPLY_TO: question.reply_to,
            "List-Unsubscribe": f"<{question.unsubscribe}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    )


def asking(config: Config, id: str, language: str, link: str) -> str:
    """The question of a touchpoint and a link per rating, as HTML that mail programs keep as it is."""
    said = texts(language)
    touchpoint = config.touchpoints[id]
    ratings = [(rating, _label(touchpoint.scale, rating, said)) for rating in touchpoint.scale.ratings]
    choices = [
        _CHOICE.format(
            href=escape(_rated(link, rating)),
            label=escape(label),
            symbol=_symbol(touchpoint.scale, rating),
            colour=config.business.brand_colour,
            size=22 if len(ratings) <= _PER_ROW else 18,
        )
        for rating, label in ratings
    ]
    rows = ("".join(choices[at : at + _PER_ROW]) for at in range(0, len(choices), _PER_ROW))
    asked = escape(one_line(touchpoint.question[language]))
    table = _CHOICES.format(rows="\n".join(f"<tr>{row}</tr>" for row in rows))
    ends = f"{escape(ratings[0][1])} … {escape(ratings[-1][1])}"
    return (
        f'<h1 style="margin:0 0 16px;font-size:23px;line-height:1.35">{asked}</h1>\n'
        f"{table}"
        f'<p class="quiet" style="margin:4px 4px 16px;font-size:14px;color:#5b636a">{ends}</p>'
    )


def thanks(config: Config, to: Thanks) -> Mail:
    """What a customer who wrote is told, once: that people read it, who they are, and how to add to it."""
    said = texts(to.language)
    business = one_line(config.business.name)
    paragraphs = [
        _hello(said, "thanks_hello", to.name),
        said["mail.thanks"].format(team=one_line(to.team.name), business=business),
        said["mail.thanks_next"].format(team=one_line(to.team.name)),
    ]
    why = said["mail.thanks_why"].format(business=business)
    theirs = one_line(to.subject)
    subject = (theirs if re.match(r"re:", theirs, re.IGNORECASE) else f"Re: {theirs}") if theirs else ""
    return Mail(
        subject=(subject or said["mail.thanks_subject"].format(business=business))[:MAX_SUBJECT],
        text=_text([*paragraphs, why]),
        html=_page(
            to.language,
            subject,
            [_paragraph(escape(text), last=text is paragraphs[-1]) for text in paragraphs],
            escape(why),
        ),
        headers=automatic("auto-replied") | {REPLY_TO: to.reply_to} | _threading(to.message_id),
    )


def sign_in(config: Config, link: str) -> Mail:
    """What lets someone into their team's page."""
    said = texts(config.language)
    subject = said["team.mail_subject"].format(business=one_line(config.business.name))
    button = (
        f'<a class="choice" href="{escape(link)}" style="display:inline-block;padding:12px 20px;border-radius:10px;'
        f"border:1px solid {config.business.brand_colour};background:#ffffff;color:{config.business.brand_colour};"
        f'text-decoration:none">{escape(said["team.enter"])}</a>'
    )
    content = [_paragraph(escape(said["team.mail_text"])), _paragraph(button, last=True)]
    return Mail(
        subject=subject,
        text=_text([said["team.mail_text"], link, said["team.mail_ignore"]]),
        html=_page(config.language, subject, content, escape(said["team.mail_ignore"])),
        headers=automatic("auto-generated"),
    )


def automatic(how: str) -> dict[str, str]:
    """What keeps vacation notices and other machines from answering (RFC 3834)."""
    return {"Auto-Submitted": how, "X-Auto-Response-Suppress": "All"}


def one_line(text: str) -> str:
    """Text that may stand in a header: no CR, LF, NUL or other control character, and no lone surrogate."""
    return " ".join(_UNSAFE.sub(" ", text).split())


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


def _threading(message_id: str) -> dict[str, str]:
    match = _MESSAGE_ID.fullmatch(message_id.strip())
    return {"In-Reply-To": match[0], "References": match[0]} if match else {}


def _rated(link: str, rating: int) -> str:
    return f"{link}?r={rating}"


def _label(scale: Scale, rating: int, said: Mapping[str, str]) -> str:
    if scale is Scale.NPS:
        end = {scale.ratings[0]: "web.nps_low", scale.ratings[-1]: "web.nps_high"}.get(rating)
        return said[end] if end else str(rating)
    return said[f"web.{scale.value}_{rating}"]


def _symbol(scale: Scale, rating: int) -> str:
    symbols = _SYMBOLS.get(scale)
    if symbols:
        return symbols[rating - scale.ratings[0]]
    return f"{rating}&#8202;★" if scale is Scale.STARS5 else str(rating)


def _hello(said: Mapping[str, str], key: str, name: str | None) -> str:
    """A greeting; a name is the customer's own word, so it stands on one line and is not formatted."""
    known = one_line(name or "")[:60]
    return said[f"mail.{key}_name"].replace("{name}", known) if known else said[f"mail.{key}"]


def _paragraph(html: str, *, last: bool = False) -> str:
    return f'<p style="margin:0 0 {0 if last else 16}px">{html}</p>'


def _text(paragraphs: list[str]) -> str:
    return "\n\n".join(paragraphs) + "\n"


def _page(language: str, subject: str, content: list[str], footer: str) -> str:
    return _HTML.substitute(
        language=language,
        direction=direction(language),
        start="right" if direction(language) == "rtl" else "left",
        subject=escape(subject),
        content="\n".join(content),
        footer=footer,
    )

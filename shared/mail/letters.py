"""What Earshot writes by mail. A letter to a customer can be answered: its Reply-To is signed, and says about what."""

import re
from collections.abc import Mapping
from html import escape
from typing import NamedTuple

from shared.config.model import Config, Team
from shared.languages.packs import texts
from shared.languages.ratings import rating_label, rating_symbol
from shared.mail import frame
from shared.mail.frame import REPLY_TO, Mail, automatic
from shared.text.lines import one_line
from shared.text.names import as_name

MAX_SUBJECT = 150  # characters; longer ones are cut by every client
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{3,250}>")

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
    ratings = [(rating, rating_label(touchpoint.scale, rating, said)) for rating in touchpoint.scale.ratings]
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
        text=frame.text(text),
        html=frame.page(question.language, asked, content, f"{escape(why)}<br>{leave}"),
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
    ratings = [(rating, rating_label(touchpoint.scale, rating, said)) for rating in touchpoint.scale.ratings]
    choices = [
        _CHOICE.format(
            href=escape(_rated(link, rating)),
            label=escape(label),
            symbol=rating_symbol(touchpoint.scale, rating),
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
        text=frame.text([*paragraphs, why]),
        html=frame.page(
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
        text=frame.text([said["team.mail_text"], link, said["team.mail_ignore"]]),
        html=frame.page(config.language, subject, content, escape(said["team.mail_ignore"])),
        headers=automatic("auto-generated"),
    )


def _threading(message_id: str) -> dict[str, str]:
    match = _MESSAGE_ID.fullmatch(message_id.strip())
    return {"In-Reply-To": match[0], "References": match[0]} if match else {}


def _rated(link: str, rating: int) -> str:
    return f"{link}?r={rating}"


def _hello(said: Mapping[str, str], key: str, name: str | None) -> str:
    """A greeting, by name where what is given as one can be."""
    known = as_name(name)
    return said[f"mail.{key}_name"].replace("{name}", known) if known else said[f"mail.{key}"]


def _paragraph(html: str, *, last: bool = False) -> str:
    return f'<p style="margin:0 0 {0 if last else 16}px">{html}</p>'

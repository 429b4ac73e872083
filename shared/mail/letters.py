"""What Earshot writes by mail. A letter to a customer can be answered: its Reply-To is signed, and says about what."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from shared.config.model import Config, Team
from shared.languages.packs import texts
from shared.languages.ratings import rating_label, rating_name, rating_symbol
from shared.mail.frame import automatic, render
from shared.mail.sending import REPLY_TO, Mail
from shared.model.case import Verdict
from shared.text.html import Templates
from shared.text.lines import one_line
from shared.text.names import as_name

MAX_SUBJECT = 150  # characters; longer ones are cut by every client
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{3,250}>")

_TEMPLATES = Templates(Path(__file__).parent / "templates")


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


class Answer(NamedTuple):
    """What a team tells a customer, in its own words."""

    team: str
    language: str
    name: str | None
    subject: str
    """The customer's own mail's; empty where they wrote none."""
    paragraphs: list[str]
    verdicts: str | None
    """The link with which they say whether it is fixed; None where they are not asked."""
    reply_to: str


class Choice(NamedTuple):
    """A rating as a link."""

    link: str
    symbol: str
    """What is seen: a face, a number, stars."""
    name: str
    """What is heard and shown beside the pointer; it contains the symbol where that can be spoken."""
    label: str


def invitation(config: Config, question: Question) -> Mail:
    """The question with its scale as links: one tap answers it."""
    said = texts(question.language)
    values = _asking(config, question.touchpoint, question.language, question.link)
    headers = {
        REPLY_TO: question.reply_to,
        "List-Unsubscribe": f"<{question.unsubscribe}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    return render(
        _TEMPLATES,
        "invitation",
        question.language,
        values["asked"],
        automatic("auto-generated") | headers,
        **values,
        say=said,
        hello=_hello(said, "hello", question.name),
        why=said["mail.why"].format(business=config.business.name),
        unsubscribe=question.unsubscribe,
    )


def asking(config: Config, id: str, language: str, link: str) -> str:
    """The question of a touchpoint and a link per rating, as HTML that mail programs keep as it is."""
    return _TEMPLATES.render("asking.html", **_asking(config, id, language, link))


def thanks(config: Config, to: Thanks) -> Mail:
    """What a customer who wrote is told, once: that people read it, who they are, and how to add to it."""
    said = texts(to.language)
    business, team = one_line(config.business.name), one_line(to.team.name)
    return render(
        _TEMPLATES,
        "note",
        to.language,
        _answering(to.subject, said["mail.thanks_subject"].format(business=business)),
        automatic("auto-replied") | {REPLY_TO: to.reply_to} | _threading(to.message_id),
        paragraphs=[
            _hello(said, "thanks_hello", to.name),
            said["mail.thanks"].format(team=team, business=business),
            said["mail.thanks_next"].format(team=team),
        ],
        footer=said["mail.thanks_why"].format(business=business),
    )


def answer(config: Config, what: Answer) -> Mail:
    """An answer of a team's; to what was done, the customer says in one tap whether it is fixed.

    A person wrote it, so it says nothing of being automatic; what answers by itself is told apart when it comes.
    """
    said = texts(what.language)
    business = one_line(config.business.name)
    return render(
        _TEMPLATES,
        "answer",
        what.language,
        _answering(what.subject, said["answer.subject"].format(business=business)),
        {REPLY_TO: what.reply_to, "X-Auto-Response-Suppress": "All"},
        hello=_hello(said, "hello", what.name),
        paragraphs=what.paragraphs,
        signature=said["answer.from"].format(team=one_line(what.team), business=business),
        question=said["answer.fixed"] if what.verdicts else "",
        choices=[(f"{what.verdicts}?verdict={each}", said[f"answer.{each}"]) for each in Verdict],
        or_reply=said["answer.fixed_reply" if what.verdicts else "answer.reply"],
        footer=said["answer.why"].format(business=business),
        colour=config.business.brand_colour,
    )


def to_team(language: str, subject: str, paragraphs: Sequence[str], message_id: str = "") -> Mail:
    """What somebody of a team is told, of praise or of an answer of theirs; `message_id` is the answered mail's."""
    headers = automatic("auto-replied" if message_id else "auto-generated") | _threading(message_id)
    return render(_TEMPLATES, "note", language, subject[:MAX_SUBJECT], headers, paragraphs=paragraphs, footer="")


def sign_in(config: Config, link: str) -> Mail:
    """What lets someone into their team's page."""
    said = texts(config.language)
    return render(
        _TEMPLATES,
        "sign_in",
        config.language,
        said["team.mail_subject"].format(business=one_line(config.business.name)),
        automatic("auto-generated"),
        say=said,
        link=link,
        colour=config.business.brand_colour,
    )


def notice(language: str, subject: str, paragraphs: Sequence[str], team: str) -> Mail:
    """What the people of a team are told about one of their routes."""
    headers = automatic("auto-generated") | {"X-Earshot-Team": team}
    return render(_TEMPLATES, "note", language, subject, headers, paragraphs=paragraphs, footer="")


def _asking(config: Config, id: str, language: str, link: str) -> dict[str, Any]:
    """The values of `asking.html`."""
    said = texts(language)
    touchpoint = config.touchpoints[id]
    scale = touchpoint.scale
    choices = [
        Choice(
            f"{link}?r={rating}",
            rating_symbol(scale, rating),
            rating_name(scale, rating, said),
            rating_label(scale, rating, said),
        )
        for rating in scale.ratings
    ]
    return {
        "asked": one_line(touchpoint.question[language]),
        "choices": choices,
        "colour": config.business.brand_colour,
    }


def _answering(subject: str, otherwise: str) -> str:
    """The subject of what answers a mail, and `otherwise` one without a subject."""
    theirs = one_line(subject)
    if not theirs:
        return otherwise[:MAX_SUBJECT]
    return (theirs if re.match(r"re:", theirs, re.IGNORECASE) else f"Re: {theirs}")[:MAX_SUBJECT]


def _threading(message_id: str) -> dict[str, str]:
    match = _MESSAGE_ID.fullmatch(message_id.strip())
    return {"In-Reply-To": match[0], "References": match[0]} if match else {}


def _hello(said: Mapping[str, str], key: str, name: str | None) -> str:
    """A greeting, by name where what is given as one can be."""
    known = as_name(name)
    return said[f"mail.{key}_name"].replace("{name}", known) if known else said[f"mail.{key}"]

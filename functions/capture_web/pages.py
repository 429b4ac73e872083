"""The pages of `/f/{link}`, from the templates in this folder.

What follows from the configuration is filled in once per touchpoint and language; a request fills in the rest, the
places that the templates mark with `$$`.
"""

import html
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

from functions.capture_web.body import TRAP, new_submission
from functions.capture_web.scales import mark
from shared.config.model import Config, Touchpoint
from shared.errors import EarshotError, Unavailable
from shared.keys.links import Link
from shared.languages.packs import direction, texts
from shared.web.layout import Layout

_TEMPLATES = Path(__file__).parent / "templates"
_FIELDS = ("rating", "comment", "contact")  # that have a place on the page for what is wrong with them
_NO_PROBLEM = {f"{field}_{place}": "" for field in _FIELDS for place in ("problem", "invalid")} | {"status_class": ""}


class Step(StrEnum):
    """How far a customer is: asked for a rating, asked what happened, finished."""

    RATE = "rate"
    TELL = "tell"
    DONE = "done"


class Pages:
    """The pages of one business."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._layout = Layout(config, _TEMPLATES / "page.css", _TEMPLATES / "page.js")
        self._form = cache(self._fill_form)
        self.content_security_policy = self._layout.content_security_policy

    def form(
        self,
        link: Link,
        language: str,
        step: Step,
        said: Mapping[str, Any],
        error: EarshotError | None = None,
        *,
        story: str = "",
        follow: str = "",
    ) -> str:
        """The page that asks; it shows what was said so far and, at its field, what is wrong with it.

        `story`, HTML, is what became of an earlier answer; `follow` is the path where this one can be followed.
        """
        words = texts(language)
        places = {
            **_step_places(step, words),
            **_said_places(self._config.touchpoints[link.touchpoint], said),
            **(_problem_places(error, words) if error else _NO_PROBLEM),
            "unless_one_customer": "" if link.ref else "hidden",
            "story": story,
            "follow_path": follow,
            "unless_follow": "" if follow else "hidden",
        }
        question = self._config.touchpoints[link.touchpoint].question[language]
        heading = {Step.TELL: "web.tell", Step.DONE: "web.done"}.get(step)
        title = f"{words[heading]} · {question}" if heading else question
        return self._layout.render(language, title, self._form(language, link.touchpoint).substitute(places))

    def whole(self, language: str, title: str, content: str) -> str:
        """A page of its own; `title` is text, `content` HTML."""
        return self._layout.render(language, title, content)

    def notice(self, error: EarshotError, language: str, sent: Sequence[tuple[str, str]] | None = None) -> str:
        """A page for a link on which nothing can be said. `sent` is what a form brought all the same; None: a view."""
        words = texts(language)
        title = words[f"web.title_{error.code}"]
        is_outage = isinstance(error, Unavailable)
        text = "web.unshown" if is_outage and sent is None else f"web.problem_{error.code}"
        content = _template("notice.html").substitute(
            title=_text(title),
            text=_text(words[text]),
            sent=_sent(sent or [], words, again=is_outage),
            write=_text(words["web.write"]),
            sender=_text(self._config.business.sender),
        )
        return self._layout.render(language, title, content)

    def _fill_form(self, language: str, id: str) -> Template:
        touchpoint = self._config.touchpoints[id]
        words = texts(language)
        fixed = {name.removeprefix("web."): _fixed(text) for name, text in words.items() if name.startswith("web.")}
        form = _template("form.html").substitute(
            fixed,
            question=_fixed(touchpoint.question[language]),
            scale=touchpoint.scale.value,
            choices="".join(_choice(touchpoint, rating, words) for rating in touchpoint.scale.ratings),
            ends=_ends(touchpoint, words),
            reasons=_reasons(touchpoint, language, words),
            languages=self._languages(language),
            trap=TRAP,
            script=self._layout.script.replace("$", "$$"),
        )
        return Template(form)

    def _languages(self, current: str) -> str:
        """Links to the page in the business's other languages, each in its own name; the chosen rating goes along."""
        links = "".join(
            f'<a href="?lang={each}$and_rating" hreflang="{each}" lang="{each}" dir="{direction(each)}">'
            f"{_fixed(texts(each)['web.language'])}</a>"
            for each in self._config.business.languages
            if each != current
        )
        return f"<nav>{links}</nav>" if links else ""


def _choice(touchpoint: Touchpoint, rating: int, words: Mapping[str, str]) -> str:
    drawing = mark(touchpoint.scale, rating)
    svg = f'<svg viewBox="0 0 32 32" aria-hidden="true">{drawing}</svg>' if drawing else ""
    word = words.get(f"web.{touchpoint.scale}_{rating}", str(rating))
    return (
        f'<label class="choice"><input type="radio" name="rating" value="{rating}" required $checked_{rating}>'
        f"{svg}<span>{_fixed(word)}</span></label>"
    )


def _ends(touchpoint: Touchpoint, words: Mapping[str, str]) -> str:
    """What the first and the last number mean, on a scale that is only numbers."""
    low, high = (words.get(f"web.{touchpoint.scale}_{end}") for end in ("low", "high"))
    return f'<p class="ends"><span>{_fixed(low)}</span><span>{_fixed(high)}</span></p>' if low and high else ""


def _reasons(touchpoint: Touchpoint, language: str, words: Mapping[str, str]) -> str:
    picks = "".join(
        f'<label class="pick"><input type="checkbox" name="reasons" value="{reason.id}" $picked_{index}>'
        f"{_fixed(reason.label[language])}</label>"
        for index, reason in enumerate(touchpoint.reasons)
    )
    if not picks:
        return ""
    legend = _fixed(words["web.reasons_label"])
    return f'<fieldset class="reasons"><legend>{legend}</legend><div class="picks">{picks}</div></fieldset>'


def _step_places(step: Step, words: Mapping[str, str]) -> dict[str, str]:
    """Which parts of the page are shown; a part that is disabled is not sent either."""
    return {
        "step": step,
        "unless_done": "" if step is Step.DONE else "hidden",
        "open": "" if step is Step.DONE else "open",
        "unless_rated": "hidden disabled" if step is Step.RATE else "",
        "status": _text(words["web.status_tell"]) if step is Step.TELL else "",
    }


def _said_places(touchpoint: Touchpoint, said: Mapping[str, Any]) -> dict[str, str]:
    """What the customer chose and wrote, as a form sent it."""
    places = {
        "submission": _text(said.get("submission") or new_submission()),
        "comment": _text(said.get("comment", "")),
        "contact": _text(_written(said.get("contact", ""))),
        "and_rating": "",
    }
    for rating in touchpoint.scale.ratings:
        is_chosen = said.get("rating") == str(rating)
        places[f"checked_{rating}"] = "checked" if is_chosen else ""
        if is_chosen:
            places["and_rating"] = f"&amp;r={rating}"
    for index, reason in enumerate(touchpoint.reasons):
        places[f"picked_{index}"] = "checked" if reason.id in said.get("reasons", ()) else ""
    return places


def _problem_places(error: EarshotError, words: Mapping[str, str]) -> dict[str, str]:
    """What is wrong, at its field where it has one; it stands in for the status."""
    field = (error.field or "").partition(".")[0]
    name = field if error.code == "invalid" and field in _FIELDS else error.code
    problem = _text(words[f"web.problem_{name}"])
    if field not in _FIELDS:
        return {**_NO_PROBLEM, "status": problem, "status_class": "problem"}
    return {
        **_NO_PROBLEM,
        "status": "",
        f"{field}_problem": f'<p class="problem" id="{field}-problem">{problem}</p>',
        f"{field}_invalid": 'aria-invalid="true" autofocus',
    }


def _sent(pairs: Sequence[tuple[str, str]], words: Mapping[str, str], *, again: bool) -> str:
    """The customer's words, to be copied, or to be sent `again` with all that came with them."""
    shown = hidden = ""
    for name, value in pairs:
        if name == "comment" and value.strip():
            shown = (
                f'<label class="ask" for="comment">{_text(words["web.unkept"])}</label>\n'
                f'<textarea id="comment" name="comment" rows="8" readonly>\n{_text(value)}</textarea>\n'
            )
        else:
            hidden += f'<input type="hidden" name="{_text(name)}" value="{_text(value)}">\n'
    if again and pairs:
        return f'<form method="post">\n{hidden}{shown}<button>{_text(words["web.send"])}</button>\n</form>'
    return shown


def _written(contact: Any) -> str:
    """The contact as it stood in the page's one field."""
    return contact if isinstance(contact, str) else " ".join(contact.values())


def _text(text: str) -> str:
    return html.escape(text)


def _fixed(text: str) -> str:
    """Text that passes through a second filling unharmed."""
    return html.escape(text).replace("$", "$$")


@cache
def _template(name: str) -> Template:
    return Template((_TEMPLATES / name).read_text(encoding="utf-8"))

"""What `/f/{link}` answers: a page to people, JSON to programs."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from functions.capture_web import body, language
from functions.capture_web.body import Said
from functions.capture_web.pages import Pages, Step
from shared.config.model import Config
from shared.errors import EarshotError
from shared.feedback.store import Captured, CaptureStatus, Store
from shared.keys.follow_links import FollowLink
from shared.keys.links import Link
from shared.keys.signing import Keys
from shared.observe import count
from shared.text.unseen import seen
from shared.web import http
from shared.web.http import Request, Response

if TYPE_CHECKING:
    from functions.capture_web.following import Following

_RATING = r"""[\s"'(<]*(\d{1,2})(?:,\1)*(?!\w|[.,/]\d)"""


class Responder:
    """The reply to one request, also when that fails."""

    def __init__(self, request: Request, config: Config, pages: Pages, keys: Keys) -> None:
        self._request = request
        self._pages = pages
        self._config = config
        self._keys = keys
        self._link: Link | None = None
        self.language = language.choose(
            config.business.languages, request.query.get("lang"), request.header("accept-language")
        )
        """The one that this customer reads, of those that the business speaks."""

    def about(self, link: Link) -> None:
        """From here on, what goes wrong is said on the page of this link."""
        self._link = link

    def followed(self, link: FollowLink, store: Store) -> Response:
        """What became of a feedback, and what its customer says of that."""
        return self._following().respond(self._request, link, store)

    def question(self, link: Link, earlier: Sequence[Mapping[str, Any]]) -> Response:
        """The page that asks; `?r=` selects a rating on it and stores nothing.

        Above it stands what became of an `earlier` answer, if anything is kept of one.
        """
        count("PageViewed")
        story = self._following().above(earlier) if earlier else ""
        return self._form(link, 200, Step.RATE, {"rating": _rating(self._request.query.get("r", ""))}, story=story)

    def stored(self, link: Link, said: Said, captured: Captured) -> Response:
        """What was stored, and to a person: what they may add."""
        status = captured.status
        count(f"Answer{status.capitalize()}")
        if not self._request.reads_json:
            return self._accepted(link, said, captured.revision.feedback.id)
        content = {"id": captured.revision.feedback.id, "status": status.value}
        if "follow" in self._request.query and not link.ref:
            content["follow"] = FollowLink(content["id"]).url(self._config.business.public_url, self._keys)
        return http.answer(self._request, 201 if status is CaptureStatus.NEW else 200, content)

    def trapped(self, link: Link, said: Said, id: str) -> Response:
        """A program filled what no human sees: it reads what everyone reads, and nothing is kept."""
        count("AnswerTrapped")
        return self._accepted(link, said, id)

    def refused(self, error: EarshotError) -> Response:
        """What is wrong and what to do. A person's words stand on the page as they were; the log has only the kind."""
        count(f"Refused{type(error).__name__}")
        if self._request.reads_json:
            return http.refusal(self._request, error)
        if self._link is None:
            sent = body.kept_pairs(self._request) if self._request.is_post else None
            notice = self._pages.notice(error, self.language, sent)
            return http.page(self._request, error.status, notice, self._pages.content_security_policy)
        fields = body.kept_words(self._request)
        step = Step.RATE if fields.keys() <= {"rating", "submission", body.TRAP} else Step.TELL
        return self._form(self._link, error.status, step, fields, error)

    def _following(self) -> "Following":
        from functions.capture_web.following import Following  # here, since no other start needs what it imports

        return Following(self._keys, self._config, self._pages, self.language)

    def _accepted(self, link: Link, said: Said, id: str) -> Response:
        follow = "" if link.ref else FollowLink(id).path(self._keys)  # their own link shows what becomes of it
        step = Step.DONE if said.is_last_step else Step.TELL
        return self._form(
            link, 200, step, {**body.kept_words(self._request), "submission": said.submission}, follow=follow
        )

    def _form(
        self,
        link: Link,
        status: int,
        step: Step,
        said: Mapping[str, Any],
        error: EarshotError | None = None,
        **more: str,
    ) -> Response:
        html = self._pages.form(link, self.language, step, said, error, **more)
        return http.page(self._request, status, html, self._pages.content_security_policy)


def _rating(text: str) -> str | None:
    """The one number that `?r=` brings, whatever was written behind it; the page selects it if it is on the scale."""
    found = re.match(_RATING, unicodedata.normalize("NFKC", seen(text)))
    return str(int(found[1])) if found else None

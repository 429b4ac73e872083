"""A customer's own link to what became of their feedback: read it, and say whether it is fixed.

Imported once somebody follows such a link, or comes back to their own question: no other start pays for it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from functions.capture_web import body
from functions.capture_web.pages import Pages
from functions.capture_web.story import Asked, Status, Story
from shared.cases import hearing
from shared.cases.cases import Cases, read_partition
from shared.cases.changes import Now
from shared.config.model import Config
from shared.errors import EarshotError, InvalidInput, LinkExpired, Unavailable
from shared.feedback.store import CaptureStatus, Store, read_item
from shared.keys.follow_links import FollowLink
from shared.keys.signing import Keys
from shared.languages.packs import texts
from shared.model.case import CaseMoved, Found, Verdict
from shared.observe import count
from shared.table.items import FEEDBACK
from shared.values import utc_now
from shared.web import http
from shared.web.http import Request, Response

_ATTEMPTS = 5


class Following(NamedTuple):
    """One customer's page of what became of their feedback, in one language."""

    keys: Keys
    config: Config
    pages: Pages
    language: str

    def respond(self, request: Request, link: FollowLink, store: Store) -> Response:
        """Show what became of it (GET and HEAD change nothing), or take what its customer says of that."""
        story = self.story(store.partition(link.feedback_id))
        if story is None:
            raise LinkExpired("This feedback is no longer kept.")
        if not request.is_post:
            count("StoryViewed")
            return self._page(request, 200, link, story, asked=Asked(request.query.get("verdict", "")))
        try:
            status, found = self._said(request, link, store)
        except EarshotError as error:
            count(f"Refused{type(error).__name__}")
            return self._refused(request, link, story, error)
        if request.reads_json:
            return http.answer(request, 200, {"id": link.feedback_id, "status": status.value})
        return self._page(request, 200, link, story._replace(found=found), Status(self._thanks(found)))

    def story(self, items: Sequence[Mapping[str, Any]]) -> Story | None:
        """What lies in a feedback's partition as its customer reads it; None where it is not kept."""
        item = next((each for each in items if each["kind"] == FEEDBACK.kind), None)
        found = read_partition(items)
        if item is None:
            return None
        return Story(self.config, self.language, found.revision if found else read_item(item), found)

    def above(self, items: Sequence[Mapping[str, Any]]) -> str:
        """The same as HTML, for the page of the question that they answered; empty where nothing is kept."""
        story = self.story(items)
        link = FollowLink(story.revision.feedback.id) if story else None
        return story.section(link.path(self.keys), alone=False) if story and link else ""

    def _said(self, request: Request, link: FollowLink, store: Store) -> tuple[CaptureStatus, Found]:
        """Take what a request says, once, and return the case as it then is."""
        verdict, words, trapped = _read(request)
        now = utc_now()
        for _ in range(_ATTEMPTS):
            found = read_partition(store.partition(link.feedback_id))
            if found is None:
                raise CaseMoved("Nobody has to do anything about this: there is nothing to confirm.", field="verdict")
            change = hearing.pressed(found, verdict, words, Now(self.config, now))
            if change is None:
                count("VerdictRepeated")
                return CaptureStatus.REPEATED, found
            if trapped or Cases(store.client, store.table).move(change):
                count("VerdictTrapped" if trapped else "VerdictGiven")
                after = found._replace(case=change.case, timeline=(*found.timeline, change.entry))
                return CaptureStatus.AMENDED, after
        raise Unavailable("This is being changed from several sides at once; send it again in a moment.")

    def _thanks(self, found: Found) -> str:
        say = texts(self.language)
        if hearing.last_verdict(found) is Verdict.YES:
            return say["web.status_tell"]
        team = self.config.teams.get(found.feedback.team) or self.config.teams[self.config.default_team]
        return say["answer.again"].format(team=team.name, business=self.config.business.name)

    def _refused(self, request: Request, link: FollowLink, story: Story, error: EarshotError) -> Response:
        """What is wrong and what to do; a person's words stay in their field."""
        if request.reads_json:
            return http.refusal(request, error)
        kept = body.kept_words(request)
        name = {"verdict": "follow_choose", "text": "problem_comment"}.get(error.field or "")
        text = f"web.{name}" if name and error.code == InvalidInput.code else f"web.problem_{error.code}"
        asked = Asked(str(kept.get("verdict", "")), str(kept.get("text", "")))
        return self._page(request, error.status, link, story, Status(texts(self.language)[text], True), asked)

    def _page(
        self,
        request: Request,
        status: int,
        link: FollowLink,
        story: Story,
        said: Status = Status(),  # noqa: B008
        asked: Asked | None = None,
    ) -> Response:
        section = story.section(link.path(self.keys), alone=True, status=said, asked=asked)
        page = self.pages.whole(self.language, story.title, section)
        return http.page(request, status, page, self.pages.content_security_policy)


def _read(request: Request) -> tuple[Verdict, str, bool]:
    """The choice, the words, and whether a program filled what nobody sees; raises an `EarshotError`."""
    fields, trapped = body.posted(request)
    unknown = next((name for name in fields if name not in body.VERDICT_FIELDS), None)
    if unknown is not None:
        raise InvalidInput(f"{unknown[:64]!r} is not known; send {', '.join(body.VERDICT_FIELDS)}.", field=unknown[:64])
    verdict = fields.get("verdict")
    if verdict not in list(Verdict):
        raise InvalidInput(f"verdict must be one of {', '.join(Verdict)}.", field="verdict")
    return Verdict(verdict), body.words(fields.get("text") or "", "text"), trapped

"""A customer's own link to what became of their feedback, and what they say of it."""

import gzip
import html
import re
from collections.abc import Callable
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest

from shared.cases import changes
from shared.cases.cases import Cases
from shared.cases.changes import Change, Now
from shared.cases.hearing import pressed
from shared.config.model import Config
from shared.feedback.store import Store
from shared.ids import answer_id
from shared.keys.follow_links import FollowLink
from shared.languages.packs import LANGUAGES, texts
from shared.model.case import CaseState, Entry, Found, Move, Verdict
from shared.model.feedback import MAX_REVISIONS
from shared.table.items import FEEDBACK
from shared.values import utc_now
from tests.kit.factories import an_answer
from tests.kit.web_customer import Customer

ID = answer_id("a tap")
WORDS = "Charged twice <b>& told to wait."
DONE = "We paid it back & changed the till."
AMAL = "amal@fernleaf.example"
SECRET = "internal: the till is old"

Step = Callable[[Found, Now], Change]


@pytest.fixture
def cases(store: Store) -> Cases:
    return Cases(store.client, store.table)


class Team:
    """The people behind the case, who do one thing after another about it."""

    def __init__(self, cases: Cases, config: Config) -> None:
        self.cases = cases
        self.config = config

    @property
    def found(self) -> Found:
        found = self.cases.get(ID)
        assert found
        return found

    def does(self, *steps: Step) -> None:
        for step in steps:
            assert self.cases.move(step(self.found, Now(self.config, utc_now())))

    def resolves(self) -> None:
        self.does(lambda found, now: changes.resolve(found, AMAL, DONE, "page", None, now))


@pytest.fixture
def team(store: Store, cases: Cases, config: Config) -> Team:
    store.capture(an_answer(comment=WORDS, reasons=("price",)), config, utc_now() - timedelta(hours=1))
    return Team(cases, config)


@pytest.fixture
def follower(customer: Customer, capture_web: ModuleType) -> Customer:
    """The customer with their own link."""
    customer.link = FollowLink(ID).path(capture_web.keys)
    return customer


def sentences(page: str) -> list[str]:
    """The lines of the story, as they are read."""
    return [html.unescape(re.sub(r"<[^>]+>", " ", line)).strip() for line in re.findall(r"<li>(.*?)</li>", page)]


class TestReading:
    def test_the_whole_story_is_told_in_sentences(self, team: Team, follower: Customer) -> None:
        team.does(
            lambda found, now: changes.take(found, AMAL, "page", now),
            lambda found, now: changes.reply(found, AMAL, "We look into it.", "page", "m", now),
            lambda found, now: changes.pass_on(found, AMAL, "tills", SECRET, "page", now),
        )
        team.resolves()
        page = follower.opens()
        assert page.status == 200
        care, tills = (team.config.teams[each].name for each in ("care", "tills"))
        parts = (
            WORDS,
            f"reached {care}",
            f"in {care} has been seeing",
            f"{care} answered",
            f"passed on to {tills}",
            DONE,
        )
        for line, part in zip(sentences(page.text), parts, strict=True):
            assert part in line
        assert "We look into it." in sentences(page.text)[3]
        assert re.findall(r'name="verdict" value="([\w-]+)"', page.text) == ["yes", "partly", "not-yet"]

    def test_nothing_that_is_internal_is_shown(self, team: Team, follower: Customer) -> None:
        tomorrow = utc_now() + timedelta(days=1)
        team.does(
            lambda found, now: changes.take(found, AMAL, "page", now),
            lambda found, now: changes.blame(found, AMAL, SECRET, "page", now),
            lambda found, now: changes.snooze(found, AMAL, SECRET, tomorrow, "page", now),
            lambda found, now: changes.pass_on(found, AMAL, "tills", SECRET, "page", now),
            lambda found, now: changes.reply(found, AMAL, "Soon.", "page", "m", now),
            lambda found, now: changes.not_arrived(found, SECRET, "m", now),
            lambda found, now: changes.release(found, now),
        )
        page = follower.opens().text
        assert SECRET not in page
        assert not re.search(r"amal", page, re.IGNORECASE)
        assert len(sentences(page)) == 5, "said, received, taken, passed, answered"

    def test_only_a_remedy_that_was_carried_out_is_told(self, team: Team, follower: Customer) -> None:
        def remedy(what: Move) -> Step:
            return lambda found, now: changes.granted(
                found,
                Entry(at=now.at, who=AMAL, what=what, remedy="refund", amount=1250, currency="GBP", grant="g"),
                now,
            )

        team.does(remedy(Move.GRANT))
        assert "12.50" not in follower.opens().text
        team.does(remedy(Move.CARRIED_OUT))
        assert "12.50 GBP" in follower.opens().text

    def test_nobody_is_asked_before_it_is_done(self, team: Team, follower: Customer) -> None:
        assert "<form" not in follower.opens().text
        for reply in (follower.posts({"verdict": "yes"}), follower.posts({"verdict": "not-yet"})):
            assert (reply.status, reply.json["error"]["code"]) == (409, "case_moved")
        page = follower.submits({"verdict": "yes"})
        assert (page.status, texts("en")["web.problem_case_moved"] in page.text) == (409, True)
        assert team.found.case.moves == 0

    def test_who_needed_nobody_reads_that_it_arrived(self, store: Store, config: Config, follower: Customer) -> None:
        store.capture(an_answer(rating=5), config, utc_now())
        page = follower.opens()
        assert (page.status, len(sentences(page.text)), "<form" in page.text) == (200, 2, False)
        assert follower.posts({"verdict": "yes"}).status == 409

    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_looking_changes_nothing(self, team: Team, follower: Customer, method: str) -> None:
        team.resolves()
        before = follower.all_stored()
        assert follower.opens("?verdict=yes", method=method).status == 200
        assert follower.all_stored() == before

    def test_the_choice_of_a_tapped_link_is_marked(self, team: Team, follower: Customer) -> None:
        team.resolves()
        page = follower.opens("?verdict=partly").text
        assert re.findall(r'value="([\w-]+)" class="chosen"', page) == ["partly"]
        assert 'class="chosen"' not in follower.opens("?verdict=%22%3E").text

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_every_language_tells_it_within_the_budget(self, team: Team, follower: Customer, language: str) -> None:
        team.resolves()
        follower.submits({"verdict": "partly", "text": "Half."})
        page = follower.opens(f"?lang={language}")
        assert f'<html lang="{language}"' in page.text
        assert "{" not in page.text.split("</style>")[1]
        assert texts(language)["answer.fixed"] in page.text
        assert len(gzip.compress(page.content)) < 10_000


class TestLinks:
    def test_what_is_no_more_has_come_to_its_end(self, team: Team, follower: Customer) -> None:
        team.cases.table.delete(FEEDBACK.key(ID))
        assert follower.opens().status == 410
        assert follower.posts({"verdict": "yes"}).json["error"]["code"] == "link_expired"
        assert texts("en")["web.title_link_expired"] in follower.opens().text

    def test_a_forged_link_leads_nowhere(self, team: Team, follower: Customer) -> None:
        team.resolves()
        follower.link = follower.link[:-2] + ("aa" if follower.link[-2:] != "aa" else "bb")
        assert (follower.opens().status, follower.posts({"verdict": "yes"}).status) == (404, 404)
        assert team.found.case.state is CaseState.RESOLVED

    def test_it_opens_in_capitals_and_with_a_full_stop(self, team: Team, follower: Customer) -> None:
        follower.link = "/f/" + follower.link.removeprefix("/f/").upper() + "."
        assert follower.opens().status == 200


class TestVerdicts:
    @pytest.mark.parametrize(
        ("verdict", "state", "move"),
        [
            ("yes", CaseState.CONFIRMED, Move.CONFIRM),
            ("partly", CaseState.TAKEN, Move.REOPEN),
            ("not-yet", CaseState.TAKEN, Move.REOPEN),
        ],
    )
    @pytest.mark.parametrize("as_json", [True, False])
    def test_each_moves_the_case_once_with_the_words(
        self, team: Team, follower: Customer, verdict: str, state: CaseState, move: Move, as_json: bool
    ) -> None:
        team.resolves()
        said = {"verdict": verdict, "text": "Still\r\ncold."}
        replies = [(follower.posts if as_json else follower.submits)(said) for _ in range(2)]
        if as_json:
            assert [reply.json for reply in replies] == [
                {"id": ID, "status": "amended"},
                {"id": ID, "status": "repeated"},
            ]
        assert [reply.status for reply in replies] == [200, 200]
        case = team.found.case
        assert (case.state, case.moves, case.owner) == (state, 2, AMAL)
        last = team.found.timeline[-1]
        assert (last.what, last.who, last.way) == (move, "customer", "web")
        assert last.text == f"{texts('en')[f'answer.{verdict}']}: Still\ncold."

    def test_the_page_says_so_and_that_it_can_be_changed(self, team: Team, follower: Customer) -> None:
        team.resolves()
        page = follower.submits({"verdict": "not-yet", "text": "Cold."}).text
        assert "It is back with" in page
        assert texts("en")["web.follow_again"] in page
        again = follower.opens().text
        assert "not done yet" in sentences(again)[-1]
        assert "Not yet: Cold." in sentences(again)[-1]
        assert re.findall(r'value="([\w-]+)" class="chosen"', again) == ["not-yet"]

    def test_the_latest_choice_wins(self, team: Team, follower: Customer) -> None:
        team.resolves()
        states = []
        for verdict in ("not-yet", "yes", "partly", "not-yet", "yes"):
            assert follower.posts({"verdict": verdict}).json["status"] == "amended"
            states.append(team.found.case.state)
        assert states == [
            CaseState.TAKEN,
            CaseState.CONFIRMED,
            CaseState.TAKEN,
            CaseState.TAKEN,
            CaseState.CONFIRMED,
        ]
        assert team.found.timeline[-1].text == "Yes"

    def test_a_choice_can_be_made_anew_once_it_is_done_again(self, team: Team, follower: Customer) -> None:
        for _ in range(2):
            team.resolves()
            assert follower.posts({"verdict": "not-yet"}).json["status"] == "amended"
        assert [entry.what for entry in team.found.timeline] == [Move.RESOLVE, Move.REOPEN] * 2

    def test_who_is_undecided_for_ever_is_stopped(self, team: Team, follower: Customer) -> None:
        team.resolves()
        replies = [
            follower.posts({"verdict": "yes" if number % 2 else "not-yet"}) for number in range(MAX_REVISIONS + 1)
        ]
        assert [reply.status for reply in replies] == [200] * MAX_REVISIONS + [429]

    def test_somebody_else_who_is_quicker_is_no_reason_to_lose_it(
        self, team: Team, follower: Customer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        team.resolves()
        move = Cases.move
        calls: list[int] = []

        def slow(cases: Cases, change: Change, *others: Any) -> bool:
            if not calls:
                calls.append(1)
                other = changes.blame(team.found, AMAL, "A rule.", "page", Now(team.config, utc_now()))
                assert move(cases, other)
            return move(cases, change, *others)

        monkeypatch.setattr(Cases, "move", slow)
        assert follower.posts({"verdict": "not-yet"}).status == 200
        assert [entry.what for entry in team.found.timeline] == [Move.RESOLVE, Move.BLAME, Move.REOPEN]

    def test_who_is_never_first_keeps_the_words(
        self, team: Team, follower: Customer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        team.resolves()
        monkeypatch.setattr(Cases, "move", lambda *_: False)
        page = follower.submits({"verdict": "not-yet", "text": "Still <cold>"})
        assert (page.status, "Still &lt;cold&gt;</textarea>" in page.text) == (503, True)
        assert re.findall(r'value="([\w-]+)" class="chosen"', page.text) == ["not-yet"]

    def test_a_program_that_fills_every_field_sees_the_same_page_and_nothing_is_kept(
        self, team: Team, follower: Customer
    ) -> None:
        team.resolves()
        said = {"verdict": "yes", "text": "Buy now"}
        trapped = follower.submits({**said, "homepage": "https://spam.example"})
        assert team.found.case.moves == 1
        assert (trapped.status, trapped.text) == (200, follower.submits(said).text)

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"verdict": "maybe"}, "verdict"),
            ({"verdict": ["yes"]}, "verdict"),
            ({}, "verdict"),
            ({"verdict": "yes", "text": 5}, "text"),
            ({"verdict": "yes", "text": "a \u202e b \ud800"}, "text"),
            ({"verdict": "yes", "text": "x" * 5_001}, "text"),
            ({"verdict": "yes", "rating": 1}, "rating"),
            ('{"verdict": "yes", "verdict": "partly"}', "verdict"),
        ],
    )
    def test_what_cannot_be_taken_is_named_and_changes_nothing(
        self, team: Team, follower: Customer, body: Any, field: str
    ) -> None:
        team.resolves()
        reply = follower.posts(body)
        assert (reply.status, reply.json["error"]["field"]) == (422, field)
        assert team.found.case.moves == 1

    @pytest.mark.parametrize(
        "said", [{"text": "Mine & <yours>"}, {"verdict": "partly", "text": "Mine & <yours>" + "x" * 5000}]
    )
    def test_a_form_that_is_refused_keeps_the_words(self, team: Team, follower: Customer, said: dict[str, str]) -> None:
        team.resolves()
        page = follower.submits(said)
        assert (page.status, html.escape(said["text"]) in page.text) == (422, True)
        assert 'class="problem"' in page.text


class TestOwnQuestion:
    def test_a_personal_link_opened_again_shows_what_became_of_it(
        self, customer: Customer, cases: Cases, config: Config
    ) -> None:
        customer.given("checkout", ref="order-1234")
        assert 'class="story"' not in customer.opens().text
        id = customer.posts({"rating": 1, "comment": WORDS}).json["id"]
        found = cases.get(id)
        assert found
        assert cases.move(changes.resolve(found, AMAL, DONE, "page", None, Now(config, utc_now())))
        page = customer.opens().text
        assert html.escape(DONE) in page
        assert page.index('class="story"') < page.index('data-step="rate"')
        assert page.count("<main") == 1
        [action] = re.findall(r'action="(/f/[^"?]+)', page)
        customer.link = action
        assert customer.posts({"verdict": "yes"}).json == {"id": id, "status": "amended"}

    def test_the_question_is_asked_also_where_the_table_does_not_answer(
        self, customer: Customer, capture_web: ModuleType, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        customer.given("checkout", ref="order-1234")
        monkeypatch.setattr(capture_web, "store", Store(capture_web.store.client, "no-such-table"))
        assert customer.opens().status == 200

    def test_only_personal_links_are_looked_up(
        self, customer: Customer, capture_web: ModuleType, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[str] = []

        def partition(_: Store, feedback: str) -> list[Any]:
            asked.append(feedback)
            return []

        monkeypatch.setattr(Store, "partition", partition)
        customer.opens()
        assert asked == []
        customer.given("checkout", ref="order-1234")
        customer.opens()
        assert len(asked) == 1


class TestOffer:
    def test_a_program_is_told_where_an_answer_can_be_followed_if_it_asks(
        self, customer: Customer, config: Config
    ) -> None:
        said = {"rating": 1, "comment": WORDS}
        assert "follow" not in customer.posts(said).json
        customer.link += "?follow"
        url = customer.posts(said).json["follow"]
        assert url.startswith(f"{config.business.public_url}/f/")

    def test_an_answer_through_an_open_link_can_be_followed(self, customer: Customer) -> None:
        page = customer.submits({"rating": "1", "comment": WORDS}).text
        [path] = re.findall(r'class="follow" ><a href="(/f/[a-z0-9]{42})"', page)
        customer.link = path
        assert html.escape(WORDS) in customer.opens().text

    def test_a_personal_link_is_its_own_way_back(self, customer: Customer) -> None:
        customer.given("checkout", ref="order-1234")
        customer.posts({"rating": 1})
        assert re.search(r'class="follow" hidden', customer.submits({"rating": "1", "comment": WORDS}).text)


def test_no_choice_is_dropped_for_its_length(team: Team, config: Config) -> None:
    team.resolves()
    change = pressed(team.found, Verdict.PARTLY, "x" * 4_900, Now(config, utc_now()))
    assert change
    assert change.entry.text.endswith("x" * 4_900)

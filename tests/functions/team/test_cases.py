"""A team's inbox and its cases, and what is done about them on the page."""

import re
from datetime import datetime, timedelta
from types import ModuleType

import pytest
from markupsafe import escape

from shared.cases.cases import Cases
from shared.config.model import Config
from shared.customers.messages import Messages
from shared.feedback.store import Store
from shared.ids import answer_id
from shared.keys.case_links import CaseLink
from shared.keys.signing import Keys
from shared.model.case import CaseState, Found, Move
from shared.model.feedback import Channel, Customer
from shared.values import utc_now
from tests.functions.team.conftest import AMAL, PRIYA, Answer, Browser, sign_in
from tests.kit.factories import an_answer

ANA = Customer(name="Ana", phone="+447400123456")
WORDS = "Twenty minutes, one till open."
ID = answer_id("a tap")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def cases(store: Store) -> Cases:
    return Cases(store.client, store.table)


@pytest.fixture
def complaint(store: Store, config: Config) -> str:
    """Ana texted, a moment ago."""
    store.capture(an_answer(channel=Channel.SMS, comment=WORDS, customer=ANA), config, utc_now() - MINUTE)
    return ID


@pytest.fixture
def care(function: ModuleType) -> Browser:
    """Amal, signed in to the page of customer care."""
    browser = Browser(function)
    assert sign_in(browser, function, AMAL).status == 303
    return browser


def the_case(cases: Cases) -> Found:
    found = cases.get(ID)
    assert found
    return found


def act(browser: Browser, action: str, team: str = "tills", id: str = ID, **form: str) -> Answer:
    return browser.post(team, query={"feedback": id}, action=action, **form)


def fields(page: Answer) -> str:
    """What a form about the case says was seen."""
    found = re.search(r'name=seen value="(\d+)"', page.html)
    assert found
    return found[1]


class TestInbox:
    def test_what_waits_stands_first_the_oldest_due_at_the_top(
        self, tills: Browser, store: Store, config: Config, now: datetime
    ) -> None:
        for minutes, words in ((5, "second"), (0, "first"), (10, "third")):
            store.capture(an_answer(words, comment=words), config, now + minutes * MINUTE)
        text = tills.get("tills").text
        assert "Waiting for us first Checkout, leeds-3 · Waiting" in text
        assert text.index("first") < text.index("second") < text.index("third")

    def test_what_was_done_lately_stands_below_and_waits_no_more(
        self, tills: Browser, complaint: str, cases: Cases
    ) -> None:
        assert "Done lately" not in tills.get("tills").text
        act(tills, "resolve", text="We opened two more tills.")
        text = tills.get("tills").text
        assert "Nothing waits for you." in text
        assert text.index("Done lately") < text.index(WORDS)

    def test_a_choice_without_words_is_said_in_words_and_in_the_colour_of_its_mood(
        self, tills: Browser, store: Store, config: Config
    ) -> None:
        store.capture(an_answer(rating=1), config, utc_now())
        page = tills.get("tills")
        assert "Awful, the lowest of five faces" in page.text
        assert 'class="case unhappy"' in page.html

    def test_another_teams_cases_are_not_in_it(self, tills: Browser, store: Store, config: Config) -> None:
        store.capture(an_answer(comment=WORDS, reasons=("price",)), config, utc_now())
        assert WORDS not in tills.get("tills").text

    def test_the_routes_stand_behind_it(self, tills: Browser) -> None:
        assert "?routes=" in tills.get("tills").html
        page = tills.get("tills", routes="")
        assert "Routes of Tills and queues" in page.text
        assert "Waiting for us" not in page.text


class TestCase:
    def test_the_words_lead_then_who_where_when_due_and_owner(self, tills: Browser, complaint: str) -> None:
        act(tills, "take")
        text = tills.get("tills", feedback=ID).text
        labels = [WORDS, "Who Ana · +447400123456", "Where Checkout, leeds-3", "When", "Due", "Taken by Priya Nair"]
        assert [text.index(each) for each in labels] == sorted(text.index(each) for each in labels)

    def test_how_a_reply_will_reach_them_stands_there_before_anybody_types(
        self, tills: Browser, complaint: str, store: Store, config: Config
    ) -> None:
        page = tills.get("tills", feedback=ID)
        assert "An answer reaches them by text, at +447400123456." in page.text
        assert 'name=action value="reply"' in page.html
        store.capture(an_answer("mute", comment=WORDS), config, utc_now())
        page = tills.get("tills", feedback=answer_id("mute"))
        assert "They left no address" in page.text
        assert 'name=action value="reply"' not in page.html

    def test_what_is_no_case_is_read_and_cannot_be_acted_on(self, tills: Browser, store: Store, config: Config) -> None:
        store.capture(an_answer(rating=5), config, utc_now())
        page = tills.get("tills", feedback=ID)
        assert (page.status, "<button class=main>" in page.html) == (200, False)
        assert act(tills, "take").status == 404

    def test_an_unknown_one_is_said_so(self, tills: Browser) -> None:
        for id in ("nosuch", "../x", "A" * 70):
            assert tills.get("tills", feedback=id).status == 404
            assert act(tills, "take", id=id).status == 404


class TestActing:
    def test_who_takes_it_has_it_and_the_page_is_shown_by_a_get(
        self, tills: Browser, complaint: str, cases: Cases
    ) -> None:
        answer = act(tills, "take")
        assert (answer.status, answer.headers["Location"]) == (303, f"/t/tills?feedback={ID}")
        assert the_case(cases).case.owner == PRIYA
        assert "Priya Nair has taken it." in tills.get("tills", feedback=ID).text

    def test_a_reply_is_sent_once_and_its_receipt_stands_in_the_story(
        self, tills: Browser, complaint: str, cases: Cases, store: Store
    ) -> None:
        form = {"text": "Sorry! Two more tills open at noon.", "seen": fields(tills.get("tills", feedback=ID))}
        assert {act(tills, "reply", **form).status for _ in range(2)} == {303}
        [entry] = the_case(cases).timeline
        page = tills.get("tills", feedback=ID)
        assert "Priya Nair has answered. Sorry! Two more tills open at noon. On its way." in page.text
        messages = Messages(store.client, store.table)
        message = messages.get(str(entry.message))
        assert message
        messages.sent(message, "provider-1", utc_now())
        assert " Sent, " in tills.get("tills", feedback=ID).text
        messages.delivered(message.id, utc_now())
        assert " Arrived, " in tills.get("tills", feedback=ID).text
        messages.failed(message.id, "number unknown")
        assert "It did not arrive: number unknown" in tills.get("tills", feedback=ID).text

    def test_it_is_resolved_in_the_teams_own_words(self, tills: Browser, complaint: str, cases: Cases) -> None:
        assert act(tills, "resolve", text="Two more tills are open.").status == 303
        assert the_case(cases).case.state is CaseState.RESOLVED
        assert "the customer has not said whether it is fixed" in tills.get("tills", feedback=ID).text

    def test_it_is_passed_on_and_can_still_be_read_by_who_had_it(
        self, tills: Browser, care: Browser, complaint: str, cases: Cases
    ) -> None:
        assert act(tills, "pass", to="care", text="It is about a price.").status == 303
        page = tills.get("tills", feedback=ID)
        assert page.status == 200
        assert "Customer care has this now." in page.text
        assert "name=action" not in page.html.partition("<footer>")[0]
        assert "Take it" in care.get("care", feedback=ID).text
        refused = act(tills, "take")
        assert refused.status == 409
        assert the_case(cases).case.owner is None

    def test_praise_is_passed_on_to_whom_it_names(
        self, tills: Browser, store: Store, config: Config, cases: Cases
    ) -> None:
        store.capture(an_answer(rating=5, comment="Priya was wonderful!"), config, utc_now())
        page = tills.get("tills", feedback=ID)
        assert "Pass the thanks on" in page.text
        assert act(tills, "thank", to=PRIYA).status == 303
        [entry] = the_case(cases).timeline
        assert (entry.what, entry.to) == (Move.THANK, PRIYA)

    def test_a_rule_that_made_somebody_say_no_is_kept(self, tills: Browser, complaint: str, cases: Cases) -> None:
        assert act(tills, "rule", text="No refunds without a receipt.").status == 303
        assert the_case(cases).timeline[-1].what is Move.BLAME
        assert "had to say no because of a rule" in tills.get("tills", feedback=ID).text

    def test_it_is_put_off_with_a_reason_and_a_day(self, tills: Browser, complaint: str, cases: Cases) -> None:
        day = (utc_now() + timedelta(days=3)).date().isoformat()
        assert act(tills, "snooze", until=day, text="The part comes on Tuesday.").status == 303
        entry = the_case(cases).timeline[-1]
        assert (entry.what, str(entry.until)[:10] <= day) == (Move.SNOOZE, True)

    @pytest.mark.parametrize(
        ("action", "form", "status"),
        [
            ("reply", {"text": ""}, 422),
            ("resolve", {"text": "   "}, 422),
            ("pass", {"to": "nosuch", "text": "Yours, I think."}, 422),
            ("snooze", {"until": "soon", "text": "Later."}, 422),
            ("verdict", {"verdict": "yes"}, 422),
            ("save", {}, 422),
            ("", {}, 422),
        ],
    )
    def test_what_cannot_be_done_is_said_and_changes_nothing(
        self, tills: Browser, complaint: str, cases: Cases, action: str, form: dict[str, str], status: int
    ) -> None:
        before = the_case(cases)
        answer = act(tills, action, **form)
        assert answer.status == status
        assert "role=alert" in answer.html
        assert WORDS in answer.text
        assert the_case(cases) == before

    def test_who_comes_second_sees_what_the_first_did_and_keeps_what_they_typed(
        self, tills: Browser, complaint: str, cases: Cases, store: Store, config: Config
    ) -> None:
        seen = fields(tills.get("tills", feedback=ID))
        later = an_answer(channel=Channel.SMS, comment=f"{WORDS} And nobody cared.", customer=ANA)
        store.capture(later, config, utc_now())
        answer = act(tills, "reply", text="Sorry <b>& more</b>", seen=seen)
        assert answer.status == 409
        assert "And nobody cared." in answer.text
        assert ">Sorry &lt;b&gt;&amp; more&lt;/b&gt;</textarea>" in answer.html
        assert the_case(cases).timeline == ()
        again = act(tills, "reply", text="Sorry & more", seen=fields(answer))
        assert again.status == 303

    def test_what_was_typed_stands_in_the_form_that_was_sent_and_in_no_other(
        self, tills: Browser, complaint: str
    ) -> None:
        page = act(tills, "pass", to="nosuch", text="Yours, I think.")
        assert page.html.count("Yours, I think.") == 1
        assert '<details id="do-pass" open>' in page.html


class TestKey:
    def key(self, keys: Keys, team: str = "tills", id: str = ID, at: datetime | None = None) -> str:
        return CaseLink(team, id).token(keys, at or utc_now())

    def test_a_cards_key_shows_the_case_to_read_with_the_way_to_sign_in(
        self, browser: Browser, complaint: str, keys: Keys
    ) -> None:
        page = browser.get("tills", feedback=ID, key=self.key(keys))
        assert page.status == 200
        assert WORDS in page.text
        assert "What happened so far" in page.text
        assert "name=action" not in page.html
        hidden = dict(re.findall(r'<input type=hidden name="(\w+)" value="([^"]*)">', page.html))
        assert hidden == {"team": "tills", "feedback": ID}

    def test_nobody_acts_by_a_key(self, browser: Browser, complaint: str, keys: Keys, cases: Cases) -> None:
        before = the_case(cases)
        answer = browser.post("tills", query={"feedback": ID, "key": self.key(keys)}, action="take")
        assert answer.status == 401
        assert the_case(cases) == before

    def test_a_key_for_something_else_shows_nothing(
        self, browser: Browser, complaint: str, keys: Keys, store: Store, config: Config
    ) -> None:
        other = self.key(keys, id=answer_id("another"))
        for key, status in (
            (other, 404),
            (self.key(keys, team="care"), 404),
            (self.key(keys, at=utc_now() - timedelta(days=31)), 410),
            ("forged", 404),
            ("", 404),
        ):
            page = browser.get("tills", feedback=ID, key=key)
            assert page.status == status
            assert WORDS not in page.text
            assert "Mail me a link" in page.text

    def test_a_session_wins(self, tills: Browser, care: Browser, complaint: str, keys: Keys) -> None:
        assert tills.get("tills", feedback=ID, key="forged").status == 200
        assert care.get("tills", feedback=ID, key=self.key(keys)).status == 403


class TestNews:
    def test_where_nothing_is_new_nothing_is_sent(self, tills: Browser, complaint: str) -> None:
        for query in ({}, {"feedback": ID}):
            first = tills.get("tills", **query)
            etag = first.headers["ETag"]
            assert f'data-version="{escape(etag)}"' in first.html
            again = tills.get_if_new("tills", etag, **query)
            assert (again.status, again.html) == (304, "")
            weak = tills.get_if_new("tills", "W/" + etag, **query)
            assert weak.status == 304

    def test_what_a_colleague_does_is_new(self, tills: Browser, complaint: str) -> None:
        queries: list[dict[str, str]] = [{}, {"feedback": ID}]
        etags = [tills.get("tills", **query).headers["ETag"] for query in queries]
        act(tills, "take")
        for query, etag in zip(queries, etags, strict=True):
            page = tills.get_if_new("tills", etag, **query)
            assert (page.status, "Priya Nair" in page.text) == (200, True)
        assert 'data-news="Meanwhile: Priya Nair has taken it."' in page.html

    def test_what_became_of_a_message_is_new(self, tills: Browser, complaint: str, cases: Cases, store: Store) -> None:
        act(tills, "reply", text="Sorry!")
        etag = tills.get("tills", feedback=ID).headers["ETag"]
        Messages(store.client, store.table).delivered(str(the_case(cases).timeline[-1].message), utc_now())
        assert tills.get_if_new("tills", etag, feedback=ID).status == 200

    def test_what_someone_has_is_nobody_elses(self, tills: Browser, function: ModuleType, complaint: str) -> None:
        etag = tills.get("tills").headers["ETag"]
        other = Browser(function)
        assert other.get_if_new("tills", etag).status == 401

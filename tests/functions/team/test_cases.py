"""A team's inbox and its cases, and what is done about them on the page."""

import gzip
import random
import re
from datetime import datetime, timedelta
from html import unescape
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl

import boto3
import pytest
from markupsafe import escape

from shared.cases.cases import Cases
from shared.config.model import Config
from shared.customers.invitations import Invitations
from shared.customers.messages import Messages
from shared.feedback.store import Store
from shared.ids import answer_id
from shared.keys.case_links import CaseLink
from shared.keys.signing import Keys
from shared.languages.packs import LANGUAGES, texts
from shared.model.case import CaseState, Found, Move
from shared.model.feedback import Channel, Customer
from shared.model.invitation import Invitation, InvitationStatus
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
    return browser.post_to(team, {"feedback": id}, action=action, **form)


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
        assert "Waiting for us first Bad · Checkout, leeds-3 · Waiting" in text
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

    def test_what_is_sent_after_a_session_has_ended_is_not_lost(
        self, tills: Browser, complaint: str, cases: Cases, function: ModuleType
    ) -> None:
        tills.post("tills", action="sign_out")
        answer = act(tills, "reply", text="Sorry, Ana. <b>")
        assert answer.status == 401
        assert "was not sent" in answer.text
        assert ">Sorry, Ana. &lt;b&gt;</textarea>" in answer.html
        hidden = dict(re.findall(r'<input type=hidden name="(\w+)" value="([^"]*)">', answer.html))
        assert hidden == {"team": "tills", "feedback": ID}, "signing in leads back to it"
        assert the_case(cases).timeline == ()


class TestRemedies:
    def test_one_press_gives_what_the_file_authorises_and_says_how_much_is_left(
        self, tills: Browser, complaint: str, cases: Cases
    ) -> None:
        page = tills.get("tills", feedback=ID).text
        assert "a refund 20.00 GBP left" in page
        assert "a coffee 1 left" in page
        assert act(tills, "act", remedy="refund", amount="12.50").status == 303
        assert act(tills, "act", remedy="coffee").status == 303
        page = tills.get("tills", feedback=ID).text
        assert "Priya Nair has given a refund, 12.50 GBP." in page
        assert "a refund 7.50 GBP left" in page
        assert "a coffee Nothing is left" in page
        assert [entry.remedy for entry in the_case(cases).timeline] == ["refund", "coffee"]

    def test_more_than_is_left_is_refused_with_what_was_typed(
        self, tills: Browser, complaint: str, cases: Cases
    ) -> None:
        answer = act(tills, "act", remedy="refund", amount="20.01")
        assert answer.status == 422
        assert "20.00 GBP" in answer.text
        assert 'value="20.01"' in answer.html
        assert '<details id="do-act" open>' in answer.html.replace("id=do-act", 'id="do-act"')
        assert the_case(cases).timeline == ()

    def test_a_team_that_may_give_nothing_is_offered_nothing(
        self, function: ModuleType, store: Store, config: Config
    ) -> None:
        lena = Browser(function)
        sign_in(lena, function, "lena@fernleaf.example")
        store.capture(an_answer(touchpoint="website", rating=0, comment=WORDS), config, utc_now())
        page = lena.get("web", feedback=ID)
        assert (page.status, "Give something" in page.text) == (200, False)


class TestOthers:
    @pytest.fixture
    def voices(self, store: Store, config: Config, complaint: str) -> None:
        now = utc_now()
        store.capture(an_answer("1", comment="One of us."), config, now - timedelta(days=1))
        store.capture(an_answer("2", rating=5, comment="Lovely."), config, now - timedelta(days=6))
        store.capture(an_answer("3", comment="A price.", reasons=("price",)), config, now - timedelta(days=2))
        store.capture(an_answer("4", comment="Too old."), config, now - timedelta(days=8))
        store.capture(an_answer("5", comment="Elsewhere.", place="york-1"), config, now)
        store.capture(
            an_answer("6", touchpoint="delivery", comment="Another moment.", customer=Customer()), config, now
        )
        store.capture(an_answer("7", comment="Me again.", customer=ANA), config, now)

    def others(self, page: Answer) -> list[tuple[int, str]]:
        found = re.findall(r'href="(/t/\w+\?[^"]*since=[^"]*)">(\d+) at ', page.html)
        return [(int(number), unescape(link)) for link, number in found]

    @pytest.mark.usefixtures("voices")
    def test_the_numbers_open_exactly_the_voices_that_they_count(self, tills: Browser) -> None:
        (all_here, link), (same_moment, narrower) = self.others(tills.get("tills", feedback=ID))
        assert (all_here, same_moment) == (4, 3)
        for number, address in ((all_here, link), (same_moment, narrower)):
            page = tills.get("tills", **dict(parse_qsl(address.partition("?")[2])))
            assert page.html.count('<section class="voice') == number
            assert f"{number} in seven days" in page.text
            for words in ("Too old.", "Elsewhere.", "Me again.", WORDS):
                assert words not in page.text
        assert "Another moment." not in page.text
        assert "Lovely." in page.text

    @pytest.mark.usefixtures("voices")
    def test_in_a_business_that_is_not_open_only_the_teams_own_are_counted(
        self, tills: Browser, function: ModuleType, config: Config, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        closed = config.model_copy(update={"business": config.business.model_copy(update={"open": False})})
        monkeypatch.setattr(function.visits.desk._cases, "_config", closed)
        [(number, link), _] = self.others(tills.get("tills", feedback=ID))
        assert number == 2
        assert "A price." not in tills.get("tills", **dict(parse_qsl(link.partition("?")[2]))).text

    @pytest.mark.usefixtures("voices")
    def test_where_not_all_were_looked_at_it_says_so(self, tills: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("functions.team.cases.LOOK_AT", 2)
        page = tills.get("tills", feedback=ID)
        assert "Only the latest 2,000 were looked at." in page.text

    @pytest.mark.parametrize(
        "query", [{"since": "x", "until": "1"}, {"since": "1"}, {"since": "9" * 30, "until": "1"}, {"since": "-9" * 9}]
    )
    def test_a_list_that_nobody_offered_is_refused(self, tills: Browser, query: dict[str, str]) -> None:
        assert tills.get("tills", **query).status == 422


class TestStrangers:
    """Who is not signed in, and whatever opens all links and submits all forms."""

    def test_a_scanner_that_opens_every_link_and_submits_every_form_changes_nothing(
        self, browser: Browser, tills: Browser, complaint: str, keys: Keys, store: Store, function: ModuleType
    ) -> None:
        scanner = Browser(function)
        key = CaseLink("tills", ID).token(keys, utc_now())
        shown = tills.get("tills", feedback=ID)
        before = everything(store)
        for query in ({"feedback": ID}, {"feedback": ID, "key": key}, {}, {"routes": ""}):
            assert scanner.get("tills", **query).status in (200, 401)
            assert scanner.head("tills", **query).html == ""
        actions = set(re.findall(r'name=action value="(\w+)"', shown.html))
        assert actions == {
            "take",
            "reply",
            "resolve",
            "act",
            "pass",
            "rule",
            "snooze",
            "sign_out",
            "sign_out_everywhere",
        }
        for action in (*actions, "thank", "verdict"):
            form = {"text": "Sorry!", "to": "care", "remedy": "coffee", "until": "2099-01-01", "verdict": "yes"}
            for query in ({"feedback": ID}, {"feedback": ID, "key": key}):
                assert scanner.post_to("tills", query, action=action, **form).status == 401
        assert everything(store) == before

    def test_opening_pages_writes_nothing(self, tills: Browser, complaint: str, store: Store) -> None:
        before = everything(store)
        for query in ({}, {"feedback": ID}, {"since": "1", "until": "2"}, {"action": "take", "feedback": ID}):
            assert tills.get("tills", **query).status == 200
            assert tills.head("tills", **query).status == 200
        assert everything(store) == before

    def test_a_form_of_another_site_does_nothing(self, tills: Browser, complaint: str, cases: Cases) -> None:
        before = the_case(cases)
        for origin in ("https://evil.example", None):
            assert tills.post_to("tills", {"feedback": ID}, origin=origin, action="take").status == 403
        assert tills.post_to("tills", {"feedback": ID}, media_type="text/plain", action="take").status == 415
        assert the_case(cases) == before

    def test_another_teams_member_can_do_nothing_here(self, care: Browser, complaint: str, cases: Cases) -> None:
        assert act(care, "take").status == 403
        assert act(care, "take", team="care").status == 404, "nor is said whose it is"
        assert the_case(cases).timeline == ()

    def test_who_was_removed_meanwhile_is_asked_to_sign_in(
        self, tills: Browser, function: ModuleType, complaint: str, config: Config, cases: Cases
    ) -> None:
        others = {id: team for id, team in config.teams.items() if id != "tills"}
        left = config.model_copy(update={"teams": others})
        function.visits.members._config = left
        assert act(tills, "take").status == 401
        assert tills.get("tills", feedback=ID).status == 401
        assert the_case(cases).timeline == ()

    def test_of_a_team_that_was_removed_is_said_so(
        self, browser: Browser, care: Browser, function: ModuleType, complaint: str, config: Config, keys: Keys
    ) -> None:
        left = config.model_copy(update={"teams": {id: team for id, team in config.teams.items() if id != "tills"}})
        function.visits.members._config = function.visits.desk._cases._config = left
        page = care.get("tills", feedback=ID)
        assert (page.status, "There is no such team." in page.text) == (403, True)
        page = browser.get("tills", feedback=ID, key=CaseLink("tills", ID).token(keys, utc_now()))
        assert (page.status, WORDS in page.text) == (410, False)
        assert "Mail me a link" in page.text

    def test_leads_and_the_chief_customer_officer_act_like_everybody_else(
        self, browser: Browser, function: ModuleType, complaint: str, config: Config, cases: Cases
    ) -> None:
        business = config.business.model_copy(update={"chief": "Chief@fernleaf.example"})
        changed = config.model_copy(update={"business": business})
        function.visits.members._config = function.visits.desk._work._config = changed
        assert sign_in(browser, function, "chief@fernleaf.example").status == 303
        assert act(browser, "take").status == 303
        assert the_case(cases).case.owner == "chief@fernleaf.example"

    @pytest.mark.parametrize(
        "words", ["<script>alert(1)</script>", "\u202egnorw", "\u2067x", '"><img src=x onerror=a>']
    )
    def test_what_customers_write_is_text_and_turns_nothing_around_it(
        self, tills: Browser, store: Store, config: Config, words: str
    ) -> None:
        evil = an_answer(comment=words, place=words, customer=Customer(name=words, email="ana@example.org"))
        store.capture(evil, config, utc_now())
        act(tills, "rule", text=words)
        for query in ({}, {"feedback": ID}):
            html = tills.get("tills", **query).html
            assert "<script>alert" not in html
            assert "<img" not in html
            for line in re.findall(r"<dd.*?</dd>|<title>.*?</title>|<h1.*?</h1>|<span class=.quiet.*?</span>", html):
                assert not {"\u202e", "\u2067"} & set(line)


def everything(store: Store) -> list[Any]:
    """All items of the main table but for the sessions."""
    items = boto3.client("dynamodb").scan(TableName=store.table)["Items"]
    return sorted((item for item in items if not item["pk"]["S"].startswith("U#")), key=str)


def test_fifty_cases_with_long_words_are_a_page_of_thirty_kilobytes_at_most(
    tills: Browser, store: Store, config: Config
) -> None:
    for number in range(60):
        rng = random.Random(number)  # noqa: S311  # no secret
        words = " ".join("".join(rng.choices("abcdefghijklmnoprstuvw", k=rng.randint(2, 9))) for _ in range(300))
        store.capture(an_answer(str(number), comment=words), config, utc_now() - number * MINUTE)
    page = tills.get("tills")
    assert page.html.count('class="case ') == 50
    assert len(gzip.compress(page.html.encode())) <= 30_000


def test_the_invitation_that_it_came_by_stands_in_its_story(tills: Browser, store: Store, config: Config) -> None:
    asked = Invitation(
        id="0123456789abcdef",
        status=InvitationStatus.SENT,
        reason=None,
        touchpoint="checkout",
        place="leeds-3",
        channel=Channel.SMS,
        language="en",
        customer=ANA,
        requested_at=utc_now() - timedelta(hours=2),
        expires_at=utc_now() + timedelta(days=2),
    )
    assert store.transact(Invitations(store.client, store.table).saving(asked, None))
    store.capture(an_answer(comment=WORDS, customer=Customer(ref=asked.id)), config, utc_now())
    assert "They were asked by text." in tills.get("tills", feedback=ID).text
    store.capture(an_answer("alone", comment=WORDS), config, utc_now())
    assert "They were asked" not in tills.get("tills", feedback=answer_id("alone")).text


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_is_a_sentence_for_everything_that_can_happen_to_a_case(language: str) -> None:
    missing = [move for move in Move if f"case.did_{move.value.replace('-', '_')}" not in texts(language)]
    assert missing == []


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
        answer = browser.post_to("tills", {"feedback": ID, "key": self.key(keys)}, action="take")
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

    def test_it_is_new_that_something_is_overdue(
        self, tills: Browser, complaint: str, cases: Cases, function: ModuleType, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now = utc_now()
        due = the_case(cases).case.due_at
        assert due
        monkeypatch.setattr("functions.team.desk._FRESH", 10**9)  # nothing is new for the time alone
        queries: tuple[dict[str, str], ...] = ({}, {"feedback": ID})
        etags = [tills.get("tills", **query).headers["ETag"] for query in queries]
        monkeypatch.setattr(function, "utc_now", lambda: now + MINUTE)
        for query, etag in zip(queries, etags, strict=True):
            assert tills.get_if_new("tills", etag, **query).status == 304
        monkeypatch.setattr(function, "utc_now", lambda: due)
        for query, etag in zip(queries, etags, strict=True):
            page = tills.get_if_new("tills", etag, **query)
            assert (page.status, "Overdue since" in page.text) == (200, True)

    def test_what_became_of_a_message_is_new(self, tills: Browser, complaint: str, cases: Cases, store: Store) -> None:
        act(tills, "reply", text="Sorry!")
        etag = tills.get("tills", feedback=ID).headers["ETag"]
        Messages(store.client, store.table).delivered(str(the_case(cases).timeline[-1].message), utc_now())
        assert tills.get_if_new("tills", etag, feedback=ID).status == 200

    def test_what_someone_has_is_nobody_elses(self, tills: Browser, function: ModuleType, complaint: str) -> None:
        etag = tills.get("tills").headers["ETag"]
        other = Browser(function)
        assert other.get_if_new("tills", etag).status == 401

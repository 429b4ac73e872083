"""Who gets in: the people listed for a team, by a link that works once, for a session that can be ended."""

import importlib
import json
import re
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from shared.keys.sessions import LINKS_AT_ONCE
from tests.functions.team.conftest import AMAL, PRIYA, Browser, mail_links, mails, sign_in


def test_a_listed_address_is_mailed_a_link_that_signs_in(browser: Browser, function: ModuleType) -> None:
    answer = browser.post("sign_in", email=f" {PRIYA.upper()} ")
    assert "If that address is listed" in answer.text
    [mail] = mails()
    assert mail.destinations == {"ToAddresses": [PRIYA]}
    token = re.search(r"https://feedback\.fernleaf\.example/t/([\w.-]+)", mail.body)
    assert token

    opened = browser.get(token[1])
    assert (opened.status, "sign in as priya@fernleaf.example" in opened.text) == (200, True)
    assert browser.cookie == "", "scanners open links too"
    entered = browser.post(token[1])
    assert (entered.status, entered.headers["Location"]) == (303, "/t/tills")
    assert browser.get("tills").status == 200


def test_nobody_is_told_whether_an_address_is_listed(browser: Browser) -> None:
    listed, unlisted = browser.post("sign_in", email=AMAL), browser.post("sign_in", email="mallory@example.com")
    assert (listed.status, listed.html) == (unlisted.status, unlisted.html)
    assert len(mails()) == 1


def test_the_work_behind_the_answer_tells_nobody_either(
    browser: Browser, function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page does one thing for every address, which is to queue it; so nothing has to be waited for."""
    asked: list[str] = []

    class Queue:
        def send_message(self, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803 - the SDK's names
            asked.append(json.loads(MessageBody)["email"])

    monkeypatch.setattr(function.door, "_client", Queue())
    monkeypatch.setattr(function.sessions, "_table", None)
    for email in (PRIYA, "nobody@fernleaf.example"):
        assert browser.post("sign_in", email=email).status == 200
    assert asked == [PRIYA, "nobody@fernleaf.example"]


@pytest.mark.parametrize(
    "typed",
    ["", "no address", "a@b.example\r\nBcc: c@d.example", "\x00", "\ufffe", "ö@ö.example", "a" * 60_000 + "@b.example"],
)
def test_what_is_no_address_is_answered_alike_and_mails_nothing(browser: Browser, typed: str) -> None:
    assert browser.post("sign_in", email=typed).status == 200
    assert mails() == []


class FailingMails:
    """SES, where it does not answer."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def send_email(self, **request: Any) -> None:
        raise self.error


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "MessageRejected", "Message": "priya is not verified"}}, "SendEmail"),
        EndpointConnectionError(endpoint_url="https://email.eu-west-1.amazonaws.com"),
    ],
)
def test_a_link_that_could_not_be_mailed_is_counted_tried_again_and_told_to_nobody(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    sign_in_module = importlib.import_module("functions.team.sign_in")
    with monkeypatch.context() as outage:
        outage.setattr(sign_in_module.links, "_client", FailingMails(error))
        for _ in range(LINKS_AT_ONCE + 1):
            listed, unlisted = browser.post("sign_in", email=PRIYA), browser.post("sign_in", email="m@example.com")
            assert (listed.status, listed.html) == (unlisted.status, unlisted.html)
            assert len(mail_links()) == 1
    printed = capsys.readouterr().out
    assert '"SignInLinkFailed":[1.0]' in printed
    assert "priya" not in printed
    browser.post("sign_in", email=PRIYA)
    assert len(mails()) == 1, "those that never left count for nothing"


def test_a_queue_that_takes_nothing_is_said_to_everybody(
    browser: Browser, function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(function.door, "_queue_url", f"{function.door._queue_url}-gone")
    for email in (PRIYA, "mallory@example.com"):
        assert browser.post("sign_in", email=email).status == 503


def test_a_table_that_does_not_answer_is_said_on_a_page(
    tills: Browser, function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = function.sessions.link(PRIYA, function.utc_now())
    monkeypatch.setattr(function.sessions._table, "name", "no-such-table")
    for answer in (tills.get("tills"), tills.post("tills", action="pause", id="x"), tills.post(token)):
        assert (answer.status, "One moment, please" in answer.text) == (503, True)


def test_whatever_others_ask_for_the_owner_has_a_link_that_works(
    browser: Browser, function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    links = importlib.import_module("functions.team.sign_in").links
    began = function.utc_now()
    for minute in range(0, 120, 4):  # somebody asks for Priya's links all the time
        now = began + timedelta(minutes=minute)
        monkeypatch.setattr(links, "_clock", lambda now=now: now)
        for _ in range(2):
            browser.post("sign_in", email=PRIYA)
        mailed = mails()
        [token] = re.findall(r"/t/([\w.-]+)", mailed[-1].body.partition("</a>")[0])[:1]
        assert function.sessions.read_link(token, now).email == PRIYA
    assert len(mailed) <= (120 / 10 + 1) * LINKS_AT_ONCE


def test_a_link_works_once(browser: Browser, function: ModuleType) -> None:
    token = function.sessions.link(PRIYA, function.utc_now())
    assert browser.post(token).status == 303
    browser.cookie = ""
    again = browser.post(token)
    assert (again.status, "used before" in again.text) == (410, True)
    assert browser.cookie == ""


def test_a_used_link_works_no_more_after_signing_out(browser: Browser, function: ModuleType) -> None:
    token = function.sessions.link(PRIYA, function.utc_now())
    browser.post(token)
    browser.post("tills", action="sign_out")
    assert browser.post(token).status == 410


def test_a_link_expires_and_a_tampered_one_is_none(browser: Browser, function: ModuleType) -> None:
    old = function.sessions.link(PRIYA, function.utc_now() - timedelta(minutes=16))
    assert browser.post(old).status == 410
    assert browser.get(f"x{old}").status == 404
    customers = function.sessions._keys.dumps("link", ["checkout", "", "", 4_000_000_000])
    assert browser.post(customers).status == 404
    assert browser.cookie == ""


def test_without_a_session_there_is_only_the_way_in(browser: Browser) -> None:
    for answer in (browser.get("tills"), browser.post("tills", action="remove", id="x")):
        assert (answer.status, "Mail me a link" in answer.text) == (401, True)


def test_a_session_ends_by_itself(browser: Browser, function: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in(browser, function, PRIYA)
    later = function.utc_now() + timedelta(hours=9)
    monkeypatch.setattr(function, "utc_now", lambda: later)
    assert browser.get("tills").status == 401


def test_signing_out_ends_the_session_even_for_a_copied_cookie(tills: Browser) -> None:
    copied = tills.cookie
    assert tills.post("tills", action="sign_out").headers["Location"] == "/t/sign_in"
    assert tills.cookie == "earshot_session="
    tills.cookie = copied
    assert tills.get("tills").status == 401


def test_signing_out_everywhere_ends_all_sessions_of_that_person_only(function: ModuleType, tills: Browser) -> None:
    other, amal = Browser(function), Browser(function)
    sign_in(other, function, PRIYA)
    sign_in(amal, function, AMAL)
    tills.post("tills", action="sign_out_everywhere")
    assert (other.get("tills").status, amal.get("care").status) == (401, 200)


def test_signing_out_everywhere_revokes_the_links_that_were_mailed_before(function: ModuleType, tills: Browser) -> None:
    now = function.utc_now()
    before, of_amal = function.sessions.link(PRIYA, now), function.sessions.link(AMAL, now)
    tills.post("tills", action="sign_out_everywhere")
    other = Browser(function)
    for reason in ("signed out everywhere since", "used before"):
        refused = other.post(before)
        assert (refused.status, reason in refused.text, other.cookie) == (410, True, "")
    assert Browser(function).post(of_amal).status == 303
    after = function.sessions.link(PRIYA, function.utc_now() + timedelta(milliseconds=1))
    assert other.post(after).status == 303
    assert other.get("tills").status == 200


def test_a_link_that_is_opened_while_its_owner_signs_out_everywhere_leaves_no_session(
    function: ModuleType, tills: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, now = function.sessions.link(PRIYA, function.utc_now()), function.utc_now()
    look = function.sessions._table.get

    class Meanwhile:
        """The table, in which the owner signs out between any look and what follows."""

        def __getattr__(self, name: str) -> Any:
            return getattr(table, name)

        def get(self, key: Any) -> Any:
            found = look(key)
            monkeypatch.setattr(function.sessions, "_table", table)
            function.sessions.end_all(PRIYA, now + timedelta(seconds=1))
            return found

    table = function.sessions._table
    monkeypatch.setattr(function.sessions, "_table", Meanwhile())
    other = Browser(function)
    other.post(token)
    assert other.get("tills").status == 401


def test_who_is_no_longer_listed_is_out_at_once(
    tills: Browser, function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = function.config.model_copy(
        update={"teams": {id: team for id, team in function.config.teams.items() if id != "tills"}}
    )
    monkeypatch.setattr(function.door, "_config", without)
    assert tills.get("tills").status == 401


def test_a_forged_cookie_is_no_session(browser: Browser, tills: Browser) -> None:
    name, _, value = tills.cookie.partition("=")
    browser.cookie = f"{name}=x{value}"
    assert browser.get("tills").status == 401


def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites_forms(browser: Browser, function: ModuleType) -> None:
    [cookie] = sign_in(browser, function, PRIYA).cookies
    assert cookie.endswith("; Path=/t/; Max-Age=28800; HttpOnly; SameSite=Lax; Secure")


def test_a_form_on_another_site_is_refused(tills: Browser) -> None:
    answer = tills.post("tills", origin="https://evil.example", action="sign_out_everywhere")
    assert answer.status == 403
    assert tills.get("tills").status == 200


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://[", "null", "https://feedback.fernleaf.example.evil"]
)
def test_nobody_is_signed_in_from_another_site(browser: Browser, function: ModuleType, origin: str) -> None:
    token = function.sessions.link(PRIYA, function.utc_now())
    refused = browser.post(token, origin=origin)
    assert (refused.status, browser.cookie) == (403, "")
    assert browser.post("sign_in", origin=origin, email=PRIYA).status == 403
    assert mails() == []
    assert browser.post(token).status == 303, "the link is not used up"


def test_a_link_of_someone_no_longer_listed_says_so_and_is_not_used_up(
    browser: Browser, function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = function.sessions.link(PRIYA, function.utc_now())
    teams = {id: team for id, team in function.config.teams.items() if id != "tills"}
    listed = function.config
    monkeypatch.setattr(function.door, "_config", listed.model_copy(update={"teams": teams}))
    for answer in (browser.get(token), browser.post(token)):
        assert (answer.status, "not listed for a team any more" in answer.text) == (410, True)
    assert browser.cookie == ""
    monkeypatch.setattr(function.door, "_config", listed)
    assert browser.post(token).status == 303


def test_no_page_is_kept_framed_or_indexed_or_runs_a_script(tills: Browser) -> None:
    answer = tills.get("tills")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy
    assert "script" not in policy + answer.html

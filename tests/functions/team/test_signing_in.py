"""Who gets in: the people listed for a team, by a link that works once, for a session that can be ended."""

import re
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from shared.sessions import LINKS_PER_HOUR
from tests.functions.team.conftest import AMAL, PRIYA, Browser, mails, sign_in


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


def test_the_time_that_it_takes_tells_nobody_either(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("functions.team.door.ANSWERS_AFTER_SECONDS", 100.0)
    monkeypatch.setattr("functions.team.door.time.sleep", waited.append)
    for email in ("priya@fernleaf.example", "nobody@fernleaf.example"):
        browser.post("sign_in", email=email)
    assert [0 < seconds <= 100 for seconds in waited] == [True, True]


@pytest.mark.parametrize("typed", ["", "no address", "a@b.example\r\nBcc: c@d.example", "\x00", "ö@ö.example"])
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
        None,
    ],
)
def test_nobody_is_told_whether_an_address_is_listed_by_what_fails(
    browser: Browser,
    function: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception | None,
) -> None:
    if error is None:
        monkeypatch.setattr(function.sessions, "_table", "no-such-table")
    else:
        monkeypatch.setattr(function.door, "_client", FailingMails(error))
    listed, unlisted = browser.post("sign_in", email=PRIYA), browser.post("sign_in", email="mallory@example.com")
    assert (listed.status, listed.html) == (unlisted.status, unlisted.html)
    assert '"SignInLinkFailed":[1.0]' in capsys.readouterr().out


def test_a_table_that_does_not_answer_is_said_on_a_page(
    tills: Browser, function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = function.sessions.link(PRIYA, function.utc_now())
    monkeypatch.setattr(function.sessions, "_table", "no-such-table")
    for answer in (tills.get("tills"), tills.post("tills", action="pause", id="x"), tills.post(token)):
        assert (answer.status, "One moment, please" in answer.text) == (503, True)


def test_an_address_gets_five_links_an_hour(
    browser: Browser, function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = function.utc_now()
    monkeypatch.setattr(function, "utc_now", lambda: now)
    for _ in range(LINKS_PER_HOUR + 2):
        browser.post("sign_in", email=PRIYA)
    assert len(mails()) == LINKS_PER_HOUR


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

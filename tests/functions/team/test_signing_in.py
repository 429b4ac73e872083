"""Who gets in: the people listed for a team, by a link that works once, for a session that can be ended."""

import base64
import importlib
import math
import re
from datetime import timedelta
from hashlib import sha256
from types import ModuleType
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from shared.keys.sessions import CODES_PER_LINK, LINKS_AT_ONCE
from shared.keys.sessions import Browser as Asking
from tests.functions.team.conftest import (
    AMAL,
    BROWSER_COOKIE,
    PRIYA,
    SESSION_COOKIE,
    SITE,
    Browser,
    asked_by,
    mail_links,
    mails,
    sign_in,
)
from tests.kit.factories import a_context


def test_a_listed_address_is_mailed_a_link_that_signs_in(browser: Browser, function: ModuleType) -> None:
    answer = browser.post("sign_in", email=f" {PRIYA.upper()} ")
    assert "If that address is listed" in answer.text
    [mail] = mails()
    assert mail.destinations == {"ToAddresses": [PRIYA]}
    token = re.search(r"https://feedback\.fernleaf\.example/t/([\w.-]+)", mail.body)
    assert token

    opened = browser.get(token[1])
    assert (opened.status, "sign in as priya@fernleaf.example" in opened.text) == (200, True)
    assert browser.session == "", "scanners open links too"
    entered = browser.post(token[1])
    assert (entered.status, entered.headers["Location"]) == (303, "/t/tills")
    assert browser.get("tills").status == 200


def test_nobody_is_told_whether_an_address_is_listed(browser: Browser) -> None:
    listed, unlisted = browser.post("sign_in", email=AMAL), browser.post("sign_in", email="mallory@example.com")
    assert (listed.status, listed.html) == (unlisted.status, unlisted.html)
    assert len(mails()) == 1


class Queues:
    """SQS, and what was sent to it."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    def send_message(self, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803 - the SDK's names
        self.sent.append((QueueUrl, MessageBody))


def test_the_work_behind_the_answer_tells_nobody_either(
    browser: Browser, function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page makes one call, of one size, for every address; so nothing has to be waited for."""
    queues = Queues()
    monkeypatch.setattr(function.visits.members, "_client", queues)
    monkeypatch.setattr(function.visits.sessions, "_table", None)
    for email in (PRIYA, "nobody@fernleaf.example"):
        assert browser.post("sign_in", email=email.ljust(30)).status == 200
    assert [url.rpartition("/")[2] for url, _ in queues.sent] == ["sign-ins", "unlisted"]
    assert len(queues.sent[0][1]) - len(PRIYA) == len(queues.sent[1][1]) - len("nobody@fernleaf.example")
    assert "nobody" not in queues.sent[1][1], "addresses of strangers are not kept"


def test_a_flood_of_unlisted_addresses_is_no_work_for_what_mails_a_genuine_link(browser: Browser) -> None:
    """Once, 110 of them a second held a genuine link back for half a minute."""
    for number in range(200):
        assert browser.post("sign_in", email=f"{number}@example.com").status == 200
    browser.post("sign_in", email=PRIYA)
    sqs = boto3.client("sqs")
    waiting = sqs.get_queue_attributes(
        QueueUrl=sqs.get_queue_url(QueueName="sign-ins")["QueueUrl"], AttributeNames=["ApproximateNumberOfMessages"]
    )
    assert waiting["Attributes"]["ApproximateNumberOfMessages"] == "1"
    assert [mail.destinations["ToAddresses"] for mail in mails()] == [[PRIYA]]


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
    for queue in ("_listed_queue_url", "_unlisted_queue_url"):
        url = getattr(function.visits.members, queue)
        monkeypatch.setattr(function.visits.members, queue, f"{url}-gone")
    for email in (PRIYA, "mallory@example.com"):
        assert browser.post("sign_in", email=email).status == 503


def test_a_table_that_does_not_answer_is_said_on_a_page(
    tills: Browser, function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = asked_by(tills, function, PRIYA)
    monkeypatch.setattr(function.visits.sessions._table, "name", "no-such-table")
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
        assert function.visits.sessions.read_link(token, now).email == PRIYA
    assert len(mailed) <= (120 / 10 + 1) * LINKS_AT_ONCE


def test_a_link_works_once(browser: Browser, function: ModuleType) -> None:
    token = asked_by(browser, function, PRIYA)
    assert browser.post(token).status == 303
    del browser.jar[SESSION_COOKIE]
    again = browser.post(token)
    assert (again.status, "used before" in again.text) == (410, True)
    assert browser.session == ""


def test_a_used_link_works_no_more_after_signing_out(browser: Browser, function: ModuleType) -> None:
    token = asked_by(browser, function, PRIYA)
    browser.post(token)
    browser.post("tills", action="sign_out")
    assert browser.post(token).status == 410


def test_a_link_expires_and_a_tampered_one_is_none(browser: Browser, function: ModuleType) -> None:
    old = asked_by(browser, function, PRIYA, function.utc_now() - timedelta(minutes=16))
    assert browser.post(old).status == 410
    assert browser.get(f"x{old}").status == 404
    for_customers = function.visits.sessions._keys.dumps("link", ["checkout", "", "", 4_000_000_000])
    assert browser.post(for_customers).status == 404
    assert browser.session == ""


@pytest.mark.parametrize(
    "payload",
    [
        *([], None, 7, "text", {"email": PRIYA}, [PRIYA], [PRIYA, 1], [None, "x"], [1e18, math.inf]),
        *([PRIYA, "x" * 16, each] for each in (1e18, math.inf, math.nan, 4_000_000_000)),
    ],
)
def test_what_was_signed_in_another_shape_is_no_link_and_no_session(
    browser: Browser, function: ModuleType, payload: object
) -> None:
    dumps = function.visits.sessions._keys.dumps
    assert browser.post(dumps("sign-in", payload)).status == 404
    browser.jar[SESSION_COOKIE] = dumps("session", payload)
    assert browser.get("tills").status == 401


def test_a_signed_link_that_was_never_mailed_opens_nothing(browser: Browser, function: ModuleType) -> None:
    """Whatever time it says that it works: a link of 28 years was once honoured."""
    token = function.visits.sessions._keys.dumps("sign-in", [PRIYA, "0123456789abcdef"])
    assert (browser.get(token).status, browser.post(token).status, browser.session) == (410, 410, "")


def asks(browser: Browser, email: str) -> tuple[str, str]:
    """Ask for a link on the page: the code that it shows, and the token that is mailed."""
    code = re.search(r"\b\d{6}\b", browser.post("sign_in", email=email).text)
    token = re.search(r"https://feedback\.fernleaf\.example/t/([\w.-]+)", mails()[-1].body)
    assert code
    assert token
    return code[0], token[1]


def test_a_scanner_that_presses_the_button_is_not_signed_in_and_uses_nothing_up(
    browser: Browser, function: ModuleType
) -> None:
    _, token = asks(browser, PRIYA)
    scanner = Browser(function)
    for _ in range(20):
        assert scanner.get(token).status == 200
        pressed = scanner.post(token)
        assert (pressed.status, "Type the 6 digits" in pressed.text, scanner.session) == (422, True, "")
    for code in (f"{number:06d}" for number in range(20)):
        scanner.post(token, code=code)
    assert scanner.session == ""
    assert browser.post(token).status == 303


@pytest.mark.parametrize("spelling", ["{}", " {} ", "in two", "arabic"])
def test_elsewhere_the_code_of_the_asking_page_opens_the_link(
    browser: Browser, function: ModuleType, spelling: str
) -> None:
    code, token = asks(browser, PRIYA)
    typed = {
        "in two": f"{code[:3]} {code[3:]}",
        "arabic": "".join(chr(ord("\u0660") + int(digit)) for digit in code),
    }.get(spelling, spelling.format(code))
    phone = Browser(function)
    assert "name=code" in phone.get(token).html
    assert phone.post(token, code=typed).headers["Location"] == "/t/tills"
    assert phone.get("tills").status == 200
    assert browser.post(token).status == 410, "it works once"


def test_codes_can_be_tried_a_few_times_only(browser: Browser, function: ModuleType) -> None:
    code, token = asks(browser, PRIYA)
    thief = Browser(function)
    wrong = [f"{(int(code) + more) % 10**6:06d}" for more in range(1, CODES_PER_LINK + 1)]
    assert {thief.post(token, code=each).status for each in wrong} == {422}
    refused = thief.post(token, code=code)
    assert (refused.status, "Too many wrong codes" in refused.text, thief.session) == (410, True, "")
    assert browser.post(token).status == 303, "the browser that asked needs no code"


def test_who_asks_for_another_persons_link_has_no_use_for_the_code(browser: Browser, function: ModuleType) -> None:
    """They have a code and no mail; its owner has the mail, and signs in nobody but herself."""
    stranger = Browser(function)
    code, token = asks(stranger, PRIYA)
    assert "name=code" in browser.get(token).html
    browser.post(token, code=code)
    assert (browser.session != "", stranger.session) == (True, "")


def test_a_browser_that_asks_twice_opens_both_links(browser: Browser) -> None:
    (code, first), (same, second) = asks(browser, PRIYA), asks(browser, PRIYA)
    assert (code, first) == (same, first) != (same, second)
    assert browser.post(first).status == 303
    assert browser.post(second).status == 303


@pytest.mark.parametrize("junk", ["", "x", "x" * 9_000, "ü" * 22, "\x00" * 22])
def test_a_cookie_that_is_none_of_ours_is_replaced(browser: Browser, junk: str) -> None:
    browser.jar[BROWSER_COOKIE] = junk
    _, token = asks(browser, PRIYA)
    assert browser.jar[BROWSER_COOKIE] != junk
    assert browser.post(token).status == 303


def test_without_a_session_there_is_only_the_way_in(browser: Browser) -> None:
    for answer in (browser.get("tills"), browser.post("tills", action="remove", id="x")):
        assert (answer.status, "Mail me a link" in answer.text) == (401, True)


def test_a_session_ends_by_itself(browser: Browser, function: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in(browser, function, PRIYA)
    later = function.utc_now() + timedelta(hours=9)
    monkeypatch.setattr(function, "utc_now", lambda: later)
    assert browser.get("tills").status == 401


def test_signing_out_ends_the_session_even_for_a_copied_cookie(tills: Browser) -> None:
    copied = tills.session
    assert copied
    assert tills.post("tills", action="sign_out").headers["Location"] == "/t/sign_in"
    assert tills.session == ""
    tills.jar[SESSION_COOKIE] = copied
    assert tills.get("tills").status == 401


def test_signing_out_everywhere_ends_all_sessions_of_that_person_only(function: ModuleType, tills: Browser) -> None:
    other, amal = Browser(function), Browser(function)
    sign_in(other, function, PRIYA)
    sign_in(amal, function, AMAL)
    tills.post("tills", action="sign_out_everywhere")
    assert (other.get("tills").status, amal.get("care").status) == (401, 200)


def test_signing_out_everywhere_revokes_the_links_that_were_mailed_before(function: ModuleType, tills: Browser) -> None:
    other, amal = Browser(function), Browser(function)
    before, of_amal = asked_by(other, function, PRIYA), asked_by(amal, function, AMAL)
    tills.post("tills", action="sign_out_everywhere")
    for _ in range(2):
        refused = other.post(before)
        assert (refused.status, "ended by signing out" in refused.text, other.session) == (410, True, "")
    assert amal.post(of_amal).status == 303
    assert other.post(asked_by(other, function, PRIYA)).status == 303
    assert other.get("tills").status == 200


def test_a_link_that_is_opened_while_its_owner_signs_out_everywhere_leaves_no_session(
    function: ModuleType, tills: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Browser(function)
    token, sessions, now = asked_by(other, function, PRIYA), function.visits.sessions, function.utc_now()
    listed = sessions._table.partition

    def meanwhile(pk: str) -> Any:
        """What lies in the table, looked at just before the link is opened."""
        found = list(listed(pk))
        session = sessions.begin(sessions.read_link(token, now), now, [Asking(other.jar[BROWSER_COOKIE])])
        other.jar[SESSION_COOKIE] = sessions.cookie(session)
        return found

    monkeypatch.setattr(sessions._table, "partition", meanwhile)
    tills.post("tills", action="sign_out_everywhere")
    assert other.session
    assert other.get("tills").status == 401


def test_who_is_no_longer_listed_is_out_at_once(
    tills: Browser, function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = function.visits.members._config.model_copy(
        update={"teams": {id: team for id, team in function.visits.members._config.teams.items() if id != "tills"}}
    )
    monkeypatch.setattr(function.visits.members, "_config", without)
    assert tills.get("tills").status == 401


def test_a_forged_cookie_is_no_session(browser: Browser, tills: Browser) -> None:
    browser.jar[SESSION_COOKIE] = f"x{tills.session}"
    assert browser.get("tills").status == 401


def test_cookies_are_out_of_reach_for_scripts_other_hosts_and_other_sites_forms(
    browser: Browser, function: ModuleType
) -> None:
    [asked] = browser.post("sign_in", email=PRIYA).cookies
    [signed_in] = sign_in(browser, function, PRIYA).cookies
    for cookie, name, lasts in ((asked, BROWSER_COOKIE, 3_600), (signed_in, SESSION_COOKIE, 28_800)):
        assert cookie.startswith(f"{name}=")
        assert cookie.endswith(f"; Path=/; Max-Age={lasts}; HttpOnly; SameSite=Lax; Secure")


def test_a_cookie_that_another_host_set_in_front_locks_nobody_out(tills: Browser, function: ModuleType) -> None:
    ours = [f"{name}={value}" for name, value in tills.jar.items()]
    mallory = function.visits.sessions._keys.dumps("session", ["mallory@example.com", "0123456789abcdef"])
    tossed = [f"{SESSION_COOKIE}={value}" for value in ("", "junk", mallory, tills.session[:-1])]
    event = {
        "rawPath": "/t/tills",
        "pathParameters": {"link": "tills"},
        "requestContext": {"http": {"method": "GET"}},
        "cookies": [*tossed, *ours],
    }
    assert function.handler(event, a_context())["statusCode"] == 200


def test_a_form_on_another_site_is_refused(tills: Browser) -> None:
    answer = tills.post("tills", origin="https://evil.example", action="sign_out_everywhere")
    assert answer.status == 403
    assert tills.get("tills").status == 200


@pytest.mark.parametrize("origin", [None, "", "null", f"{SITE}.", f"{SITE}:8443", SITE.replace("https", "http")])
def test_a_form_without_our_origin_is_refused(tills: Browser, origin: str | None) -> None:
    for action in ("sign_out", "remove"):
        assert tills.post("tills", origin=origin, action=action, id="team-tills").status == 403
    assert tills.get("tills").status == 200


@pytest.mark.parametrize("media_type", ["text/plain", "application/json", "multipart/form-data; boundary=x", ""])
def test_what_is_no_form_of_ours_is_refused(tills: Browser, media_type: str) -> None:
    assert tills.post("tills", media_type=media_type, action="sign_out").status == 415
    assert tills.post("sign_in", media_type=media_type, email=PRIYA).status == 415
    assert tills.get("tills").status == 200
    assert mails() == []


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://[", "null", "https://feedback.fernleaf.example.evil"]
)
def test_nobody_is_signed_in_from_another_site(browser: Browser, function: ModuleType, origin: str) -> None:
    token = asked_by(browser, function, PRIYA)
    refused = browser.post(token, origin=origin)
    assert (refused.status, browser.session) == (403, "")
    assert browser.post("sign_in", origin=origin, email=PRIYA).status == 403
    assert mails() == []
    assert browser.post(token).status == 303, "the link is not used up"


def test_a_link_of_someone_no_longer_listed_says_so_and_is_not_used_up(
    browser: Browser, function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = asked_by(browser, function, PRIYA)
    teams = {id: team for id, team in function.visits.members._config.teams.items() if id != "tills"}
    listed = function.visits.members._config
    monkeypatch.setattr(function.visits.members, "_config", listed.model_copy(update={"teams": teams}))
    for answer in (browser.get(token), browser.post(token)):
        assert (answer.status, "not listed for a team any more" in answer.text) == (410, True)
    assert browser.session == ""
    monkeypatch.setattr(function.visits.members, "_config", listed)
    assert browser.post(token).status == 303


@pytest.mark.parametrize(("query", "scripts"), [({"routes": ""}, 0), ({}, 1)])
def test_no_page_is_kept_framed_or_indexed_or_runs_a_script_but_ours(
    tills: Browser, query: dict[str, str], scripts: int
) -> None:
    answer = tills.get("tills", **query)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy
    found = re.findall("<script>(.*?)</script>", answer.html, re.DOTALL)
    assert (len(found), answer.html.count("script"), policy.count("script")) == (scripts, 2 * scripts, scripts)
    for script in found:
        assert len(script.encode()) < 2_000
        assert f"script-src 'sha256-{base64.b64encode(sha256(script.encode()).digest()).decode()}'; " in policy

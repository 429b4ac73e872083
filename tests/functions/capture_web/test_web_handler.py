"""`/f/{link}` as customers, programs and scanners meet it."""

import base64
import gzip
import html
import json
import os
import re
import subprocess
import sys
from datetime import timedelta
from hashlib import sha256
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

import pytest

from shared.feedback.store import Store
from shared.keys.signing import Keys
from shared.model.feedback import MAX_REVISIONS
from shared.model.scales import Mood
from tests.kit.http_api import CONTEXT, http_event
from tests.kit.web_customer import Customer

ALL_PAGES = ("", "?r=2", "?lang=ar", "?r=2&lang=ar")

SUBMISSION = "8c1f0e5ab3d94762"  # as the page carries: nobody else knows it


class TestOpening:
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    @pytest.mark.parametrize("query", [*ALL_PAGES, "?r=99", "?r=", "?lang=xx", "?rating=1"])
    def test_a_view_writes_nothing(self, customer: Customer, method: str, query: str) -> None:
        assert customer.opens(query, method=method).status == 200
        assert customer.all_stored() == []

    def test_a_view_makes_no_request_to_dynamodb(
        self, customer: Customer, capture_web: ModuleType, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        customer.opens()
        monkeypatch.setattr(capture_web, "store", None)
        monkeypatch.setattr(capture_web.keys, "_table", None)
        for query in ALL_PAGES:
            assert customer.opens(query).status == 200

    def test_head_answers_as_get_without_the_body(self, customer: Customer) -> None:
        got, head = customer.opens(accept_encoding="gzip"), customer.opens(method="HEAD", accept_encoding="gzip")
        assert (head.status, head.headers, head.content) == (got.status, got.headers, b"")

    def test_a_link_can_bring_a_rating_along(self, customer: Customer) -> None:
        assert re.findall(r'value="(\d)" required checked', customer.opens("?r=2").text) == ["2"]
        assert re.findall(r'value="(\d)" required checked', customer.opens("?r=6").text) == []

    def test_every_page_of_an_open_link_is_an_answer_of_its_own(self, customer: Customer) -> None:
        first, second = (re.search('name="submission" value="([0-9a-f]{32})"', customer.opens().text) for _ in range(2))
        assert first
        assert second
        assert first[1] != second[1]

    @pytest.mark.parametrize(
        ("query", "accept_language", "language", "direction"),
        [
            ("", "ar-EG,ar;q=0.9,en;q=0.8", "ar", "rtl"),
            ("", "fr, en;q=0.5, ar;q=0.4", "en", "ltr"),
            ("", "", "en", "ltr"),
            ("?lang=ar", "en", "ar", "rtl"),
            ("?lang=<script>", "ar", "ar", "rtl"),
        ],
    )
    def test_the_page_speaks_the_customers_language(
        self, customer: Customer, query: str, accept_language: str, language: str, direction: str
    ) -> None:
        page = customer.opens(query, accept_language=accept_language).text
        assert f'<html lang="{language}" dir="{direction}">' in page

    def test_the_other_language_keeps_the_chosen_rating(self, customer: Customer) -> None:
        assert 'href="?lang=ar&amp;r=2"' in customer.opens("?r=2").text


class TestHeaders:
    def test_nothing_is_cached_indexed_or_told_to_others(self, customer: Customer) -> None:
        for reply in (customer.opens(), customer.posts({"rating": 1}), customer.posts({"rating": 9})):
            assert reply.headers["Cache-Control"] == "no-store"
            assert reply.headers["X-Robots-Tag"] == "noindex"
            assert reply.headers["Referrer-Policy"] == "no-referrer"
            assert reply.headers["X-Content-Type-Options"] == "nosniff"
            assert "Set-Cookie" not in reply.headers

    @pytest.mark.parametrize("query", ALL_PAGES)
    def test_the_policy_allows_exactly_the_inline_style_and_script(self, customer: Customer, query: str) -> None:
        reply = customer.opens(query)
        policy = dict(part.split(" ", 1) for part in reply.headers["Content-Security-Policy"].split("; "))
        for element, directive in (("style", "style-src"), ("script", "script-src")):
            inline = re.findall(rf"<{element}>(.*?)</{element}>", reply.text, re.DOTALL)
            digests = [base64.b64encode(sha256(each.encode()).digest()).decode() for each in inline]
            assert [policy[directive]] == [f"'sha256-{digest}'" for digest in digests]
        assert policy["default-src"] == "'none'"
        assert policy["form-action"] == policy["connect-src"] == "'self'"
        assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert not re.search(r'\son\w+="|\sstyle="', reply.text)

    @pytest.mark.parametrize("accepted", ["gzip", "br, gzip;q=0.8", "*", "GZIP"])
    def test_the_page_is_compressed_for_who_accepts_it(self, customer: Customer, accepted: str) -> None:
        reply = customer.opens(accept_encoding=accepted)
        assert reply.headers["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in reply.headers["Vary"]
        assert len(reply.content) < 10_000
        assert b"</html>" in gzip.decompress(reply.content)

    @pytest.mark.parametrize("accepted", ["", "br", "identity", "gzip;q=0", "gzip; q=0.0"])
    def test_the_page_is_plain_for_who_does_not(self, customer: Customer, accepted: str) -> None:
        reply = customer.opens(accept_encoding=accepted)
        assert "Content-Encoding" not in reply.headers
        assert "</html>" in reply.text


class TestAnswering:
    def test_json_is_stored_at_once_and_answered_with_its_id(self, customer: Customer) -> None:
        reply = customer.posts(
            {
                "rating": 2,
                "comment": "Twenty minutes, one till open.",
                "reasons": ["queue", "price"],
                "contact": {"email": "ada@example.org"},
                "submission": "my-own-id",
            }
        )
        assert reply.status == 201
        assert reply.json == {**reply.json, "status": "new"}
        assert reply.json.keys() == {"id", "status"}
        feedback = customer.stored(reply.json["id"]).feedback
        assert (feedback.rating, feedback.mood, feedback.comment) == (
            2,
            Mood.UNHAPPY,
            "Twenty minutes, one till open.",
        )
        assert (feedback.reasons, feedback.team) == (("queue", "price"), "care")
        assert (feedback.customer.email, feedback.place, feedback.language) == ("ada@example.org", "leeds-3", "en")

    def test_the_same_answer_twice_is_one(self, customer: Customer) -> None:
        answer = {"rating": 4, "submission": SUBMISSION}
        first, second = customer.posts(answer), customer.posts(answer)
        assert (first.status, second.status) == (201, 200)
        assert second.json == {**first.json, "status": "repeated"}
        assert len(customer.all_stored()) == 1

    def test_what_is_added_amends_and_leaves_the_rest(self, customer: Customer) -> None:
        first = customer.posts({"rating": 2, "reasons": ["queue"], "submission": SUBMISSION})
        second = customer.posts({"comment": "And cold.", "submission": SUBMISSION})
        assert (second.status, second.json) == (200, {**first.json, "status": "amended"})
        feedback = customer.stored(first.json["id"]).feedback
        assert (feedback.rating, feedback.reasons, feedback.comment) == (2, ("queue",), "And cold.")

    @pytest.mark.parametrize("guessed", ["s", "1", "order-1234", "a" * 100, "1111222233334444", "0" * 15 + "1"])
    def test_nobody_changes_an_answer_by_a_submission_that_can_be_guessed(
        self, customer: Customer, guessed: str
    ) -> None:
        said = {"rating": 1, "comment": "Twenty minutes.", "submission": guessed}
        first = customer.posts(said)
        strangers = customer.posts({"rating": 5, "comment": "Splendid.", "submission": guessed})
        assert (first.status, strangers.status) == (201, 201)
        assert strangers.json["id"] != first.json["id"]
        assert customer.stored(first.json["id"]).feedback.comment == "Twenty minutes."
        assert customer.posts(said).json == {**first.json, "status": "repeated"}, "a retry is no new answer"

    def test_words_alone_cannot_be_added_by_a_submission_that_can_be_guessed(self, customer: Customer) -> None:
        customer.posts({"rating": 1, "submission": "s1"})
        reply = customer.posts({"comment": "Cold.", "submission": "s1"})
        assert (reply.status, reply.json["error"]["field"]) == (422, "submission")
        assert "at least 16" in reply.json["error"]["message"]

    def test_a_first_answer_needs_a_rating(self, customer: Customer) -> None:
        reply = customer.posts({"comment": "Cold.", "submission": SUBMISSION})
        assert (reply.status, reply.json["error"]["field"]) == (422, "rating")
        assert customer.all_stored() == []

    def test_json_without_a_submission_is_a_new_answer_each_time(self, customer: Customer) -> None:
        assert [customer.posts({"rating": 4}).status for _ in range(2)] == [201, 201]
        assert len(customer.all_stored()) == 2

    def test_a_customers_own_link_takes_one_answer_whatever_the_submission(self, customer: Customer) -> None:
        customer.given("checkout", ref="order-1234")
        first = customer.posts({"rating": 1, "submission": "phone"})
        second = customer.posts({"rating": 5, "submission": "laptop"})
        assert second.json == {"id": first.json["id"], "status": "amended"}
        assert customer.stored(first.json["id"]).feedback.customer.ref == "order-1234"

    def test_amendments_are_capped(self, customer: Customer) -> None:
        customer.given("checkout", ref="order-1234")
        replies = [customer.posts({"rating": 1 + number % 2}) for number in range(MAX_REVISIONS + 1)]
        assert [reply.status for reply in replies] == [201] + [200] * (MAX_REVISIONS - 1) + [429]
        assert replies[-1].json["error"]["code"] == "too_many_changes"

    def test_the_language_of_the_page_is_the_language_of_the_answer(self, customer: Customer) -> None:
        reply = customer.posts({"rating": 2}, **{"accept-language": "ar-SA"})
        assert customer.stored(reply.json["id"]).feedback.language == "ar"


class TestFormWithoutJavaScript:
    def test_a_rating_is_stored_and_the_page_asks_what_happened(self, customer: Customer) -> None:
        page = customer.submits({"rating": "2", "submission": SUBMISSION, "homepage": ""})
        assert page.status == 200
        assert 'data-step="tell"' in page.text
        assert f'name="submission" value="{SUBMISSION}"' in page.text
        assert re.findall(r'value="(\d)" required checked', page.text) == ["2"]
        assert "hidden disabled" not in page.text
        [item] = customer.all_stored()
        assert item["rating"] == {"N": "2"}

    def test_the_second_page_amends_the_same_feedback(self, customer: Customer) -> None:
        customer.submits({"rating": "2", "submission": SUBMISSION})
        page = customer.submits(
            {
                "rating": "2",
                "submission": SUBMISSION,
                "homepage": "",
                "comment": "كان الطابور طويلًا\r\nجدًا",
                "reasons": ["queue", "staff"],
                "contact": " +44 7700 900123 ",
            }
        )
        assert (page.status, 'data-step="done"' in page.text) == (200, True)
        [item] = customer.all_stored()
        feedback = customer.stored(item["id"]["S"]).feedback
        assert feedback.comment == "كان الطابور طويلًا\nجدًا"
        assert feedback.reasons == ("queue", "staff")
        assert feedback.customer.phone == "+447700900123"

    def test_nothing_to_add_is_fine(self, customer: Customer) -> None:
        customer.submits({"rating": "2", "submission": SUBMISSION})
        page = customer.submits({"rating": "2", "submission": SUBMISSION, "comment": " ", "contact": ""})
        assert (page.status, 'data-step="done"' in page.text) == (200, True)
        [item] = customer.all_stored()
        assert (item["comment"], item["revision"]) == ({"S": ""}, {"N": "1"})

    @pytest.mark.parametrize("field", ["contact", "contact.email"])
    def test_an_address_may_come_in_one_field_or_its_own(self, customer: Customer, field: str) -> None:
        customer.submits({"rating": "2", "submission": SUBMISSION, field: "ada@example.org", "contact.phone": ""}) if (
            field == "contact.email"
        ) else customer.submits({"rating": "2", "submission": SUBMISSION, field: "ada@example.org"})
        [item] = customer.all_stored()
        assert item["customer_email"] == {"S": "ada@example.org"}

    @pytest.mark.parametrize(
        ("wrong", "place"),
        [
            ({"rating": "7"}, "rating"),
            ({"rating": "2", "comment": "x" * 5001}, "comment"),
            ({"rating": "2", "contact": "not an address"}, "contact"),
        ],
    )
    def test_a_mistake_keeps_the_words_and_is_said_at_its_field(
        self, customer: Customer, wrong: dict[str, str], place: str
    ) -> None:
        fields = {
            "comment": "Mine & <yours>",
            "contact": "ada@example.org",
            "submission": SUBMISSION,
            "reasons": "queue",
        }
        page = customer.submits({**fields, **wrong})
        assert page.status == 422
        assert f'id="{place}-problem"' in page.text
        assert page.text.count('class="problem"') == 1
        if "comment" not in wrong:
            assert "Mine &amp; &lt;yours&gt;" in page.text
        if place == "comment" and "\0" not in wrong["comment"]:
            assert "x" * 5001 in page.text
        assert 'value="queue" checked' in page.text
        assert customer.all_stored() == []

    def test_nothing_chosen_is_asked_again(self, customer: Customer) -> None:
        page = customer.submits({"submission": SUBMISSION, "homepage": ""})
        assert page.status == 422
        assert 'id="rating-problem"' in page.text
        assert 'data-step="rate"' in page.text

    def test_far_too_many_words_are_kept_on_the_page(self, customer: Customer) -> None:
        page = customer.submits({"rating": "2", "comment": "word " * 20_000, "submission": SUBMISSION})
        assert page.status == 413
        assert "word word" in page.text
        assert customer.all_stored() == []

    def test_mistakes_are_explained_in_the_customers_language(self, customer: Customer) -> None:
        page = customer.submits({"rating": "7"}, accept_language="ar")
        assert 'lang="ar" dir="rtl"' in page.text
        assert "يُرجى اختيار إحدى الإجابات" in page.text

    def test_a_program_that_fills_every_field_sees_success_and_nothing_is_kept(
        self, customer: Customer, capsys: pytest.CaptureFixture[str]
    ) -> None:
        fields = {"rating": "5", "comment": "Buy now", "submission": SUBMISSION}
        trapped = customer.submits({**fields, "homepage": "https://spam.example"})
        assert '"AnswerTrapped":[1.0]' in capsys.readouterr().out
        assert customer.all_stored() == []
        honest = customer.submits(fields)
        assert (trapped.status, trapped.text) == (honest.status, honest.text)


class TestLinks:
    def broken(self, customer: Customer) -> dict[str, str]:
        token = customer.link.removeprefix("/f/")
        payload, signature = token.rsplit(".", 1)
        return {
            "tampered": f"/f/{payload[:-2]}{'AA' if not payload.endswith('AA') else 'BB'}.{signature}",
            "cut short": f"/f/{token[:-5]}",
            "no signature": f"/f/{payload}",
            "foreign": "/f/WyJjaGVja291dCIsIiIsIiIsMjAwMDAwMDAwMF0.h0YJQh0RWJ8Mxc0Rlh1P9GqQ2sBv3dQ1WnKz4Qy5t9A",
            "odd": "/f/%22%5C%00",
            "unicode": "/f/%D8%B1%D8%A3%D9%8A",
        }

    @pytest.mark.parametrize("how", ["tampered", "cut short", "no signature", "foreign", "odd", "unicode"])
    def test_a_link_that_is_not_ours_is_a_friendly_page_and_records_nothing(self, customer: Customer, how: str) -> None:
        customer.link = self.broken(customer)[how]
        for reply in (customer.opens(accept_language="ar"), customer.submits({"rating": "1"}, accept_language="ar")):
            assert reply.status == 404
            assert 'dir="rtl"' in reply.text
            assert "<form" not in reply.text
        for refused in (customer.posts({"rating": 1}), customer.opens(accept="application/json")):
            assert (refused.status, refused.json["error"]["code"]) == (404, "link_invalid")
        assert customer.all_stored() == []

    def test_a_link_whose_time_is_over_is_gone(self, customer: Customer) -> None:
        customer.given("checkout", expires_in=timedelta(seconds=-1))
        assert customer.opens().status == customer.submits({"rating": "1"}).status == 410
        assert customer.posts({"rating": 1}).json["error"]["code"] == "link_expired"
        assert customer.all_stored() == []

    @pytest.mark.parametrize("how", ["expired", "removed", "cut short"])
    def test_words_that_come_too_late_are_shown_to_be_copied(self, customer: Customer, how: str) -> None:
        if how == "cut short":
            customer.link = self.broken(customer)[how]
        else:
            customer.given("checkout", expires_in=timedelta(seconds=-1)) if how == "expired" else customer.given("shut")
        page = customer.submits({"rating": "1", "comment": '\n"Mine" & <yours>\r\n ', "submission": SUBMISSION})
        assert page.status in (404, 410)
        assert "readonly>\n\n&quot;Mine&quot; &amp; &lt;yours&gt;\r\n </textarea>" in page.text
        assert "<form" not in page.text
        for without in (
            customer.submits({"rating": "1", "comment": " "}),
            customer.submits(b"comment"),
            customer.opens(),
        ):
            assert "<textarea" not in without.text
        assert customer.all_stored() == []

    def test_a_touchpoint_that_was_removed_is_gone(self, customer: Customer) -> None:
        customer.given("a-shop-we-closed")
        assert customer.opens().status == 410
        assert customer.posts({"rating": 1}).status == 410
        assert customer.all_stored() == []

    def test_a_link_for_one_touchpoint_says_nothing_about_another(self, customer: Customer) -> None:
        customer.given("website")
        reply = customer.posts({"rating": 5})
        assert (reply.status, reply.json["error"]["field"]) == (422, "rating")


class TestFailures:
    def test_a_table_that_does_not_answer_is_said_at_once_and_the_words_are_kept(
        self, customer: Customer, capture_web: ModuleType, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gone = Store(customer_client(capture_web), "no-such-table")
        monkeypatch.setattr(capture_web, "store", gone)
        page = customer.submits({"rating": "2", "comment": "Still mine", "submission": SUBMISSION})
        assert page.status == 503
        assert "Still mine" in page.text
        refused = customer.posts({"rating": 2})
        assert (refused.status, refused.json["error"]["code"]) == (503, "unavailable")

    def test_without_keys_no_link_can_be_read_and_the_page_says_so(
        self, customer: Customer, capture_web: ModuleType, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(capture_web, "keys", Keys(customer_client(capture_web), "no-such-table"))
        page = customer.opens()
        assert page.status == 503
        assert "We cannot show you this page just now." in page.text
        assert "answer" not in page.text.split("<main")[1]

    def test_without_keys_an_answer_can_be_sent_again_from_the_page(
        self, customer: Customer, capture_web: ModuleType, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        said = {"rating": "2", "comment": "Mine & <yours>", "reasons": ["queue", "price"], "submission": SUBMISSION}
        with monkeypatch.context() as patch:
            patch.setattr(capture_web, "keys", Keys(customer_client(capture_web), "no-such-table"))
            page = customer.submits({**said, "contact": "", "homepage": ""})
        assert page.status == 503
        assert "It is still here: please send it again" in page.text
        shown = re.findall(r'<input type="hidden" name="(.*?)" value="(.*?)">', page.text)
        [words] = re.findall(r'<textarea [^>]*name="comment"[^>]*>\n(.*?)</textarea>', page.text)
        assert customer.submits(urlencode([*shown, ("comment", html.unescape(words))]).encode()).status == 200
        [item] = customer.all_stored()
        feedback = customer.stored(item["id"]["S"]).feedback
        assert (feedback.rating, feedback.comment, feedback.reasons) == (2, said["comment"], ("queue", "price"))


class TestSecrets:
    def test_link_words_and_address_never_reach_the_log(
        self, customer: Customer, capsys: pytest.CaptureFixture[str]
    ) -> None:
        said = {"rating": 2, "comment": "unspeakable", "contact": {"email": "ada@example.org"}}
        customer.posts(said)
        customer.submits({"rating": "2", "comment": "unspeakable\0", "contact": "ada@example.org"})
        customer.opens()
        output = "".join(capsys.readouterr())
        for secret in ("unspeakable", "ada@", customer.link.removeprefix("/f/")):
            assert secret not in output

    def test_the_slow_sdks_stay_outside(self, aws: str) -> None:
        """The bare `botocore` package is Powertools' own doing: it looks whether there is one, and uses nothing."""
        script = "import functions.capture_web.handler, json, sys; print(json.dumps(sorted(sys.modules)))"
        environment = {**os.environ, "EARSHOT_TABLE": "t", "EARSHOT_KEYS_TABLE": "k"}
        run = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=True)
        loaded = set(json.loads(run.stdout))
        slow = {"boto3", "aws_xray_sdk", "jinja2", "markupsafe", "requests", "phonenumbers", "grapheme"}
        slow |= {"shared.text.html", "shared.conditions", "shared.mail"}
        slow |= {"shared.cases", "functions.capture_web.following"}  # of links that are followed
        assert not loaded & slow
        assert not [name for name in loaded if name.startswith("botocore.")]


def test_a_body_that_api_gateway_wraps_in_base64_is_the_same_answer(customer: Customer) -> None:
    text, wrapped = '{"rating": 3, "submission": "s"}', b'{"rating": 3, "submission": "s"}'
    assert (customer.posts(text).status, customer.posts(wrapped).json["status"]) == (201, "repeated")


def test_a_wrongly_wrapped_body_is_refused(capture_web: ModuleType, customer: Customer) -> None:
    event = http_event("POST", customer.link, {"content-type": "application/json"}, b"{}")
    response: dict[str, Any] = capture_web.handler({**event, "body": "%%%"}, CONTEXT)
    assert response["statusCode"] == 400


def customer_client(capture_web: ModuleType) -> Any:
    return capture_web.store.client

"""What a team does with its routes on its page."""

import json
import re
from datetime import timedelta
from types import ModuleType
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from functions.team.pages import Pages
from shared.config.model import Config, Route
from shared.deliveries.deliveries import Deliveries
from shared.deliveries.delivery import Delivery, State
from shared.deliveries.health import Health
from shared.feedback.store import Store
from shared.languages.packs import LANGUAGES, texts
from shared.routes.bounds import MAX_ROUTES
from shared.routes.drafts import draft
from shared.routes.route_table import TeamRoute
from shared.routes.routes import Routes
from shared.values import utc_now
from tests.functions.team.conftest import BUS, PRIYA, Answer, Browser
from tests.kit.factories import an_answer

QUEUES = {"id": "queues", "when": "reason = queue", "kind0": "email", "to0": "lead@fernleaf.example"}


@pytest.fixture
def theirs(routes: Routes, config: Config) -> str:
    """A route of the team care."""
    said = {"id": "refunds", "team": "care", "when": "reason = refund", "to": ["email:care@fernleaf.example"]}
    return routes.add(draft(config, **said, created_by="Amal", changed_at=utc_now())).id


def save(browser: Browser, form: dict[str, str], **more: str) -> Answer:
    """Press the button under the rehearsal of what the form says."""
    return browser.post("tills", action="save", rehearsed=form["when"], **form | more)


def rules() -> list[str]:
    answer = boto3.client("events").list_rules(EventBusName=BUS)
    return [f"{rule['Name']} {rule['State']}" for rule in answer["Rules"]]


def test_a_route_is_rehearsed_saved_and_in_force(tills: Browser, routes: Routes, store: Store, config: Config) -> None:
    store.capture(an_answer(reasons=("queue",), comment="One till <open>."), config, utc_now() - timedelta(days=1))

    rehearsed = tills.post("tills", action="rehearse", **QUEUES)
    assert "In the last 90 days it would have caught 1 of 1 feedback." in rehearsed.text
    assert "One till <open>. checkout · leeds-3 · 2/5" in rehearsed.text
    assert "The route team-tills catches 1 of these too." in rehearsed.text
    assert (rules(), "value=save" in rehearsed.html) == ([], True)

    saved = save(tills, QUEUES)
    assert "Saved. It is in force now." in saved.text
    assert rules() == ["earshot-route-queues ENABLED"]
    route = routes.own("queues", "tills")
    assert (route.when, route.to, route.created_by) == ("reason = queue", ("email:lead@fernleaf.example",), PRIYA)
    assert "queues reason = queue email:lead@fernleaf.example" in tills.get("tills", routes="").text


def test_a_rehearsal_that_stops_somewhere_says_so_in_whole_numbers(
    tills: Browser, store: Store, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.routes.rehearsal.LOOK_AT", 2)
    monkeypatch.setattr("shared.routes.rehearsal.COMPARE", 1)
    monkeypatch.setattr("shared.routes.rehearsal.LATEST", 1)
    for name in "abc":
        store.capture(an_answer(name, reasons=("queue",)), config, utc_now() - timedelta(days=1))
    rehearsed = tills.post("tills", action="rehearse", **QUEUES).text
    assert "It would have caught 2 of the latest 2 feedback." in rehearsed
    assert "With other routes, only the latest 1 are compared." in rehearsed


@pytest.mark.parametrize("seen", [{}, {"rehearsed": ""}, {"rehearsed": "reason = price"}])
def test_nothing_is_saved_before_it_was_rehearsed(tills: Browser, seen: dict[str, str]) -> None:
    assert "value=save" not in tills.get("tills", routes="").html
    answer = tills.post("tills", action="save", **QUEUES, **seen)
    assert "In the last 90 days it would have caught" in answer.text
    assert (rules(), 'name=rehearsed value="reason = queue"' in answer.html) == ([], True)
    save(tills, QUEUES)
    assert rules() == ["earshot-route-queues ENABLED"]


def test_a_change_is_rehearsed_before_it_is_saved_too(tills: Browser, routes: Routes) -> None:
    save(tills, QUEUES)
    answer = tills.post("tills", action="save", change="1", rehearsed="reason = queue", **QUEUES | {"when": ""})
    assert 'name=rehearsed value=""' in answer.html
    assert routes.own("queues", "tills").when == "reason = queue"


def test_a_route_is_changed_paused_resumed_and_removed(tills: Browser, routes: Routes) -> None:
    save(tills, QUEUES)
    form = tills.get("tills", change="queues").html
    assert 'value="reason = queue"' in form
    assert 'value="lead@fernleaf.example"' in form
    save(tills, QUEUES | {"when": "mood = happy"}, change="1")
    assert routes.own("queues", "tills").when == "mood = happy"
    tills.post("tills", action="pause", id="queues")
    assert rules() == ["earshot-route-queues DISABLED"]
    assert "Paused" in tills.get("tills", routes="").text
    refused = tills.post("tills", action="test", id="queues")
    assert (refused.status, "is paused, so no test can arrive" in refused.text) == (409, True)
    tills.post("tills", action="resume", id="queues")
    assert rules() == ["earshot-route-queues ENABLED"]
    tills.post("tills", action="remove", id="queues")
    assert rules() == []


def test_changing_a_paused_route_does_not_resume_it_or_lose_its_settling(
    tills: Browser, routes: Routes, config: Config
) -> None:
    said = {"id": "queues", "team": "tills", "to": ["email:lead@fernleaf.example"], "settling": 10}
    routes.add(draft(config, **said, created_by="Amal", changed_at=utc_now()))
    tills.post("tills", action="pause", id="queues")
    save(tills, QUEUES, change="1")
    route = routes.own("queues", "tills")
    assert (route.when, route.paused, route.settling) == ("reason = queue", True, 10)
    assert rules() == ["earshot-route-queues DISABLED"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "to",
    [
        [f"email:lead-{n}@fernleaf.example" for n in range(5)],
        ["sqs:arn:aws:sqs:eu-west-1:123456789012:finance"],
    ],
)
def test_a_route_whose_targets_the_form_cannot_show_is_not_changed_there(
    tills: Browser,
    function: ModuleType,
    routes: Routes,
    config: Config,
    monkeypatch: pytest.MonkeyPatch,
    to: list[str],
    language: str,
) -> None:
    business = config.business.model_copy(update={"languages": (language,)})
    monkeypatch.setattr(function.visits.routes, "_config", config.model_copy(update={"business": business}))
    before = routes.add(draft(config, id="queues", team="tills", to=to, created_by="Amal", changed_at=utc_now()))
    refusals = [
        tills.get("tills", change="queues"),
        tills.post("tills", action="rehearse", change="1", **QUEUES),
        save(tills, QUEUES, change="1"),
    ]
    for answer in refusals:
        assert (answer.status, texts(language)["team.elsewhere"].format(id="queues") in answer.text) == (409, True)
        assert "name=change" not in answer.html
    assert routes.own("queues", "tills") == before


def test_a_test_is_sent_and_followed(tills: Browser, store: Store) -> None:
    save(tills, QUEUES)
    sent = tills.post("tills", action="test", id="queues")
    assert "A test is on its way. on its way Look again" in sent.text

    sqs = boto3.client("sqs")
    [message] = sqs.receive_message(QueueUrl=sqs.get_queue_url(QueueName="deliveries")["QueueUrl"])["Messages"]
    body: dict[str, Any] = json.loads(message["Body"])
    test_id, now = body["event"]["detail"]["feedback"]["id"], utc_now()
    assert f"tested={test_id}" in sent.html
    delivery = Delivery(
        feedback_id=test_id,
        route="queues",
        target=body["target"],
        subject="card",
        to="email:lead@fernleaf.example",
        created_at=now,
        changed_at=now,
    )
    Deliveries(store.client, store.table).save(delivery.delivered(now, None))
    assert "email:lead@fernleaf.example: arrived" in tills.get("tills", tested=test_id).text


def test_the_routes_of_the_file_are_shown_and_tested_but_not_changed(tills: Browser) -> None:
    page = tills.get("tills", routes="")
    assert "team-tills team = tills email:tills@fernleaf.example Declared in earshot.toml" in page.text
    assert tills.post("tills", action="test", id="team-tills").status == 200
    assert tills.post("tills", action="remove", id="team-tills").status == 403


@pytest.fixture
def logged(function: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The warnings of the function."""
    warnings: list[dict[str, Any]] = []
    monkeypatch.setattr(function.logger, "warning", lambda text, **more: warnings.append({"text": text} | more))
    return warnings


@pytest.mark.parametrize("action", ["test", "pause", "resume", "remove", "save", "rehearse", "secret", "enable"])
def test_another_teams_route_is_refused_logged_and_unchanged(
    tills: Browser, routes: Routes, theirs: str, action: str, logged: list[dict[str, Any]]
) -> None:
    before = routes.all()
    answer = tills.post("tills", action=action, **QUEUES | {"id": theirs, "change": "1"})

    assert (answer.status, "belongs to another team" in answer.text) == (403, True)
    [warning] = logged
    assert (warning["text"], warning["team"]) == ("refused: not a route of this team", "tills")
    assert routes.all() == before
    assert rules() == ["earshot-route-refunds ENABLED"]


def test_another_teams_page_is_refused_whatever_is_asked_of_it(
    tills: Browser, routes: Routes, theirs: str, logged: list[dict[str, Any]]
) -> None:
    before = routes.all()
    for answer in (tills.get("care"), tills.post("care", action="remove", id=theirs)):
        assert answer.status == 403
        assert "refunds" not in answer.text
    assert [warning["text"] for warning in logged] == ["refused: not a member of this team"] * 2
    assert routes.all() == before
    assert tills.get("nonesuch").status == 403


def test_another_teams_route_is_not_shown_in_the_form(tills: Browser, theirs: str) -> None:
    answer = tills.get("tills", change=theirs)
    assert (answer.status, "reason = refund" in answer.html) == (403, False)


def test_a_route_whose_name_the_file_came_to_declare_is_shown_and_can_be_removed(
    tills: Browser, routes: Routes, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tills, QUEUES)
    declared = config.routes | {"queues": Route(team="care", to=("email:care@fernleaf.example",))}
    monkeypatch.setattr(routes, "_config", config.model_copy(update={"routes": declared}))
    assert "queues Not in force: earshot.toml declares a route of this name." in tills.get("tills", routes="").text
    assert tills.post("tills", action="remove", id="queues").status == 200
    assert "Not in force" not in tills.get("tills", routes="").text


def test_a_new_route_cannot_take_an_id_that_exists(tills: Browser, routes: Routes, theirs: str) -> None:
    before = routes.all()
    answer = save(tills, QUEUES | {"id": theirs})
    assert (answer.status, "choose another id" in answer.text) == (409, True)
    assert routes.all() == before


@pytest.mark.parametrize("kind", ["sqs", "sns", "lambda", "bus", "", "fax"])
def test_a_mailed_link_grants_no_role(tills: Browser, kind: str) -> None:
    arn = "arn:aws:sqs:eu-west-1:123456789012:finance"
    answer = save(tills, QUEUES | {"kind0": kind, "to0": arn})
    assert (answer.status, "email, slack, teams, webhook" in answer.text) == (422, True)
    assert rules() == []


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"when": "moood = happy"}, "'moood' is not a field; did you mean 'mood'? (column 1)"),
        ({"when": "reason != queue"}, "cannot say that a reason was not picked"),
        ({"id": "Nope!"}, "use 1 to 40 of a-z"),
        ({"to0": ""}, "an address in at least one line"),
        ({"to0": "nobody"}, "is not an email address"),
        ({"kind0": "webhook", "to0": "http://intranet/"}, "must start with https://"),
    ],
)
def test_a_mistake_says_what_to_do_and_keeps_what_was_typed(
    tills: Browser, wrong: dict[str, str], message: str
) -> None:
    answer = tills.post("tills", action="rehearse", **QUEUES | wrong)
    assert (answer.status, message in answer.text) == (422, True)
    typed = (QUEUES | wrong)["when"]
    assert f'value="{typed}"' in answer.html
    assert rules() == []


def test_a_webhook_into_a_private_network_is_not_saved(tills: Browser, routes: Routes) -> None:
    answer = save(tills, QUEUES | {"kind0": "webhook", "to0": "https://intranet.example/hook"})
    assert (answer.status, "intranet.example leads to an address that is not on the public" in answer.text) == (
        422,
        True,
    )
    assert 'value="https://intranet.example/hook"' in answer.html
    assert rules() == []


def test_what_was_typed_cannot_become_markup(tills: Browser) -> None:
    answer = tills.post("tills", action="rehearse", **QUEUES | {"id": '"><script>x</script>', "when": "<b> = 1"})
    assert "<script>" not in answer.html
    assert "<b>" not in answer.html
    assert "<script>" not in tills.get("tills", tested='"><script>').html


def test_a_webhooks_secret_is_shown_once(tills: Browser) -> None:
    hook = QUEUES | {"kind0": "webhook", "to0": "https://orders.fernleaf.example/hook?token=t"}
    saved = save(tills, hook)
    assert "whsec_" in saved.text
    again = tills.get("tills", routes="")
    assert "whsec_" not in again.text
    assert "webhook:orders.fernleaf.example" in again.text
    assert "token=t" not in again.html
    assert "whsec_" not in save(tills, hook, change="1").text


def test_a_webhooks_secret_goes_with_its_route(tills: Browser) -> None:
    hook = QUEUES | {"kind0": "webhook", "to0": "https://orders.fernleaf.example/hook"}
    first = secret_in(save(tills, hook).text)
    tills.post("tills", action="remove", id="queues")
    assert secret_in(save(tills, hook).text) != first


HOOK = QUEUES | {"kind0": "webhook", "to0": "https://orders.fernleaf.example/hook?token=t"}


def test_a_new_secret_is_shown_once_and_the_old_one_signs_beside_it(
    tills: Browser, routes: Routes, function: ModuleType
) -> None:
    first = secret_in(save(tills, HOOK).text)
    answer = tills.post("tills", action="secret", id="queues")
    second = secret_in(answer.text)
    assert "A new secret signs from now on, and the old one too for 7 days." in answer.text
    assert "whsec_" not in tills.get("tills", routes="").text
    [target] = routes.get("queues").targets
    assert function.visits.routes._secrets.live("queues", target.id) == [second, first]
    item = function.visits.routes._secrets._load("queues", target.id)
    left = item["secrets"][0]["retires_at"] - utc_now().timestamp()
    assert timedelta(days=7).total_seconds() - 60 < left <= timedelta(days=7).total_seconds()


def test_only_webhooks_get_new_secrets(tills: Browser) -> None:
    assert "New secret" not in save(tills, QUEUES).text
    answer = tills.post("tills", action="secret", id="queues")
    assert ("whsec_" in answer.text, "signs from now on" in answer.text) == (False, False)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_target_that_is_off_is_shown_with_the_reason_and_taken_up_again(
    tills: Browser,
    function: ModuleType,
    routes: Routes,
    store: Store,
    config: Config,
    monkeypatch: pytest.MonkeyPatch,
    language: str,
) -> None:
    business = config.business.model_copy(update={"languages": (language,)})
    monkeypatch.setattr(function.visits, "pages", Pages(config.model_copy(update={"business": business})))
    say = texts(language)
    save(tills, HOOK)
    assert say["team.enable"] not in tills.get("tills", routes="").text
    [target] = routes.get("queues").targets
    deliveries, now = Deliveries(store.client, store.table), utc_now()
    deliveries.save_health(
        Health(route="queues", target=target.id, disabled_at=now, disabled_why="It answered <410>.", noticed=True)
    )

    page = tills.get("tills", routes="")
    why = say["team.disabled"].format(
        target="webhook:orders.fernleaf.example", since=f"{now:%Y-%m-%d}", why="It answered <410>."
    )
    assert (why in page.text, say["team.enable"] in page.text, "token=t" in page.html) == (True, True, False)
    answer = tills.post("tills", action="enable", id="queues")
    assert say["team.enabled"] in answer.text
    assert deliveries.health("queues", target.id).disabled_at is None
    assert say["team.enable"] not in answer.text
    assert say["team.enabled"] not in tills.post("tills", action="enable", id="queues").text


def test_targets_of_the_file_are_taken_up_again_too(tills: Browser, store: Store, config: Config) -> None:
    [target, *_] = config.declared_routes()["team-tills"].targets
    deliveries = Deliveries(store.client, store.table)
    deliveries.save_health(Health(route="team-tills", target=target.id, disabled_at=utc_now(), disabled_why="No."))
    assert "Take it up again" in tills.get("tills", routes="").text
    tills.post("tills", action="enable", id="team-tills")
    assert deliveries.health("team-tills", target.id).disabled_at is None


def secret_in(text: str) -> str:
    found = re.search(r"whsec_\S+", text)
    assert found
    return found[0]


@pytest.mark.parametrize("id", ["", "x" * 3_000, "\0", "ä"])
@pytest.mark.parametrize("action", ["test", "pause", "resume", "remove", "secret", "enable"])
def test_what_can_be_no_id_is_no_route(tills: Browser, action: str, id: str) -> None:
    answer = tills.post("tills", action=action, id=id)
    assert (answer.status, "There is no route" in answer.text) == (404, True)


@pytest.mark.parametrize("id", ["", "x" * 3_000])
def test_what_can_be_no_id_is_found_nowhere(tills: Browser, id: str) -> None:
    assert tills.get("tills", change=id).status == 404
    assert tills.get("tills", feedback=id).status == 404
    assert tills.get("tills", tested=id).status == 200


def test_what_would_be_too_long_a_key_is_not_asked_for(
    tills: Browser, function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(function.visits.routes, "_store", None)
    monkeypatch.setattr(function.visits.routes._deliveries, "of_feedback", None)
    assert tills.get("tills", feedback="x" * 65).status == 404
    assert tills.get("tills", tested="x" * 65).status == 200


def test_a_bus_that_does_not_answer_is_said_on_a_page_nothing_is_saved_and_it_can_be_tried_again(
    tills: Browser, routes: Routes
) -> None:
    def fail(**request: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://events.eu-west-1.amazonaws.com")

    before = routes.all()
    bus = routes._rules._client.meta.events
    bus.register_first("before-call.events.*", fail)
    answer = save(tills, QUEUES)
    assert (answer.status, "One moment, please" in answer.text) == (503, True)
    assert routes.all() == before
    bus.unregister("before-call.events.*", fail)
    assert save(tills, QUEUES).status == 200


def test_a_button_that_does_not_exist_changes_nothing(tills: Browser) -> None:
    assert tills.post("tills", action="explode", id="team-tills").status == 422


@pytest.mark.parametrize(
    "target",
    [
        {"kind0": "webhook", "to0": "https://collector.example.com/all"},
        {"kind0": "email", "to0": "mallory@example.com"},
        {"kind1": "slack", "to1": "https://hooks.slack.com/services/T/B/x"},
    ],
)
def test_a_member_cannot_take_everything_out_of_the_business(
    tills: Browser, routes: Routes, target: dict[str, str]
) -> None:
    """A route with an empty condition, and a target elsewhere."""
    before = routes.all()
    answer = save(tills, QUEUES | {"when": ""} | target)
    assert (answer.status, "is outside of this business" in answer.text) == (422, True)
    assert routes.all() == before
    assert save(tills, QUEUES).status == 200
    answer = save(tills, QUEUES | target | {"change": "1"})
    assert (answer.status, "is outside of this business" in answer.text) == (422, True)


def test_what_a_page_makes_says_so_also_where_it_changes_a_route_of_an_admin(tills: Browser, routes: Routes) -> None:
    admins = {"id": "queues", "team": "tills", "when": "reason = queue", "to": ["email:lead@fernleaf.example"]}
    routes.add(TeamRoute.model_validate(admins | {"created_by": "arn:admin", "changed_at": utc_now()}))
    assert save(tills, QUEUES | {"when": "", "change": "1"}).status == 200
    changed = routes.own("queues", "tills")
    assert (changed.when, changed.from_page, changed.created_by) == ("", True, "arn:admin")


def test_a_team_makes_a_bounded_number_of_routes(tills: Browser, routes: Routes) -> None:
    for number in range(MAX_ROUTES):
        assert save(tills, QUEUES | {"id": f"queues-{number}"}).status == 200
    answer = save(tills, QUEUES | {"id": "one-more"})
    assert (answer.status, "remove one first" in answer.text) == (409, True)
    tills.post("tills", action="remove", id="queues-0")
    assert save(tills, QUEUES | {"id": "one-more"}).status == 200


def test_a_business_that_is_not_open_rehearses_and_shows_a_team_its_own_feedback_only(
    tills: Browser, function: ModuleType, store: Store, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    business = config.business.model_copy(update={"open": False})
    now = utc_now()
    store.capture(an_answer(reasons=("queue",), comment="One till open."), config, now)
    theirs = store.capture(an_answer("theirs", reasons=("price",), comment="Charged twice."), config, now).revision
    assert "Charged twice." in tills.post("tills", action="rehearse", **QUEUES | {"when": ""}).text
    monkeypatch.setattr(function.visits.routes, "_config", config.model_copy(update={"business": business}))
    shown = tills.post("tills", action="rehearse", **QUEUES | {"when": ""}).text
    assert "One till open." in shown
    assert "Charged twice." not in shown
    assert "caught 1 of 1" in shown

    assert save(tills, QUEUES | {"when": ""}).status == 200
    sent = Delivery(
        feedback_id=theirs.feedback.id,
        route="queues",
        target="t",
        subject="card",
        to="email:lead@fernleaf.example",
        state=State.DELIVERED,
        created_at=now,
        changed_at=now,
    )
    Deliveries(store.client, store.table).save(sent)
    assert tills.get("tills", feedback=theirs.feedback.id).status == 404

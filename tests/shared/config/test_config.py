import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.config import fields
from shared.config import load as config_module
from shared.config.checks import find_problems
from shared.config.colours import contrast
from shared.config.model import Config
from shared.config.problems import ConfigError
from tests.kit.businesses import deployable

OURS = config_module.config_path().read_text(encoding="utf-8")


def problems_after(tmp_path: Path, old: str, new: str) -> list[str]:
    assert old in OURS
    path = tmp_path / "earshot.toml"
    path.write_text(OURS.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        config_module.load(path)
    return [str(problem) for problem in caught.value.problems]


def test_the_file_of_the_business_that_runs_here_is_valid(admins_file: Path) -> None:
    config_module.load(admins_file)


def test_the_tests_have_a_business_that_speaks_two_languages(config: Config) -> None:
    assert config.business.languages == ("en", "ar")
    assert config.touchpoints["checkout"].question.keys() == {"en", "ar"}


def test_a_business_without_a_number_leaves_the_table_out(tmp_path: Path) -> None:
    path = tmp_path / "earshot.toml"
    start, end = OURS.index("[sms]"), OURS.index("[mail]")
    path.write_text(OURS[:start] + OURS[end:], encoding="utf-8")
    assert config_module.load(path).sms is None


def test_every_team_has_a_route_of_its_own_to_its_cards(config: Config) -> None:
    routes = config.declared_routes()
    for id, team in config.teams.items():
        assert routes[f"team-{id}"].when == f"team = {id}"
        assert routes[f"team-{id}"].to == team.cards


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            'number = "+447400900100"',
            'number = "07400 900100"',
            "sms.number: '07400 900100' is not a phone number; write it with its country, like '+447400900100'",
        ),
        (
            'countries = ["GB", "IE"]',
            'countries = ["uk"]',
            "sms.countries.0: 'uk' is not a country; write its two capital letters, like 'GB'",
        ),
        (
            'touchpoint = "checkout"',
            'touchpoint = "chekout"',
            "sms.touchpoint: no touchpoint 'chekout'; did you mean 'checkout'?",
        ),
        (
            'account = "AC00000000000000000000000000000000"',
            'account = "SK1"',
            "sms.twilio.0.account: 'SK1' is not a Twilio account SID; it is AC and 32 of 0-9 and a-f",
        ),
        (
            'number = "+447400900200"',
            'number = "+447400900100"',
            "sms.twilio: a number stands twice; every number belongs to one provider",
        ),
        (
            'quiet = { from = "22:00"',
            'quiet = { from = "25:00"',
            "invitations.quiet.from: '25:00' is not a time of day; write one like '08:30'",
        ),
        (
            'countries = ["GB", "IE"]',
            'countries = ["UK"]',
            "sms.countries.0: there is no country 'UK'; write one like 'GB'",
        ),
        (
            'hosts = ["orders.fernleaf.example", ',
            'hosts = ["https://fernleaf.example/hook", ',
            "business.hosts.0: 'https://fernleaf.example/hook' is not a host; write one like 'hooks.slack.com', "
            "with no https:// and no path",
        ),
        (
            'hosts = ["orders.fernleaf.example", ',
            'hosts = ["intranet.example", ',
            "business.hosts: a host stands twice; remove one",
        ),
        ("hosts = [", "open = 3\nhosts = [", "business.open: must be true or false"),
        (
            'alarms = ["email:it@fernleaf.example"]',
            'alarms = ["slack:https://hooks.slack.com/services/x"]',
            "alarms.0: 'slack:https://hooks.slack.com/services/x' cannot hear of alarms; write an address, like "
            "'email:ops@fernleaf.example'",
        ),
        (
            'alarms = ["email:it@fernleaf.example"]',
            'alarms = ["email:it@fernleaf.example", "email:IT@fernleaf.example"]',
            "alarms: an address stands twice; remove one",
        ),
        (
            "[sms]",
            '[sms]\nrequest = "LONG_CODE"',
            "sms.request_country: name the requested number's country: one of GB, IE",
        ),
        (
            "[sms]",
            '[sms]\nrequest = "LONG_CODE"\nrequest_country = "FR"',
            "sms.request_country: name the requested number's country: one of GB, IE",
        ),
        (
            'from = "22:00"',
            'from = "22:00Z"',
            "invitations.quiet.from: '22:00Z' is not a time of day; write one like '08:30'",
        ),
        (
            'from = "22:00", to = "07:00" }',
            'from = "22:00", to = "22:00" }',
            "invitations.quiet: ends when it begins, so no hour is quiet; change from or to",
        ),
        ('account = "AC', 'acount = "AC', "sms.twilio.0.acount: unknown key; did you mean 'account'?"),
        (
            '["mon", "tue", "wed", "thu", "fri"]',
            '["mon", "mon"]',
            "teams.web.hours.days: a day stands twice; remove one",
        ),
        (
            'cards = ["email:web@fernleaf.example"]',
            'cards = ["email:web@fernleaf.example", "email:Web@fernleaf.example"]',
            "teams.web.cards: a target stands twice; remove one",
        ),
        ('cards = ["email:web@fernleaf.example"]', "cards = []", "teams.web.cards: must have at least one entry"),
        ('name = "Web shop"', 'name = "  "', "teams.web.name: '  ' must be one line of text"),
        ('name = "Web shop"', r'name = "Web\nshop"', r"teams.web.name: 'Web\nshop' must be one line of text"),
        ("days_between = 30", 'days_between = "a month"', "invitations.days_between: must be a whole number"),
        ("days_between = 30", "days_between = 0", "invitations.days_between: must be at least 1"),
        (
            'hours = { days = ["mon", "tue", "wed", "thu", "fri"], from = "09:00", to = "18:00" }',
            'hours = "always"',
            "teams.web.hours: must be a table of keys and values, or a list of them",
        ),
        (
            'public_url = "https://feedback.fernleaf.example"',
            'public_url = "https://.."',
            "business.public_url: 'https://..' must be https:// and a host, with no path or slash at the end",
        ),
        (
            'public_url = "https://feedback.fernleaf.example"',
            'public_url = "http://127.0.0.1:80"',
            "business.public_url: 'http://127.0.0.1:80' must be https:// and a host, with no path or slash at the end",
        ),
        *(
            (
                '[mail]\naddress = "feedback@fernleaf.example"',
                f'[mail]\naddress = "{name}@fernleaf.example"',
                f"mail.address: '{name}@fernleaf.example' leaves replies no room for a signature; "
                "use at most 20 characters before the @, no +",
            )
            for name in ("customer-feedback-desk", "feed+back")
        ),
        ("default_team =", "defualt_team =", "defualt_team: unknown key; did you mean 'default_team'?"),
        ('name = "Customer care"', 'nam = "Customer care"', "teams.care.nam: unknown key; did you mean 'name'?"),
        ('team = "tills"', 'team = "till"', "touchpoints.checkout.team: no team 'till'; did you mean 'tills'?"),
        (
            'label = { en = "A wrong price", ar = "سعر غير صحيح" }, team = "care"',
            'label = { en = "A wrong price", ar = "سعر غير صحيح" }, team = "nobody"',
            "touchpoints.checkout.reasons.2.team: no team 'nobody'; use one of care, tills, delivery, web",
        ),
        (
            'email = "amal@fernleaf.example"',
            'email = "amal at fernleaf"',
            "teams.care.people.0.email: 'amal at fernleaf' is not an email address; write name@host.tld",
        ),
        ('id = "staff"', 'id = "queue"', "touchpoints.checkout.reasons.1.id: 'queue' stands twice; rename one"),
        (
            'brand_colour = "#0b5d3b"',
            'brand_colour = "#7fd0a0"',
            "business.brand_colour: #7fd0a0 is too pale to read on white; #4c8061 is the same hue and dark enough",
        ),
        (
            'name = { en = "Checkout", ar = "الدفع" }',
            'name = { en = "Checkout" }',
            "touchpoints.checkout.name.ar: missing; every language of business.languages needs a text",
        ),
        (
            '"https://feedback.fernleaf.example"',
            '"http://feedback.fernleaf.example/"',
            "business.public_url: 'http://feedback.fernleaf.example/' must be https:// and a host, "
            "with no path or slash at the end",
        ),
        ('languages = ["en", "ar"]', 'languages = "en"', "business.languages: must be a list in [ ]"),
        (
            '"Europe/London"',
            '"Europe/Londn"',
            "business.time_zone: 'Europe/Londn' is not a time zone; write one like 'Europe/London'",
        ),
        (
            'scale = "smile5"',
            'scale = "smile7"',
            "touchpoints.checkout.scale: 'smile7' is not known; "
            "use one of 'smile5', 'stars5', 'csat5', 'nps' or 'thumbs'",
        ),
        (
            'to = ["email:care-lead@fernleaf.example"]',
            'to = ["fax:123"]',
            "routes.care-hears-every-refund.to.0: 'fax:123' must start with one of "
            "email:, webhook:, slack:, teams:, sqs:, sns:, lambda:, bus:",
        ),
        (
            'when = "touchpoint = delivery"',
            'when = "touchpoint = delivery and moood = happy"',
            "routes.order-system.when: 'moood' is not a field; did you mean 'mood'? (column 27)",
        ),
        (
            'when = "touchpoint = delivery"',
            'when = "touchpoint = deliveries"',
            "routes.order-system.when: There is no touchpoint 'deliveries'; did you mean 'delivery'? (column 1)",
        ),
        (
            'when = "mood = unhappy and reason in (refund, price)"',
            'when = "event = InvitationSuppressed"',
            "routes.care-hears-every-refund.to: what becomes of an invitation makes no card for "
            "email:care-lead@fernleaf.example; remove it",
        ),
        (
            'when = "touchpoint = delivery"',
            'when = "words ~ late and words ~ cold"',
            "routes.order-system.when: EventBridge compares words once in a rule, and these cannot become one "
            "comparison: make two routes; for two words, write words ~ late*refund or words ~ refund*late. (column 18)",
        ),
    ],
)
def test_a_mistake_is_one_line_that_names_the_key_and_the_fix(tmp_path: Path, old: str, new: str, line: str) -> None:
    assert line in problems_after(tmp_path, old, new)


def test_an_id_that_stands_twice_is_a_mistake(tmp_path: Path) -> None:
    lines = problems_after(tmp_path, "[teams.tills]", "[teams.care]")
    assert lines[0].startswith("syntax: ")
    assert "care" in lines[0]


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "earshot.toml"
    path.write_text(OURS.replace('team = "care"', 'team = "nobody"'), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        config_module.load(path)
    assert len(caught.value.problems) == OURS.count('team = "care"')
    assert str(caught.value).count("\n") == len(caught.value.problems) - 1


def test_no_mistake_hides_another(tmp_path: Path) -> None:
    mistakes = {
        'default_team = "care"': 'default_team = "cart"',
        "days_between = 30": "days_betwen = 30",
        'brand_colour = "#0b5d3b"': 'brand_colour = "#7fd0a0"',
        'email = "amal@fernleaf.example"': 'email = "amal"',
        'id = "staff"': 'id = "queue"',
        'when = "touchpoint = delivery"': 'when = "touchpoint = deliveri"',
        '"السائق" } },': '"السائق" }, team = "drivers" },',
        '{ account = "AC': '{ acount = "AC',
        'question = { en = "How did your delivery go?", ar': 'question = { en = "How did your delivery go?", xx',
    }
    wrong = OURS
    for old, new in mistakes.items():
        assert old in wrong
        wrong = wrong.replace(old, new, 1)
    path = tmp_path / "earshot.toml"
    path.write_text(wrong, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        config_module.load(path)
    assert {problem.path for problem in caught.value.problems} == {
        "default_team",
        "invitations.days_between",
        "invitations.days_betwen",
        "business.brand_colour",
        "teams.care.people.0.email",
        "touchpoints.checkout.reasons.1.id",
        "routes.order-system.when",
        "touchpoints.delivery.reasons.1.team",
        "sms.twilio.0.account",
        "sms.twilio.0.acount",
        "touchpoints.delivery.question.ar",
        "touchpoints.delivery.question.xx",
    }


_TABLES = [
    *("", "business", "teams.care", "teams.care.people.0", "teams.care.hours", "touchpoints.checkout"),
    *("touchpoints.checkout.reasons.0", "routes.order-system", "invitations", "invitations.quiet", "sms"),
    *("sms.twilio.0", "mail"),
]


@pytest.mark.parametrize("table", _TABLES)
def test_an_unknown_key_is_named_in_every_table(table: str) -> None:
    data = tomllib.loads(OURS)
    place: Any = data
    for part in filter(None, table.split(".")):
        place = place[int(part) if part.isdigit() else part]
    place["colour"] = "green"
    (problem,) = find_problems(data)
    assert problem.path == f"{table}.colour".lstrip(".")
    assert problem.message.startswith("unknown key; ")


_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(data=st.data())
def test_whatever_stands_anywhere_in_the_file_is_a_mistake_with_a_path_or_fine(data: st.DataObject) -> None:
    file = tomllib.loads(OURS)
    place: Any = file
    while True:
        key = data.draw(st.sampled_from(list(place) if isinstance(place, dict) else range(len(place))))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
            break
        place = inner
    place[key] = data.draw(_JUNK)
    for problem in find_problems(file):
        assert problem.path
        assert "\n" not in str(problem)
        assert len(problem.message) < 500


def test_a_missing_file_says_where_to_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="run from the project's folder"):
        config_module.load(tmp_path / "earshot.toml")


@given(st.from_regex(r"#[0-9a-f]{6}", fullmatch=True))
def test_any_colour_is_either_readable_on_white_or_refused_with_one_that_is(colour: str) -> None:
    try:
        assert contrast(fields._brand_colour(colour), "#ffffff") >= 4.5
    except ValueError as refusal:
        suggested = str(refusal).split("; ")[1][:7]
        assert contrast(suggested, "#ffffff") >= 4.5


@pytest.fixture
def owned(tmp_path: Path) -> Config:
    """The tests' business, with names that somebody could own."""
    path = tmp_path / "owned.toml"
    path.write_text(deployable(OURS), encoding="utf-8")
    return config_module.load(path)


def refused_for_aws(config: Config) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        config_module.check_for_aws(config)
    return str(caught.value).splitlines()


def test_a_target_on_this_machine_is_for_the_local_stage_only(owned: Config) -> None:
    config_module.check_for_aws(owned)
    here = "webhook:https://localhost:9000/hook"
    team = owned.teams["care"].model_copy(update={"cards": ("email:care@fernleaf.zz", here)})
    route = next(iter(owned.routes.values())).model_copy(update={"to": (here,)})
    lines = refused_for_aws(owned.model_copy(update={"teams": {"care": team}, "routes": {"hook": route}}))
    assert [line.split(": ")[1] for line in lines] == ["teams.care.cards.1", "routes.hook.to.0"]
    assert all("on AWS it must be https and on the public internet" in line for line in lines)


@pytest.mark.parametrize(
    ("path", "ours", "line"),
    [
        ("business.sender", 'sender = "feedback@fernleaf.zz"', "fernleaf.example"),
        ("business.public_url", 'public_url = "https://feedback.fernleaf.zz"', "feedback.fernleaf.example"),
        ("alarms.0", 'alarms = ["email:it@fernleaf.zz"]', "fernleaf.example"),
        ("teams.care.people.1.email", 'email = "tom@fernleaf.zz"', "fernleaf.example"),
        ("teams.tills.lead", 'lead = "tills-lead@fernleaf.zz"', "fernleaf.example"),
        ("business.chief", 'chief = "chief@fernleaf.zz"', "fernleaf.example"),
        ("teams.tills.cards.0", 'cards = ["email:tills@fernleaf.zz"]', "fernleaf.example"),
        ("routes.order-system.to.0", "webhook:https://orders.fernleaf.zz/hooks/feedback", "orders.fernleaf.example"),
        ("sms.help", 'help = "care@fernleaf.zz"', "fernleaf.example"),
        ("mail.address", 'address = "feedback@fernleaf.zz"', "fernleaf.example"),
    ],
)
def test_a_name_for_examples_is_no_address_to_deploy_with(tmp_path: Path, path: str, ours: str, line: str) -> None:
    text = deployable(OURS)
    assert text.count(ours) == 1
    file = tmp_path / "earshot.toml"
    file.write_text(text.replace(ours, ours.replace(".zz", ".example")), encoding="utf-8")
    told = f"earshot.toml: {path}: {line} is a name for examples, which AWS can reach nobody at; write your own"
    assert refused_for_aws(config_module.load(file)) == [told]


def test_the_file_that_is_shipped_is_for_the_local_stage_until_it_names_a_business(config: Config) -> None:
    assert len(refused_for_aws(config)) > 10
    assert config.at("http://127.0.0.1:4000").is_local

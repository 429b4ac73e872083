import boto3
import pytest
from pydynox import DynamoDBClient
from pydynox.exceptions import PydynoxException

from functions.capture_sms.twilio import read_form, respond, sign, verify
from shared.config.model import Config
from shared.errors import Forged, Unreadable
from shared.keys.twilio_tokens import TwilioTokens
from shared.languages.commands import Command
from tests.kit.tables import KEYS_TABLE

ACCOUNT = "AC00000000000000000000000000000000"
URL = "https://feedback.fernleaf.example/sms/twilio"
TOKEN = "12345"
PARAMETERS = [
    ("MessageSid", "SM1"),
    ("AccountSid", ACCOUNT),
    ("From", "+447400123456"),
    ("Body", "2 queue & price"),
    ("Unheard", ""),
]


@pytest.fixture
def key(aws: str) -> str:
    return boto3.client("kms").create_key()["KeyMetadata"]["KeyId"]


@pytest.fixture
def tokens(client: DynamoDBClient, key: str) -> TwilioTokens:
    tokens = TwilioTokens(client, KEYS_TABLE["TableName"], key)
    tokens.set(ACCOUNT, TOKEN)
    return tokens


def test_the_signature_is_the_one_in_twilios_documentation() -> None:
    parameters = [
        ("CallSid", "CA1234567890ABCDE"),
        ("Caller", "+12349013030"),
        ("Digits", "1234"),
        ("From", "+12349013030"),
        ("To", "+18005551212"),
    ]
    assert sign("https://mycompany.com/myapp.php?foo=1&bar=2", parameters, TOKEN) == "0/KCTR6DLpKmkAf8muzZqo1nDgQ="


@pytest.mark.parametrize("signed", [URL, URL.replace(".example/", ".example:443/")])
def test_a_request_is_verified_with_and_without_the_port(config: Config, tokens: TwilioTokens, signed: str) -> None:
    assert config.sms is not None
    incoming = verify(PARAMETERS, sign(signed, PARAMETERS, TOKEN), URL, config.sms, tokens)
    assert incoming == ("SM1", "+447400123456", "2 queue & price", False, None)


@pytest.mark.parametrize(
    ("verdict", "command"),
    [("STOP", Command.STOP), ("START", Command.START), ("HELP", Command.HELP), ("OTHER", None)],
)
def test_what_twilio_took_a_text_for_is_passed_on(
    config: Config, tokens: TwilioTokens, verdict: str, command: Command | None
) -> None:
    assert config.sms is not None
    parameters = [*PARAMETERS, ("OptOutType", verdict)]
    incoming = verify(parameters, sign(URL, parameters, TOKEN), URL, config.sms, tokens)
    assert (incoming.handled, incoming.command) == (True, command)


@pytest.mark.parametrize(
    ("url", "parameters", "token"),
    [
        (URL + "?x=1", PARAMETERS, TOKEN),
        (URL.replace("https", "http"), PARAMETERS, TOKEN),
        (URL, PARAMETERS[:-1], TOKEN),  # an unknown field takes part in the signature
        (URL, [*PARAMETERS[:3], ("Body", "5 great")], TOKEN),
        (URL, PARAMETERS, "another token"),
    ],
)
def test_what_was_signed_otherwise_is_forged(
    config: Config, tokens: TwilioTokens, url: str, parameters: list[tuple[str, str]], token: str
) -> None:
    assert config.sms is not None
    with pytest.raises(Forged):
        verify(PARAMETERS, sign(url, parameters, token), URL, config.sms, tokens)


@pytest.mark.parametrize("signature", ["", "x", "é", "0/KCTR6DLpKmkAf8muzZqo1nDgQ="])
def test_nonsense_for_a_signature_is_forged(config: Config, tokens: TwilioTokens, signature: str) -> None:
    assert config.sms is not None
    with pytest.raises(Forged):
        verify(PARAMETERS, signature, URL, config.sms, tokens)


def test_another_account_is_forged_though_its_own_token_signed(
    config: Config, tokens: TwilioTokens, client: DynamoDBClient
) -> None:
    other = [("AccountSid", "AC1"), *PARAMETERS[:1], *PARAMETERS[2:]]
    tokens.set("AC1", TOKEN)
    assert config.sms is not None
    with pytest.raises(Forged):
        verify(other, sign(URL, other, TOKEN), URL, config.sms, tokens)


def test_an_account_without_a_token_yet_takes_nothing(config: Config, client: DynamoDBClient, key: str) -> None:
    assert config.sms is not None
    none = TwilioTokens(client, KEYS_TABLE["TableName"], key)
    with pytest.raises(Forged):
        verify(PARAMETERS, sign(URL, PARAMETERS, ""), URL, config.sms, none)


@pytest.mark.parametrize("body", [b"\xff", b"a=%ff", b"&".join(b"a=%d" % n for n in range(201)), b"nothing"])
def test_a_body_that_is_no_form_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read_form(body)


def test_a_reply_cannot_leave_its_element() -> None:
    assert respond("a < b & c") == (
        '<?xml version="1.0" encoding="UTF-8"?><Response><Message>a &lt; b &amp; c</Message></Response>'
    )
    assert respond(None).endswith("<Response></Response>")


def test_a_token_is_replaced_within_a_minute(client: DynamoDBClient, key: str) -> None:
    moment = [0.0]
    tokens = TwilioTokens(client, KEYS_TABLE["TableName"], key, clock=lambda: moment[0])
    assert tokens.get(ACCOUNT) is None
    TwilioTokens(client, KEYS_TABLE["TableName"], key).set(ACCOUNT, "new")
    assert tokens.get(ACCOUNT) is None
    moment[0] = 60.0
    assert tokens.get(ACCOUNT) == "new"


def test_a_token_stands_in_the_table_in_no_readable_form(client: DynamoDBClient, key: str) -> None:
    tokens = TwilioTokens(client, KEYS_TABLE["TableName"], key)
    tokens.set(ACCOUNT, "0123456789abcdef0123456789abcdef")
    [item] = client.sync_scan(KEYS_TABLE["TableName"])
    assert item.keys() == {"name", "sealed"}
    assert "0123456789abcdef" not in str(item)
    assert tokens.get(ACCOUNT) == "0123456789abcdef0123456789abcdef"


def test_a_token_opens_for_its_own_account_alone(client: DynamoDBClient, tokens: TwilioTokens, key: str) -> None:
    """Who may write to the table cannot have another account's token taken for an account's own."""
    [item] = client.sync_scan(KEYS_TABLE["TableName"])
    client.sync_put_item(KEYS_TABLE["TableName"], item | {"name": item["name"].replace(ACCOUNT, "AC1")})
    with pytest.raises(PydynoxException):
        tokens.get("AC1")


def test_a_token_of_an_earlier_stack_is_opened_with_the_key_that_sealed_it(
    client: DynamoDBClient, tokens: TwilioTokens
) -> None:
    later = boto3.client("kms").create_key()["KeyMetadata"]["KeyId"]
    assert TwilioTokens(client, KEYS_TABLE["TableName"], later).get(ACCOUNT) == TOKEN


def test_a_token_that_was_kept_unsealed_is_none_until_it_is_set_again(client: DynamoDBClient, key: str) -> None:
    client.sync_put_item(KEYS_TABLE["TableName"], {"name": f"twilio#{ACCOUNT}", "token": TOKEN})
    assert TwilioTokens(client, KEYS_TABLE["TableName"], key).get(ACCOUNT) is None
    TwilioTokens(client, KEYS_TABLE["TableName"], key).set(ACCOUNT, TOKEN)
    assert TwilioTokens(client, KEYS_TABLE["TableName"], key).get(ACCOUNT) == TOKEN


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"Body": "", "Latitude": "51.5", "Longitude": "-0.12", "Label": "Till 4", "Address": "5 High St, London"},
            "📍 Till 4, 5 High St, London (51.5, -0.12)",
        ),
        ({"Body": "it lies here", "Latitude": "51.5", "Longitude": "-0.12"}, "it lies here\n📍 (51.5, -0.12)"),
        (
            {"NumMedia": "1", "MediaUrl0": "https://api.twilio.example/1", "MediaContentType0": "text/vcard"},
            "👤 https://api.twilio.example/1",
        ),
        (
            {"NumMedia": "1", "MediaUrl0": "https://api.twilio.example/1", "MediaContentType0": "image/jpeg"},
            "📎 https://api.twilio.example/1",
        ),
    ],
)
def test_a_place_and_a_contact_are_kept_and_told_apart(
    config: Config, tokens: TwilioTokens, fields: dict[str, str], words: str
) -> None:
    assert config.sms is not None
    parameters = [("MessageSid", "SM1"), ("AccountSid", ACCOUNT), ("From", "whatsapp:+447400123456"), *fields.items()]
    assert verify(parameters, sign(URL, parameters, TOKEN), URL, config.sms, tokens).body == words

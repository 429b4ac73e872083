import re
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.config.model import Config
from shared.mail.frame import automatic
from shared.mail.letters import MAX_SUBJECT, thanks
from shared.mail.sending import Mail, send
from tests.shared.mail.test_letters import a_thanks


class Ses:
    """Takes what would be sent."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []

    def send_email(self, **request: Any) -> dict[str, str]:
        self.requests.append(request)
        return {"MessageId": "0102018e"}


@given(text=st.text(max_size=200))
def test_no_text_breaks_out_of_a_header(config: Config, text: str) -> None:
    ses = Ses()
    mail = thanks(config, a_thanks(config, name=text, subject=text, message_id=text))
    rough = mail._replace(headers=mail.headers | {"X-Test": text})
    send(cast(Any, ses), config.business, "ana@example.com", rough)
    simple = ses.requests[0]["Content"]["Simple"]
    for value in (simple["Subject"]["Data"], *(header["Value"] for header in simple["Headers"])):
        value.encode()
        assert not re.search(r"[\x00-\x1f\x7f\u2028\u2029]", value)
    assert len(simple["Subject"]["Data"]) <= MAX_SUBJECT


@pytest.mark.parametrize("name", ["", "X Y", "X:Y", "X\r\nBcc", "é"])
def test_a_header_that_nobody_may_name_is_refused(config: Config, name: str) -> None:
    with pytest.raises(ValueError, match="cannot be a header's name"):
        send(cast(Any, Ses()), config.business, "ana@example.com", Mail("a", "b", "c", {name: "x"}))


def test_a_mail_leaves_from_the_business_with_its_tags(config: Config) -> None:
    ses = Ses()
    mail = thanks(config, a_thanks(config))
    assert send(cast(Any, ses), config.business, "ana@example.com", mail, tags={"message": "m1"}) == "0102018e"
    request = ses.requests[0]
    assert request["FromEmailAddress"] == "Fernleaf Market <feedback@fernleaf.example>"
    assert request["ReplyToAddresses"] == ["feedback+fabc@fernleaf.example"]
    assert request["EmailTags"] == [{"Name": "message", "Value": "m1"}]
    assert "Reply-To" not in [header["Name"] for header in request["Content"]["Simple"]["Headers"]]


def test_machines_are_asked_not_to_answer() -> None:
    assert automatic("auto-replied") == {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"}

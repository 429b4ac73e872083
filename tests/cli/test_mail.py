import pytest

from cli.mail import _addressed, _compose
from functions.capture_email.mime import read

MAILBOX = "feedback@fernleaf.example"


def headers(message: bytes) -> dict[str, str]:
    return dict(read(message).headers.items)


@pytest.mark.parametrize(
    "content", [b"3 - slow", "بطيء".encode(), b"", b"A line: with a colon\nand another", b"http://a.example is slow"]
)
def test_words_alone_become_a_mail(content: bytes) -> None:
    message = _compose(content, "a@example.com", MAILBOX)
    mail = read(message)
    assert mail.headers.get("from") == "a@example.com"
    assert mail.headers.get("to") == MAILBOX
    assert mail.text.encode() == content


def test_a_whole_mail_is_sent_as_it_is_but_from_the_customer() -> None:
    raw = b"Subject: Hi\nFrom: Ana\n <x@y.example>\nTo: feedback+abc@fernleaf.example\nMessage-ID: <1@y>\n\nlate\n"
    message = _compose(raw, "a@example.com", MAILBOX)
    found = headers(message)
    assert found["from"] == "a@example.com"
    assert (found["subject"], found["to"], found["message-id"]) == ("Hi", "feedback+abc@fernleaf.example", "<1@y>")
    assert message.endswith(b"\r\n\r\nlate\r\n")
    assert message.count(b"rom:") == 1


def test_it_goes_to_the_signed_address_that_the_mail_names() -> None:
    assert _addressed(b"To: <feedback+abc@fernleaf.example>\r\n\r\nx", MAILBOX) == "feedback+abc@fernleaf.example"
    assert _addressed(b"To: x@y.example\r\n\r\nfeedback+abc@fernleaf.example", MAILBOX) == MAILBOX

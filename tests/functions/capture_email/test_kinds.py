"""Mails as programs send them, with what each says: the table is `events/samples/mail/kinds/expected.json`."""

import time
import unicodedata
from typing import Any

import pytest

from functions.capture_email.incoming import IncomingMail, read_mail, words_of
from functions.capture_email.ours import Ours
from shared.config.model import Config
from tests.kit.samples import load_bytes, load_event

KINDS: dict[str, dict[str, Any]] = load_event("samples/mail/kinds/expected.json")


def comparable(words: str | None, how: str = "") -> str:
    lines = unicodedata.normalize("NFC", words or "").strip().split("\n")
    if how == "squeezed":
        return " ".join((words or "").split())
    if how.startswith("lines"):
        lines = [" ".join(line.split()) for line in lines if line.strip()]
    return "\n".join(line.rstrip() for line in lines)


def said(letter: IncomingMail, raw: bytes, config: Config) -> str:
    return words_of(letter, Ours.of(config), answers_us=b"TOKEN" in raw).shown


@pytest.fixture(params=KINDS, ids=lambda name: f"{name.removesuffix('.eml')}: {KINDS[name]['what'][:60]}")
def kind(request: pytest.FixtureRequest) -> tuple[bytes, dict[str, Any]]:
    return load_bytes(f"samples/mail/kinds/{request.param}"), KINDS[request.param]


def test_a_mail_says_what_its_sender_wrote(kind: tuple[bytes, dict[str, Any]], config: Config) -> None:
    raw, right = kind
    letter = read_mail(raw, config)
    assert ("machine" if letter.automatic else "person") == right["who"]
    if letter.automatic:
        return
    words = said(letter, raw, config)
    if "words" in right or "words_any" in right:
        how = right.get("compare", "")
        allowed = [right[key] for key in ("words",) if key in right] + right.get("words_any", [])
        assert comparable(words, how) in [comparable(each, how) for each in allowed]
    assert [piece for piece in right.get("contains", []) if piece not in words] == []
    assert [piece for piece in right.get("absent", []) if piece in words] == []
    assert words.startswith(right.get("begins", ""))


def test_a_mail_is_from_whom_it_says(kind: tuple[bytes, dict[str, Any]], config: Config) -> None:
    raw, right = kind
    letter = read_mail(raw, config)
    if "sender" in right:
        assert (letter.sender or None) in [
            each and each.lower() for each in (right["sender"], *right.get("sender_any", []))
        ]
    if right.get("display_name"):
        assert letter.name == right["display_name"]
    if right.get("subject"):
        assert letter.subject == " ".join(right["subject"].split())[:200]


def test_nobody_who_may_be_a_machine_is_thanked(kind: tuple[bytes, dict[str, Any]], config: Config) -> None:
    raw, right = kind
    letter = read_mail(raw, config)
    is_thanked = bool(letter.sender) and not letter.automatic and not letter.may_be_automatic
    if right["answered_ok"] is not None and letter.sender:
        assert is_thanked == right["answered_ok"]


def test_a_subject_of_ours_behind_what_programs_put_before_it_is_a_reply(
    kind: tuple[bytes, dict[str, Any]], config: Config
) -> None:
    raw, right = kind
    if "is_reply_by_subject" in right:
        assert read_mail(raw, config).is_answer == right["is_reply_by_subject"]


@pytest.mark.parametrize("piece", ["<", "<style ", "<a ", "<style><", "< a>", "&lt;"])
def test_a_short_plain_part_beside_hostile_markup_takes_no_longer(piece: str, config: Config) -> None:
    parts = [("plain", "Milk was open"), ("html", (piece * 64_000)[:64_000])]
    body = "".join(f"--b\r\nContent-Type: text/{kind}\r\n\r\n{text}\r\n" for kind, text in parts)
    head = "From: ana@example.com\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
    began = time.process_time()
    read_mail(f"{head}{body}--b--\r\n".encode(), config)
    assert time.process_time() - began < 1

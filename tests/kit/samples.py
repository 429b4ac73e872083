"""The one loader of recorded inputs, which live in `events/`."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

EVENTS = Path(__file__).parents[2] / "events"


def load_bytes(name: str) -> bytes:
    """A recorded input as it arrived, such as `samples/mail/gmail_reply.eml`."""
    return (EVENTS / name).read_bytes()


def load_event(name: str) -> Any:
    """A recorded JSON input, such as `samples/stream_insert.json`."""
    return json.loads(load_bytes(name))


def load_rows(name: str, part: str | None = None) -> list[Any]:
    """The rows of a table of inputs with their right values (see `samples/edges/README.md`), for `parametrize`.

    A row that is `sure` to be right has an id that says what it is about; another answer to one that is not can be
    defended, and `judged` says why.
    """
    rows = [json.loads(line) for line in load_bytes(name).splitlines()]
    return [pytest.param(row, id=f"{row['id']} {row['note'][:40]}") for row in rows if part in (None, row.get("part"))]


class WordsOfMail(NamedTuple):
    """A mail as a program sends it, and what its sender wrote (see `samples/mail/words/README.md`)."""

    raw: bytes
    kind: str
    is_reply: bool
    exactly: bool
    """Whether blank lines count."""
    words: tuple[str, ...]
    """The right values; with another rating in front or behind, there is more than one."""
    rating: int | None

    def is_said_by(self, shown: str) -> bool:
        """Whether what is shown is right."""
        return self._lines(shown) in map(self._lines, self.words)

    def _lines(self, text: str) -> list[str]:
        lines = [line.rstrip() for line in re.sub("[\u00a0\u202f\u3000]", " ", text).replace("\r\n", "\n").split("\n")]
        if self.exactly:
            return "\n".join(lines).strip().split("\n")
        return [line.strip() for line in lines if line.strip()]


def load_words_of_mails(address: str, message_id: str, link: str) -> dict[str, WordsOfMail]:
    """Hundreds of mails by name. Replies go to the signed `address`, and answer the mail of ours with `message_id`."""
    filled = {"{{TOKEN_ADDRESS}}": address, "{{OURS}}": message_id, "{{LINK}}": link}

    def fill(text: str) -> str:
        for place, value in filled.items():
            text = text.replace(place, value)
        return text

    def fill_bytes(raw: bytes) -> bytes:
        return fill(raw.decode("latin-1")).encode("latin-1")

    return {
        name: WordsOfMail(
            fill_bytes(load_bytes(f"samples/mail/words/{name}.eml")),
            case["kind"],
            case["reply"],
            case["exactly"],
            tuple(map(fill, case["words"])),
            case["rating"],
        )
        for name, case in load_event("samples/mail/words/expected.json").items()
    }

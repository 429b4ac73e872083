from pathlib import Path

import pytest

from shared.keys import links
from shared.keys.signing import Keys
from shared.values import utc_now
from tests.cli.conftest import Earshot

PREFIX = "http://127.0.0.1:4000/f/"


@pytest.mark.parametrize(("suffix", "start"), [(".svg", b"<?xml"), (".png", b"\x89PNG"), (".pdf", b"%PDF")])
def test_a_code_is_written_in_the_format_of_the_files_name(
    earshot: Earshot, stage: str, keys: Keys, tmp_path: Path, suffix: str, start: bytes
) -> None:
    out = tmp_path / f"poster{suffix}"
    ran = earshot("qr", "checkout", "--place", "leeds-3", "--out", str(out))
    assert out.read_bytes().startswith(start)
    link = links.read(ran.err.splitlines()[0].removeprefix(PREFIX), keys, utc_now())
    assert (link.touchpoint, link.place, link.ref) == ("checkout", "leeds-3", None)


def test_without_a_file_the_code_is_drawn_in_the_terminal(earshot: Earshot, stage: str) -> None:
    ran = earshot("qr", "checkout")
    assert len(ran.out.splitlines()) > 15
    assert PREFIX in ran.err


def test_a_file_that_cannot_be_written_is_one_line(earshot: Earshot, stage: str, tmp_path: Path) -> None:
    assert earshot("qr", "checkout", "--out", "poster.docx").status == 2
    ran = earshot("qr", "checkout", "--out", str(tmp_path / "no" / "poster.svg"))
    assert (ran.status, ran.err.count("\n")) == (1, 1)

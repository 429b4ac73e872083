"""What the pack of a language lacks is said by file and key, before anything is deployed with it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.config.load import config_path, load
from shared.config.problems import ConfigError
from shared.languages import packs
from shared.languages.completeness import find_gaps
from shared.languages.packs import LANGUAGES

Mend = Callable[[str, str, str], None]


@pytest.fixture
def change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mend:
    """Replaces something in a file of the Arabic pack."""
    folder = tmp_path / "languages"
    shutil.copytree(packs.FOLDER, folder)
    monkeypatch.setattr(packs, "FOLDER", folder)

    def replace(name: str, old: str, new: str) -> None:
        file = folder / "ar" / name
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), encoding="utf-8")

    return replace


def gaps() -> list[str]:
    return list(find_gaps("ar", spoken=True))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_packs_that_come_with_the_product_are_complete(language: str) -> None:
    assert list(find_gaps(language, spoken=True)) == []


TEXTS, WORDS = "shared/languages/ar/texts.toml", "shared/languages/ar/words.toml"


@pytest.mark.parametrize(
    ("file", "old", "new", "line"),
    [
        ("texts.toml", "send = ", "sent = ", f"{TEXTS} lacks web.send"),
        ("texts.toml", "send = ", "sent = ", f"{TEXTS} has what is no text of the product: web.sent"),
        ("texts.toml", "[mail]", "[mails]", f"{TEXTS} lacks mail.hello, mail.hello_name, mail.or_reply, mail.thanks, "),
        ("texts.toml", "[web]", "spare = 1\n[web]", f"{TEXTS} has what is no text of the product: spare"),
        (
            "texts.toml",
            "{words} · {where}",
            "{words}",
            f"{TEXTS} must have the {{placeholders}} of en in card.subject_at",
        ),
        (
            "texts.toml",
            "{words} · {where}",
            "{words} {",
            f"{TEXTS} must have the {{placeholders}} of en in card.subject_at",
        ),
        ("texts.toml", 'weekdays = "', 'weekdays = "أ ', f"{TEXTS} must have as many words as en in card.weekdays"),
        ("texts.toml", "[web]", "[web", f"{TEXTS} cannot be read: "),
        ("words.toml", "dates = ", "days = ", f"{WORDS} lacks dates"),
        ("words.toml", "dates = ", "days = ", f"{WORDS} has what is no kind of word: days"),
        (
            "words.toml",
            'ranges = ["او", "الى", "حتى", "و", "ام", "ربما"]',
            "ranges = []",
            f"{WORDS} has no usable words in ranges",
        ),
        ("words.toml", 'yes = ["نعم",', "yes = [1,", f"{WORDS} has no usable words in yes"),
        ("words.toml", "[openings]", "[opening]", f"{WORDS} lacks openings"),
        ("words.toml", '"صفر" = 0', "", f"{WORDS} has no usable words in numbers"),
        ("words.toml", '"صفر" = 0', '"صفر" = "0"', f"{WORDS} has no usable words in numbers.صفر"),
    ],
)
def test_a_gap_is_named_with_its_file_and_keys(change: Mend, file: str, old: str, new: str, line: str) -> None:
    change(file, old, new)
    assert any(gap.startswith(line) for gap in gaps()), gaps()


def test_a_text_without_words_is_a_gap(change: Mend) -> None:
    texts = (packs.FOLDER / "ar/texts.toml").read_text(encoding="utf-8")
    said = next(line for line in texts.splitlines() if line.startswith("send = "))
    change("texts.toml", said, 'send = " "')
    assert gaps() == [f"{TEXTS} must have a text in web.send"]


def test_a_pack_without_words_that_customers_use_is_no_pack(change: Mend) -> None:
    (packs.FOLDER / "ar/words.toml").unlink()
    assert gaps() == [f"{WORDS} is missing; begin with a copy of shared/languages/en/words.toml"]


def test_a_file_of_settings_that_names_an_incomplete_language_is_refused(change: Mend) -> None:
    change("texts.toml", "hello = ", "hallo = ")
    with pytest.raises(ConfigError) as caught:
        load(config_path())
    assert f"earshot.toml: business.languages: {TEXTS} lacks mail.hello" in str(caught.value).splitlines()


def test_one_that_does_not_speak_it_is_not_but_its_opt_outs_count_for_all(change: Mend, tmp_path: Path) -> None:
    settings = tmp_path / "earshot.toml"
    text = (Path(__file__).parents[2] / "businesses/smallest.toml").read_text(encoding="utf-8")
    settings.write_text(text, encoding="utf-8")
    change("texts.toml", "hello = ", "hallo = ")
    load(settings)
    change("words.toml", "[openings]", "[opening]")
    with pytest.raises(ConfigError, match=r"ar/words\.toml lacks openings"):
        load(settings)


def test_what_is_deployed_is_not_checked_again_at_each_start(change: Mend) -> None:
    change("texts.toml", "hello = ", "hallo = ")
    load(config_path(), deployed=True)

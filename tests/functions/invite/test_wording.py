import pytest

from functions.invite.wording import invitation_text
from shared.config.model import Config
from shared.languages.packs import LANGUAGES, texts
from shared.text import gsm7
from shared.text.gsm7 import Encoding, measure

LINK = "https://feedback.fernleaf.example/f/k3v9x0m5w2r8"


def test_every_question_fits_one_gsm7_segment_in_english(config: Config) -> None:
    for touchpoint, asked in config.touchpoints.items():
        text = invitation_text(config, touchpoint, "en", LINK)
        length = measure(text)
        assert (length.encoding, length.segments) == (Encoding.GSM7, 1), text
        assert asked.question["en"] in text
        assert LINK in text
        assert "STOP" in text


def test_the_scale_says_how_to_reply(config: Config) -> None:
    assert "Reply 1 (bad) to 5 (great)" in invitation_text(config, "delivery", "en", LINK)
    assert "Reply YES or NO" in invitation_text(config, "website", "en", LINK)


def test_arabic_takes_the_form_of_the_fewest_segments(config: Config) -> None:
    text = invitation_text(config, "delivery", "ar", LINK)
    assert config.touchpoints["delivery"].question["ar"] in text
    assert LINK in text
    assert measure(text).segments <= 2


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form", ["sms.invitation", "sms.invitation_short"])
def test_every_form_says_who_asks_how_to_answer_and_the_way_out(language: str, form: str) -> None:
    text = texts(language)[form]
    for part in ("{business}", "{question}", "{ratings}", "{link}", "STOP"):
        assert part in text


@pytest.mark.parametrize(
    ("language", "name", "segments"),
    [("en", "Fernleaf Market and Garden Centre, Leeds", 1), ("ar", "Fernleaf Market and Garden", 2)],
)
def test_the_shorter_form_is_taken_where_it_saves_a_segment_and_keeps_the_way_out(
    config: Config, language: str, name: str, segments: int
) -> None:
    business = config.business.model_copy(update={"name": name})
    text = invitation_text(config.model_copy(update={"business": business}), "delivery", language, LINK)
    assert measure(text).segments == segments
    for part in (name, config.touchpoints["delivery"].question[language], LINK, "STOP"):
        assert part in text


def test_a_curly_quote_in_a_name_does_not_cost_a_segment(config: Config) -> None:
    business = config.business.model_copy(update={"name": "Layla’s – Market"})
    text = invitation_text(config.model_copy(update={"business": business}), "delivery", "en", LINK)
    assert text == gsm7.plain(text)
    assert measure(text).segments == 1

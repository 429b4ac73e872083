from functions.invite.wording import invitation_text
from shared import gsm7
from shared.config import Config
from shared.gsm7 import Encoding, measure

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


def test_a_curly_quote_in_a_name_does_not_cost_a_segment(config: Config) -> None:
    business = config.business.model_copy(update={"name": "Layla’s – Market"})
    text = invitation_text(config.model_copy(update={"business": business}), "delivery", "en", LINK)
    assert text == gsm7.plain(text)
    assert measure(text).segments == 1

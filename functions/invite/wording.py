"""The words of an invitation by text: within one segment where the language and the names allow."""

from shared.config.model import Config
from shared.languages.packs import texts
from shared.languages.ratings import ANSWERS_BY_TEXT
from shared.text import gsm7


def invitation_text(config: Config, touchpoint: str, language: str, link: str) -> str:
    """Who asks, the question, how to answer it, and the way out; the shorter form where it saves a segment.

    Both say all of that, whatever it costs: who is texted out of nowhere must know by whom, and how to end it.
    """
    words = texts(language)
    asked = config.touchpoints[touchpoint]
    forms = [
        gsm7.plain(
            words[key].format(
                business=config.business.name,
                question=asked.question[language],
                ratings=words[ANSWERS_BY_TEXT.get(asked.scale, "sms.ratings_five")],
                link=link,
            )
        )
        for key in ("sms.invitation", "sms.invitation_short")
    ]
    # The first of the fewest segments: the shorter form only where it saves one.
    return min(forms, key=lambda form: gsm7.measure(form).segments)

"""The words of an invitation by text: within one segment where the language and the names allow."""

from shared import gsm7
from shared.config import Config
from shared.feedback import Scale
from shared.texts import texts

_RATINGS = {Scale.NPS: "sms.ratings_nps", Scale.THUMBS: "sms.ratings_thumbs"}


def invitation_text(config: Config, touchpoint: str, language: str, link: str) -> str:
    """The question, how to answer it, and the way out; shorter forms where the whole takes more than a segment."""
    words = texts(language)
    asked = config.touchpoints[touchpoint]
    forms = [
        gsm7.plain(
            words[key].format(
                business=config.business.name,
                question=asked.question[language],
                ratings=words[_RATINGS.get(asked.scale, "sms.ratings_five")],
                link=link,
            )
        )
        for key in ("sms.invitation", "sms.invitation_short")
    ]
    # The first of the fewest segments: the shorter form only where it saves one.
    return min(forms, key=lambda form: gsm7.measure(form).segments)

"""What a customer is texted back, in their language and in as few segments as it allows."""

from shared.config.model import Config, SmsSettings
from shared.languages.packs import texts
from shared.text import gsm7


class Replies:
    """The replies in one language, to someone whose words `team` reads."""

    def __init__(self, config: Config, sms: SmsSettings, language: str, team: str) -> None:
        self._texts = texts(language)
        self._names = {"business": config.business.name, "team": config.teams[team].name, "contact": sms.help}

    def thanks(self, *, asks: bool) -> str:
        """Thanks, who reads it and what happens next; `asks` for the words behind a rating that is not happy."""
        return self._say("thanks_ask" if asks else "thanks")

    def stopped(self, *, heard: bool) -> str:
        """That no more texts will come and, where they said more than that, who reads it."""
        return self._say("stopped_heard" if heard else "stopped")

    def again(self) -> str:
        """That what they were told is done, and is not, is with the same people again."""
        return self._say("again", "answer")

    def resumed(self) -> str:
        """That texts may come again."""
        return self._say("resumed")

    def help(self) -> str:
        """Who this is, whom to ask, and how to make it stop."""
        return self._say("help")

    def _say(self, key: str, table: str = "sms") -> str:
        return gsm7.plain(self._texts[f"{table}.{key}"].format(**self._names))

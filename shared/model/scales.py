"""Rating scales, and the mood of a rating on any of them."""

from enum import StrEnum


class Mood(StrEnum):
    """What a rating says on any scale; UNKNOWN (words without a rating) counts as unhappy for deadlines."""

    UNHAPPY = "unhappy"
    NEUTRAL = "neutral"
    HAPPY = "happy"
    UNKNOWN = "unknown"


class Scale(StrEnum):
    """The ratings a touchpoint offers."""

    SMILE5 = "smile5"
    STARS5 = "stars5"
    CSAT5 = "csat5"
    NPS = "nps"
    THUMBS = "thumbs"

    @property
    def ratings(self) -> range:
        """All ratings, worst first."""
        return _RANGES[self]

    def mood(self, rating: int | None) -> Mood:
        """The mood of a rating on this scale; ValueError when the scale does not have it."""
        if rating is None:
            return Mood.UNKNOWN
        if rating not in self.ratings:
            raise ValueError(f"{self} has ratings {self.ratings[0]} to {self.ratings[-1]}, not {rating}")
        unhappy, neutral = _MOOD_LIMITS[self]
        return Mood.UNHAPPY if rating <= unhappy else Mood.NEUTRAL if rating <= neutral else Mood.HAPPY


_FIVE = range(1, 6)
_RANGES = {
    Scale.SMILE5: _FIVE,
    Scale.STARS5: _FIVE,
    Scale.CSAT5: _FIVE,
    Scale.NPS: range(11),
    Scale.THUMBS: range(2),
}
_MOOD_LIMITS = {  # the highest unhappy rating, the highest neutral one
    Scale.SMILE5: (2, 3),
    Scale.STARS5: (2, 3),
    Scale.CSAT5: (2, 3),
    Scale.NPS: (6, 8),
    Scale.THUMBS: (0, 0),
}

"""Reading what a customer posted: JSON or a form, the same fields, into the same `Said`.

Anything may be posted. `read` returns what can be stored, or raises an `EarshotError` that names the field; it never
raises anything else. Words stay as they were sent, but for line breaks of other programs and what cannot be stored.
"""

import json
import re
import secrets
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from shared.addresses import contact
from shared.config.model import Touchpoint
from shared.errors import InvalidInput, TooLong, Unreadable, UnsupportedType
from shared.keys.links import Link
from shared.model.feedback import MAX_COMMENT_BYTES, MAX_COMMENT_GRAPHEMES, Answer, Channel, Customer
from shared.text import marks
from shared.text.unseen import seen
from shared.web.http import FORM, JSON, MAX_BYTES, Request

FIELDS = ("rating", "comment", "reasons", "contact", "submission")
VERDICT_FIELDS = ("verdict", "text")
"""What is posted where a customer is asked whether it is fixed."""
MAX_DEPTH = 20  # an answer needs 2; up to here the field is named, deeper is not even parsed
MAX_FORM_FIELDS = 100
MAX_SUBMISSION = 100
UNGUESSED_LENGTH, UNGUESSED_CHARACTERS = 16, 8  # of a random text; 16 hexadecimal digits have 64 bits
TRAP = "homepage"  # a form field that people do not see; programs fill it

_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
# Of what is not ASCII: compiled once somebody writes it.
_BREAKS = "\r\n|[\r\x0b\x0c\x85\u2028\u2029]"  # as word processors and slides break lines
_UNKEPT = "[\x00-\x08\x0e-\x1f\x7f-\x9f\u202d\u202e\ufdd0-\ufdef\ufff9-\ufffc\ufffe\uffff]"
_OVERRIDES = "[\u202d\u202e]"
_NO_CHARACTERS = "[\ufffe\uffff]"  # which Unicode keeps free, and SQS and EventBridge refuse


class Said(NamedTuple):
    """What was posted, checked. None: the field was not there, and what was said before stays."""

    submission: str
    rating: int | None = None
    comment: str | None = None
    reasons: tuple[str, ...] | None = None
    email: str | None = None
    phone: str | None = None
    is_last_step: bool = True
    trapped: bool = False

    @property
    def _identity(self) -> str:
        """What tells this answer through an open link from others.

        The submission alone, where only its own page or program can know it. One that others may guess stands together
        with all that was said: the same sent twice is one answer, and whatever else comes with it is another one.
        """
        if can_be_guessed(self.submission):
            said = [self.rating, self.comment, self.reasons, self.email, self.phone]
            return f"{self.submission}\0{json.dumps(said)}"
        return self.submission

    def answer(self, link: Link, language: str, known: Customer | None = None) -> Answer:
        """As the channel-neutral answer that is stored; raises `InvalidInput` for words that belong to none.

        `known` is whom the link was sent to, where that is known.
        """
        if self.rating is None and not link.ref and can_be_guessed(self.submission):
            raise _invalid(
                "submission",
                f"can be guessed, so it cannot add to an answer; send rating too, or a random text of "
                f"at least {UNGUESSED_LENGTH} characters each time",
            )
        return Answer(
            id=link.answer_id(self._identity),
            touchpoint=link.touchpoint,
            place=link.place,
            channel=Channel.WEB,
            language=language,
            customer=known or Customer(ref=link.ref),
            rating=self.rating,
            reasons=self.reasons,
            comment=self.comment,
            given=Customer(email=self.email, phone=self.phone),
        )


def new_submission() -> str:
    """What tells one answer through an open link from another."""
    return secrets.token_hex(16)


def can_be_guessed(submission: str) -> bool:
    """Whether a stranger could come upon it: it is short, or made of few characters."""
    return len(submission) < UNGUESSED_LENGTH or len(set(submission)) < UNGUESSED_CHARACTERS


def read(request: Request, touchpoint: Touchpoint, country: str | None = None) -> Said:
    """The answer in a request; raises `EarshotError` and nothing else.

    `country` is where phone numbers are that are written without one.
    """
    fields, trapped = posted(request)
    is_last_step = not fields.keys().isdisjoint(("comment", "reasons", "contact")) or not request.is_form
    if request.is_form:
        fields = {name: value for name, value in fields.items() if value not in ("", [], {})}
    return _check(fields, touchpoint, country)._replace(trapped=trapped, is_last_step=is_last_step)


def posted(request: Request) -> tuple[dict[str, Any], bool]:
    """The fields of a request as they were sent, and whether it is a program's that filled what nobody sees."""
    parsers: dict[str, Callable[[str], dict[str, Any]]] = {JSON: _parse_json, FORM: _parse_form}
    parse = parsers.get(request.media_type)
    if parse is None:
        raise UnsupportedType(f"Send {JSON} or {FORM}.")
    try:
        # A person's form loses one character where a byte is wrong; a program is told.
        text = request.body.decode(errors="replace" if request.is_form else "strict")
    except UnicodeDecodeError:
        raise Unreadable("The body is not UTF-8.") from None
    fields = parse(text.removeprefix("\ufeff"))
    return fields, request.is_form and bool(fields.pop(TRAP, ""))


def kept_words(request: Request) -> dict[str, Any]:
    """The fields of a form that was refused, as far as they can be read: only ever shown to their sender again."""
    return _fold(kept_pairs(request))[0]


def kept_pairs(request: Request) -> list[tuple[str, str]]:
    """The same as they were sent, each name with its value."""
    try:
        raw = request.raw[: 4 * MAX_BYTES]
    except Unreadable:
        return []
    return parse_qsl(raw.decode(errors="replace"), keep_blank_values=True)


def _parse_json(text: str) -> dict[str, Any]:
    depth = deepest = 0
    for piece in _BRACKETS.findall(text):
        depth += (piece in "[{") - (piece in "]}")
        deepest = max(deepest, depth)
    if deepest > MAX_DEPTH:
        raise Unreadable(f"The JSON is nested more than {MAX_DEPTH} deep.")
    try:
        fields = json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise Unreadable(f"The JSON cannot be read, from character {error.pos}.") from None
    except ValueError:
        raise Unreadable("The JSON has a number of thousands of digits.") from None
    if not isinstance(fields, dict):
        raise Unreadable("Send one JSON object.")
    return fields


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        twice = next(name for name, number in Counter(name for name, _ in pairs).items() if number > 1)
        raise _invalid(twice, "stands twice")
    return fields


def _parse_form(text: str) -> dict[str, Any]:
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, strict_parsing=True, errors="replace", max_num_fields=MAX_FORM_FIELDS
        )
    except ValueError as error:
        raise Unreadable(f"The form cannot be read: {error}.") from None
    fields, twice = _fold(pairs)
    if twice:
        raise _invalid(twice, "stands twice")
    if re.fullmatch(r"\s*\d{1,3}\s*", rating := _compatible(str(fields.get("rating")))):
        fields["rating"] = int(rating)
    if "contact" in fields and isinstance(fields["contact"], str):
        written = _compatible(fields["contact"]).strip()
        fields["contact"] = {"email" if "@" in written else "phone": written} if written else {}
    if not seen(str(fields.get("comment", "x"))).strip():
        fields["comment"] = ""
    return fields


def _compatible(text: str) -> str:
    """Wide and styled signs as plain ones. Without the marks that are too many, whose order takes long to find."""
    return unicodedata.normalize("NFKC", marks.bounded(seen(text)))


def _fold(pairs: list[tuple[str, str]]) -> tuple[dict[str, Any], str | None]:
    """The pairs of a form in the shape of the JSON, and the name of a field that stands twice."""
    fields: dict[str, Any] = {}
    twice = None
    for name, value in pairs:
        outer, _, inner = name.partition(".")
        if name == "reasons":
            fields.setdefault(name, []).append(value)
        elif outer == "contact" and inner and isinstance(fields.get(outer, {}), dict):
            ways = fields.setdefault(outer, {})
            twice = name if inner in ways else twice
            if value.strip():
                ways[inner] = value
        else:
            twice = name if name in fields else twice
            fields[name] = value
    return fields, twice


def _check(fields: Mapping[str, Any], touchpoint: Touchpoint, country: str | None) -> Said:
    for name in fields:
        if name not in FIELDS:
            raise _invalid(name, f"is not known; send {', '.join(FIELDS)}")
    if fields.keys() <= {"submission"}:
        raise _invalid("rating", "is missing")
    comment = _comment(fields["comment"]) if fields.get("comment") is not None else None
    if not comment and fields.keys() <= {"comment", "submission"}:
        raise _invalid("comment", "is empty; leave it out instead")
    ways = _contact(fields["contact"], country) if "contact" in fields else {}
    return Said(
        submission=_submission(fields["submission"]) if "submission" in fields else new_submission(),
        rating=_rating(fields["rating"], touchpoint) if "rating" in fields else None,
        comment=comment or None,
        reasons=_reasons(fields["reasons"], touchpoint) if "reasons" in fields else None,
        email=ways.get("email"),
        phone=ways.get("phone"),
    )


def _rating(value: Any, touchpoint: Touchpoint) -> int:
    ratings = touchpoint.scale.ratings
    if type(value) is not int or value not in ratings:
        raise _invalid("rating", f"must be a whole number from {ratings[0]} to {ratings[-1]}")
    return value


def _comment(value: Any) -> str:
    text = words(value, "comment")
    if len(text.encode()) > MAX_COMMENT_BYTES or (len(text) > MAX_COMMENT_GRAPHEMES and _has_too_many_graphemes(text)):
        limits = f"{MAX_COMMENT_GRAPHEMES:,} characters or {MAX_COMMENT_BYTES // 1000} kB"
        raise TooLong(f"comment is over {limits}.", field="comment")
    return text


def _has_too_many_graphemes(text: str) -> bool:
    from shared.text import graphemes  # here, since hardly any start of this function meets so long a text

    return graphemes.exceeds(text, MAX_COMMENT_GRAPHEMES)


def _reasons(value: Any, touchpoint: Touchpoint) -> tuple[str, ...]:
    offered = [reason.id for reason in touchpoint.reasons]
    if not isinstance(value, list) or not all(isinstance(each, str) and each in offered for each in value):
        raise _invalid("reasons", f"must be a list of {', '.join(offered) or 'nothing'}")
    return tuple(dict.fromkeys(value))


def words(value: Any, field: str) -> str:
    """A customer's words with line breaks as line breaks; empty where nothing of them can be seen."""
    if not isinstance(value, str):
        raise _invalid(field, "must be text")
    if not (value.isascii() and value.isprintable()):
        value = re.sub(_UNKEPT, "", re.sub(_BREAKS, "\n", value))
    text = value.strip()
    return _text(text, field) if seen(text).strip() else ""


def _contact(value: Any, country: str | None) -> dict[str, str]:
    readers: dict[str, Callable[[str], str]] = {
        "email": contact.email,
        "phone": lambda text: contact.phone(text, country),
    }
    if not isinstance(value, dict) or not value or value.keys() - readers.keys():
        raise _invalid("contact", "must be an object with email or phone")
    try:
        return {way: readers[way](_text(address, f"contact.{way}")) for way, address in value.items()}
    except ValueError as error:
        raise _invalid("contact", str(error)) from None


def _submission(value: Any) -> str:
    text = _text(value, "submission")
    if len(text) > MAX_SUBMISSION:
        raise _invalid("submission", f"is over {MAX_SUBMISSION} characters")
    return text


def _text(value: Any, field: str) -> str:
    if not isinstance(value, str):
        raise _invalid(field, "must be text")
    if not value.strip():
        raise _invalid(field, "is empty; leave it out instead")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _invalid(field, "has half of a surrogate pair") from None
    if _CONTROLS.search(value):
        raise _invalid(field, "has control characters")
    if value.isascii():
        return value
    if re.search(_NO_CHARACTERS, value):
        raise _invalid(field, "has codes that are no characters (U+FFFE, U+FFFF)")
    if re.search(_OVERRIDES, value):
        raise _invalid(field, "has direction overrides (U+202D, U+202E)")
    if marks.has_too_many(value):
        raise _invalid(field, f"has more than {marks.MOST_IN_A_ROW} combining marks in a row")
    return value


def _invalid(field: str, what: str) -> InvalidInput:
    field = field[:64]
    name = (
        field if field.partition(".")[0] in (*FIELDS, *VERDICT_FIELDS) else repr(field)
    )  # which its sender made up; it may be empty
    return InvalidInput(f"{name} {what}.", field=field)

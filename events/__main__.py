"""Writes the published contract from the event classes: the schemas beside this file, and the page `docs/events.md`.

`python -m events` (or `make contract`) after a change to `shared/model/events.py`; tests fail while either is stale.
Golden events are written by hand, once for each event and version, and never changed: `SHA256SUMS` gains a line for
each new one, and nothing here changes a line. Changing one by hand breaks what subscribers were promised.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from shared.model.events import (
    CONTRACT,
    SOURCE,
    CaseEvent,
    Event,
    FeedbackEvent,
    InvitationEvent,
    RouteTested,
    Taken,
)

ROOT = Path(__file__).parent.parent
GOLDEN = ROOT / "events" / "golden"
SUMS = GOLDEN / "SHA256SUMS"

INTRODUCTION = f"""\
# Events

Generated from `shared/model/events.py` by `make contract`; do not edit.

Earshot puts these events on the bus `earshot` (stage `prod`; other stages: `earshot-<stage>`) with the source
`{SOURCE}`. A route, or a rule of your own on the bus, brings them to your queue, topic, function or bus.

- **At least once.** An event can arrive again, always with the same `detail.id`: drop what you have handled.
- **In any order.** `detail.revision` counts the changes of one feedback from 1: keep the highest.
- **Whole.** Every event carries the whole feedback, so one that you missed leaves no gap in what you know.
- **Verbatim.** `feedback.comment` is what the customer wrote, in any script, character for character.
- **Versioned.** A change that you could notice is a new `detail.version`; new fields alone are not. Ignore fields that
  you do not know.
- **Tests say so.** The test of a route is a `{RouteTested.detail_type}` from `{RouteTested.source}`, which goes through
  that route and no other.
- **Replays say so to webhooks.** `earshot replay` sends what a route caught as it now is: the same `detail.id` under
  another `webhook-id`, with the replay's id in the body's `replay`. To AWS targets, EventBridge replays from the bus's
  archive, and adds `replay-name` beside `detail`.

Each event has a JSON Schema of its `detail` in `events/schemas/` and one example in `events/golden/`. On AWS,
EventBridge's schema registry has them as well, under the bus's name, for bindings in your language.
"""


def contract() -> dict[Path, str]:
    """All generated files: path → content."""
    schemas = {ROOT / "events" / "schemas" / f"{_versioned(event)}.json": _json(_schema(event)) for event in CONTRACT}
    return schemas | {ROOT / "docs" / "events.md": "\n".join(_page()), SUMS: _sums()}


def _sums() -> str:
    """The lines there are, for `sha256sum --check`, and one for each golden event that has none."""
    lines = SUMS.read_text(encoding="utf-8") if SUMS.exists() else ""
    new = [path for path in sorted(GOLDEN.glob("*.json")) if f"  {path.name}\n" not in lines]
    return lines + "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in new)


class _AsSent(GenerateJsonSchema):
    """Fields with a default are optional to read, and always there in what is sent."""

    def field_is_required(self, field: Any, total: bool) -> bool:
        return field["type"] == "model-field" or super().field_is_required(field, total)


def _schema(event: type[BaseModel]) -> dict[str, Any]:
    schema = event.model_json_schema(schema_generator=_AsSent, mode="serialization")
    return {"$schema": GenerateJsonSchema.schema_dialect} | schema


def _versioned(event: type[Event] | type[Taken]) -> str:
    return f"{event.detail_type}.v{event.model_fields['version'].default}"


def _page() -> Iterator[str]:
    yield INTRODUCTION
    yield "| detail-type | version | source | when |\n|---|---|---|---|"
    for event in CONTRACT:
        name, version = _versioned(event).split(".v")
        source = f"`{event.source}`" if event.source else "yours"
        yield f"| [`{name}`](#{name.lower()}) | {version} | {source} | {event.__doc__} |"
    yield "\n## What every event says\n"
    yield from _fields(_schema(Event))
    feedback = _schema(FeedbackEvent)["$defs"]
    yield f"\n## `feedback`\n\nIn every event of a feedback. {feedback['Feedback']['description']}\n"
    yield from _fields(feedback["Feedback"] | {"$defs": feedback})
    yield f"\n### `customer`\n\n{feedback['Customer']['description']}\n"
    yield from _fields(feedback["Customer"])
    case = _schema(CaseEvent)["$defs"]
    for name, model in (("case", "CaseNow"), ("entry", "Entry")):
        yield f"\n## `{name}`\n\nIn every event of a case. {case[model]['description']}\n"
        yield from _fields(case[model] | {"$defs": case})
    invitation = _schema(InvitationEvent)["$defs"]
    yield f"\n## `invitation`\n\nIn every event of an invitation. {invitation['Invitation']['description']}\n"
    yield from _fields(invitation["Invitation"] | {"$defs": invitation})
    for event in CONTRACT:
        yield f"\n## {event.detail_type}\n\n{event.__doc__}\n"
        own = event.model_fields.keys() - CaseEvent.model_fields.keys() - InvitationEvent.model_fields.keys()
        if issubclass(event, Taken):
            yield from _fields(event.model_json_schema(mode="serialization"))
            yield ""
        elif own:
            schema = _schema(event)
            yield from _fields(schema | {"properties": {name: schema["properties"][name] for name in sorted(own)}})
            yield ""
        yield _golden(event)
    yield ""


def _golden(event: type[Event] | type[Taken]) -> str:
    return f"```json\n{(GOLDEN / f'{_versioned(event)}.json').read_text(encoding='utf-8')}```"


def _fields(schema: dict[str, Any]) -> Iterator[str]:
    yield "| field | type | meaning |\n|---|---|---|"
    for name, field in schema["properties"].items():
        yield f"| `{name}` | {_type(field, schema)} | {field['description']} |"


def _type(field: dict[str, Any], schema: dict[str, Any]) -> str:
    """A field's type as a person says it."""
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        values = schema["$defs"][name].get("enum")
        return " · ".join(f"`{value}`" for value in values) if values else "object"
    if "anyOf" in field:
        return " or ".join(_type(option, schema) for option in field["anyOf"])
    if field["type"] == "array":
        item = field["items"]
        return f"list of {item['type']}s" if "type" in item else f"list of {_type(item, schema)}"
    return "time, UTC" if field.get("format") == "date-time" else str(field["type"])


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for path, content in contract().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
        print(path.relative_to(ROOT))

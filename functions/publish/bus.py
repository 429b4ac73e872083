"""Putting events on the bus: packed by count and size, and every failed entry reported."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from shared.model.events import SOURCE, Event

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

MAX_ENTRIES = 10
MAX_BYTES = 256 * 1024  # of one request; more is allowed today, but not of every target behind a rule


class Entry(NamedTuple):
    """An event as EventBridge takes it. `detail` is ASCII-escaped JSON, which every consumer reads alike."""

    detail_type: str
    detail: str

    @property
    def size(self) -> int:
        """Bytes that EventBridge counts, with room for the time, names and framing."""
        return len(self.detail) + len(self.detail_type) + len(SOURCE) + 512


def entry(event: Event) -> Entry:
    """Render an event."""
    return Entry(event.detail_type, event.model_dump_json(ensure_ascii=True))


def pack(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Split into requests of at most `MAX_ENTRIES` and `MAX_BYTES`, in order; one that is larger goes alone."""
    request: list[Entry] = []
    size = 0
    for each in entries:
        if request and (len(request) == MAX_ENTRIES or size + each.size > MAX_BYTES):
            yield request
            request, size = [], 0
        request.append(each)
        size += each.size
    if request:
        yield request


class Bus:
    """The event bus of one stage."""

    def __init__(self, client: "EventBridgeClient", name: str) -> None:
        self._client = client
        self._name = name

    def put(self, entries: Sequence[Entry]) -> list[str | None]:
        """Put all entries; per entry None, or the code of the error that refused it. One request stops no other."""
        outcomes: list[str | None] = []
        for request in pack(entries):
            outcomes += self._put(request)
        return outcomes

    def _put(self, request: list[Entry]) -> list[str | None]:
        wire: list[PutEventsRequestEntryTypeDef] = [
            {"EventBusName": self._name, "Source": SOURCE, "DetailType": each.detail_type, "Detail": each.detail}
            for each in request
        ]
        try:
            answer = self._client.put_events(Entries=wire)
        except ClientError as error:  # throttled or refused whole: these entries failed, later ones may not
            return [error.response["Error"]["Code"]] * len(request)
        except BotoCoreError as error:  # unreachable; botocore's messages may quote what was sent
            return [type(error).__name__] * len(request)
        return [
            result.get("ErrorCode")  # some entries can fail where the request succeeds
            for result in answer["Entries"]
        ]

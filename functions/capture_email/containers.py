"""What programs wrap a mail in that is no MIME: the signed content of S/MIME, and Outlook's winmail.dat."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

_MAX_DEPTH = 20
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")  # the object identifier 1.2.840.113549.1.7.2, as encoded
_OCTETS = 0x04
_SEQUENCE = 0x30
_FIRST = 0xA0  # [0], explicit
_END = b"\0\0"  # of content of unsaid length
_TNEF = 0x223E9F78
_MESSAGE_CLASS = 0x00078008
_BODY = 0x0002800C


class Winmail(NamedTuple):
    """What a winmail.dat says of the mail that it came with (MS-OXTNEF)."""

    message_class: str
    """Such as `IPM.Note`; in capitals."""
    text: bytes


def winmail(data: bytes) -> Winmail | None:
    """The class and the text of a winmail.dat; None for anything else. What is cut off is not there."""
    if len(data) < 6 or struct.unpack_from("<I", data)[0] != _TNEF:
        return None
    found: dict[int, bytes] = {}
    at = 6
    while at + 9 <= len(data):
        _, id, length = struct.unpack_from("<BII", data, at)
        if id in (_MESSAGE_CLASS, _BODY):
            found.setdefault(id, data[at + 9 : at + 9 + length].rstrip(b"\0"))
        at += 9 + length + 2
    message_class = found.get(_MESSAGE_CLASS, b"").decode("ascii", "replace").upper()
    return Winmail(message_class, found.get(_BODY, b""))


def signed_content(data: bytes) -> bytes | None:
    """The content of CMS's signed data (RFC 5652), as far as it goes; None for what is encrypted, and the like.

    No signature is checked: a mail's sender is known by the checks that SES made.
    """
    if _SIGNED_DATA not in data[:40]:
        return None
    try:
        info = _inside(data, _element(data, 0), _SEQUENCE)
        signed = _inside(data, next(each for each in info if each.tag == _FIRST), _FIRST)
        fields = _inside(data, next(signed), _SEQUENCE)
        content = next(each for each in fields if each.tag == _SEQUENCE)
        octets = next(each for each in _children(data, content) if each.tag == _FIRST)
        return b"".join(_octets(data, next(_children(data, octets)), 0))
    except (StopIteration, ValueError, IndexError):
        return None


class _Element(NamedTuple):
    tag: int
    start: int
    """Of what is in it."""
    end: int | None
    """None where the length is not said: an end of content follows what is in it."""


def _element(data: bytes, at: int) -> _Element:
    tag, length = data[at], data[at + 1]
    start = at + 2
    if length == 0x80:
        return _Element(tag, start, None)
    if length > 0x80:
        size = length - 0x80
        if size > 8:
            raise ValueError(length)
        length, start = int.from_bytes(data[start : start + size], "big"), start + size
    return _Element(tag, start, start + length)


def _inside(data: bytes, element: _Element, tag: int) -> Iterator[_Element]:
    if element.tag != tag:
        raise ValueError(element.tag)
    return _children(data, element)


def _children(data: bytes, parent: _Element) -> Iterator[_Element]:
    at, last = parent.start, len(data) if parent.end is None else min(parent.end, len(data))
    while at < last and not (parent.end is None and data[at : at + 2] == _END):
        child = _element(data, at)
        yield child
        at = child.end if child.end is not None else _end(data, child)


def _end(data: bytes, element: _Element) -> int:
    """Where an element of unsaid length ends, or the data: in one go, however deep and often such are nested in it."""
    at, depth = element.start, 1
    while depth and at < len(data):
        if data[at : at + 2] == _END:
            at, depth = at + 2, depth - 1
            continue
        child = _element(data, at)
        if child.end is None:
            at, depth = child.start, depth + 1
        else:
            at = child.end
        if depth > _MAX_DEPTH:
            raise ValueError("too deep")
    return at


def _octets(data: bytes, element: _Element, depth: int) -> Iterator[bytes]:
    if element.tag & 0x1F != _OCTETS or depth > _MAX_DEPTH:
        raise ValueError(element.tag)
    if element.tag & 0x20:  # in pieces
        for child in _children(data, element):
            yield from _octets(data, child, depth + 1)
    else:
        yield data[element.start : element.end]

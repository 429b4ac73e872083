"""Lists as spreadsheets, mail programs and phone books save them: rows of named cells, each with its line."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import click

from shared.text.lines import one_line
from shared.text.unseen import seen

_MARKS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe\0\0": "utf-32", b"\0\0\xfe\xff": "utf-32", b"\xff\xfe": "utf-16"}
_MARKS |= {b"\xfe\xff": "utf-16"}
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_SEPARATOR = re.compile(r'\s*"?sep=(.)"?[,;\t|\s]*', re.IGNORECASE)  # what Excel puts first
_DELIMITERS = ",;\t|"
_END = "(the end of the file)"
SHOWN = 40  # characters of a cell that an error repeats


class Row(NamedTuple):
    """One row: the line that it begins in, from 1, and its cells by the heads' names, each on one line."""

    line: int
    cells: dict[str, str]


def read(file: Path, columns: Sequence[str], needed: Sequence[str]) -> Iterator[Row]:
    """The rows of a CSV file whose first row names some of `columns`, and any of those that are `needed`.

    Raises `click.UsageError`, which names the line and says what to do.
    """
    text = _decoded(file)
    separator = _SEPARATOR.fullmatch(text.partition("\n")[0])
    if separator:
        text = "\n" + text.partition("\n")[2]  # an empty line in its place, so that lines keep their numbers
    records = _records(text, separator[1] if separator else None)
    line, head = next(records, (1, []))
    names = [_name(cell) for cell in head]
    _check(file, names, columns, needed)
    for line, cells in records:
        more = [cell for name, cell in zip([*names, *[""] * len(cells)], cells, strict=False) if cell and not name]
        if more:
            raise click.UsageError(
                f"{file.name}, line {line}: there is no column for {more[0][:SHOWN]!r}; name its column in the first "
                "line, or put a cell with a comma in quotes."
            )
        yield Row(line, {name: cell for name, cell in zip(names, cells, strict=False) if name})


def _decoded(file: Path) -> str:
    raw = file.read_bytes()
    if raw.startswith(_WORKBOOKS):
        raise click.UsageError(f"{file.name} is an Excel workbook; save it as CSV UTF-8.")
    encoding = next((name for mark, name in _MARKS.items() if raw.startswith(mark)), None)
    if encoding is None:  # without a mark, UTF-16 shows by its zeros
        encoding = {(False, True): "utf-16-le", (True, False): "utf-16-be"}.get((raw[:1] == b"\0", raw[1:2] == b"\0"))
    if encoding and encoding.startswith("utf-16"):
        raw = raw[: len(raw) // 2 * 2]
    try:
        text = raw.decode(encoding or "utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise click.UsageError(f"{file.name}, line {line}: not UTF-8; save it as CSV UTF-8.") from None
    return text.removeprefix("\ufeff").replace("\0", "")


def _records(text: str, delimiter: str | None) -> Iterator[tuple[int, list[str]]]:
    """The rows that hold anything, each with the line that it begins in."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = delimiter or max(_DELIMITERS, key=first.count)
    csv.field_size_limit(max(len(text), csv.field_size_limit()))  # what is too long is named with its line
    rows = csv.reader(io.StringIO(f"{text}\n{_END}", newline=""), delimiter=delimiter)
    line, cells = 0, [_END]
    for cells in rows:
        if any(map(_cell, cells)) and cells != [_END]:
            if cells[-1].endswith(_END):
                raise click.UsageError(f'Line {line + 1}: a quote (") is opened and never closed; close it.')
            yield line + 1, [_cell(cell) for cell in cells]
        line = rows.line_num


def _cell(cell: str) -> str:
    return one_line(cell.replace("\ufeff", ""))


def _name(head: str) -> str:
    plain = unicodedata.normalize("NFKC", seen(head)).strip().lower()
    return re.sub(r"\s+", "_", plain.replace("e-mail", "email"))


def _check(file: Path, names: Sequence[str], columns: Sequence[str], needed: Sequence[str]) -> None:
    unknown = [name for name in names if name and name not in columns]
    twice = [name for name in names if name and names.count(name) > 1]
    if unknown:
        what = f"has a column {unknown[0][:SHOWN]!r}"
    elif twice:
        what = f"has two columns {twice[0]!r}"
    elif not set(needed) & set(names):
        what = f"has neither {' nor '.join(needed)}"
    else:
        return
    raise click.UsageError(f"{file.name} {what}; its first line names columns of {', '.join(columns)}, each once.")

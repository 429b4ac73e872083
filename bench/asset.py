"""The size of what is deployed, and whether two builds of it are the same."""

import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure
from infra import asset


def measure() -> Iterator[Figure]:
    """Two builds for Lambda, each from nothing but the lock file."""
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        zips = [_build(Path(folder)) for folder in (first, second)]
    yield Figure("asset, zipped", round(len(zips[0]) / 1e6, 2), "MB", 15)
    yield Figure(
        "asset, different hashes of two builds", len({hashlib.sha256(built).digest() for built in zips}), "", 1
    )


def _build(folder: Path) -> bytes:
    built, _ = asset.build("lambda", folder)
    return built.read_bytes()

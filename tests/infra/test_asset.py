import zipfile
from pathlib import Path

import pytest

from infra import asset

MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def built() -> Path:
    path, _ = asset.build("lambda")
    return path


def test_the_asset_is_small_enough_to_start_quickly(built: Path) -> None:
    assert built.stat().st_size <= 12 * MEGABYTE


def test_the_same_sources_give_the_same_zip(built: Path, tmp_path: Path) -> None:
    path, digest = asset.build("lambda", tmp_path)
    assert path.read_bytes() == built.read_bytes()
    assert (path, digest) == asset.build("lambda", tmp_path)


def test_the_asset_holds_the_functions_the_settings_and_no_sdk(built: Path) -> None:
    names = set(zipfile.ZipFile(built).namelist())
    assert {
        "earshot.toml",
        "functions/publish/handler.py",
        "shared/feedback/store.py",
        "shared/languages/ar/texts.toml",
        "functions/team/templates/page.css",
        "functions/team/templates/routes.html",
        "jinja2/environment.py",
    } <= names
    assert not [name for name in names if name.startswith(("boto3/", "botocore/", "tests/", "infra/", "cli/"))]
    assert not [name for name in names if name.endswith(".pyc")]


def test_compiled_packages_are_those_of_lambda(built: Path) -> None:
    compiled = [name for name in zipfile.ZipFile(built).namelist() if name.endswith(".so")]
    assert compiled
    assert all("aarch64" in name or "abi3" in name for name in compiled)
    assert not [name for name in compiled if "cpython" in name and "cpython-313" not in name]

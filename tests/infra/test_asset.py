import marshal
import os
import re
import subprocess
import sys
import zipfile
from importlib.util import MAGIC_NUMBER, source_hash
from pathlib import Path, PurePosixPath

import pytest

from infra import asset

MEGABYTE = 1_000_000
AARCH64 = 183  # ELF's number of the processor
LAMBDA_GLIBC = {"3.11": 26, "3.12": 34, "3.13": 34, "3.14": 34}  # Amazon Linux 2, then 2023


@pytest.fixture(scope="module")
def built() -> Path:
    path, _ = asset.build("lambda")
    return path


def test_the_asset_is_small_enough_to_start_quickly(built: Path) -> None:
    assert built.stat().st_size <= 15 * MEGABYTE
    unpacked = sum(each.file_size for each in zipfile.ZipFile(built).infolist())
    assert unpacked <= 50 * MEGABYTE  # of 250 that Lambda takes


def test_the_same_sources_give_the_same_zip_in_any_process(built: Path, tmp_path: Path) -> None:
    program = "import pathlib, sys; from infra import asset; print(*asset.build('lambda', pathlib.Path(sys.argv[1])))"
    process = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        env=os.environ | {"PYTHONHASHSEED": "1", "PYTHONPATH": str(asset.ROOT)},
        cwd=asset.ROOT,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    path, digest = process.stdout.split()
    assert Path(path).read_bytes() == built.read_bytes()
    assert (built, digest) == asset.build("lambda")


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


def test_every_module_brings_bytecode_that_is_used_unchecked(built: Path) -> None:
    with zipfile.ZipFile(built) as archive:
        names = set(archive.namelist())
        sources = {PurePosixPath(name) for name in names if name.endswith(".py")}
        for source in sources:
            compiled = archive.read(
                str(source.parent / f"__pycache__/{source.stem}.{sys.implementation.cache_tag}.pyc")
            )
            assert compiled[:4] == MAGIC_NUMBER
            assert compiled[4:8] == (0b01).to_bytes(4, "little")  # by hash, and the hash is not looked at (PEP 552)
            assert compiled[8:16] == source_hash(archive.read(str(source)))
        assert len([name for name in names if name.endswith(".pyc")]) == len(sources)


def test_bytecode_names_the_place_where_lambda_unpacks_it(built: Path) -> None:
    with zipfile.ZipFile(built) as archive:
        for module in ("functions/publish/handler", "pydantic/main"):
            folder, _, name = module.rpartition("/")
            code = archive.read(f"{folder}/__pycache__/{name}.{sys.implementation.cache_tag}.pyc")
            assert marshal.loads(code[16:]).co_filename == f"/var/task/{module}.py"  # noqa: S302
        assert not [name for name in archive.namelist() if str(asset.ROOT).encode() in archive.read(name)]


def test_a_python_that_lambda_does_not_run_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(asset, "VERSION", "3.15")
    with pytest.raises(asset.BundlingError, match=r"Lambda does not run Python 3\.15.*make deploy PYTHON=python3\.14"):
        asset.build("lambda", tmp_path)


def test_native_libraries_need_no_newer_system_than_lambda_has(built: Path) -> None:
    most = LAMBDA_GLIBC[asset.VERSION]
    with zipfile.ZipFile(built) as archive:
        libraries = {name: archive.read(name) for name in archive.namelist() if ".so" in PurePosixPath(name).suffixes}
    assert libraries
    for name, library in libraries.items():
        assert library[:4] == b"\x7fELF", name
        assert int.from_bytes(library[18:20], "little") == AARCH64, name
        needed = {int(minor) for minor in re.findall(rb"GLIBC_2\.(\d+)", library)}
        assert max(needed) <= most, f"{name} needs glibc 2.{max(needed)}"


def test_compiled_packages_are_those_of_lambda(built: Path) -> None:
    compiled = [name for name in zipfile.ZipFile(built).namelist() if name.endswith(".so")]
    assert compiled
    assert all("aarch64" in name or "abi3" in name for name in compiled)
    assert not [name for name in compiled if "cpython" in name and sys.implementation.cache_tag not in name]

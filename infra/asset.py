"""The code that runs in Lambda, as one zip file, built without Docker and with the same hash on every build."""

import hashlib
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path
from typing import Literal

import uv

from shared.config.load import config_path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
LOCK = ROOT / "requirements" / "functions.txt"

Target = Literal["lambda", "host"]
"""Where the code will run. AWS Lambda (Python 3.13 on arm64) gets the locked packages with it. The local stage runs it
on this project's own Python, where the same locked packages are installed already, compiled and quick to import."""

# Written by the installer and different from one installation to the next, or of no use at run time.
_LEFT_OUT_NAMES = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "py.typed"}
_LEFT_OUT_SUFFIXES = {".pyc", ".pyi"}
_LEFT_OUT_FOLDERS = {"__pycache__", "bin", "geodata", "carrierdata"}  # the last two: phonenumbers' names of places


class BundlingError(Exception):
    """The functions' packages could not be installed. The message is the installer's own."""


def build(target: Target, cache: Path = CACHE) -> tuple[Path, str]:
    """Build the zip for `target` in the folder `cache`, unless it is there already; several may do so at once.

    Returns the path of the zip and the SHA-256 of what is in it (names and bytes; not the zip's own bytes, which
    depend on the version of zlib).
    """
    cache.mkdir(exist_ok=True)
    files = _files(_packages(cache) if target == "lambda" else None)
    digest = hashlib.sha256()
    for name, path in files:
        digest.update(f"{name}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    built = cache / f"functions-{target}-{digest.hexdigest()[:16]}.zip"
    if not built.exists():
        for stale in set(cache.glob(f"functions-{target}-*.zip")) - {built}:  # another build may just have made it
            stale.unlink(missing_ok=True)
        _zip(files, built)
    return built, digest.hexdigest()


def _packages(cache: Path) -> Path:
    """Install the locked packages for Lambda into the cache, once per lock file."""
    installed = cache / f"packages-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]}"
    if installed.exists():
        return installed
    # Installed beside, then renamed: an interrupted download leaves nothing that looks complete.
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        result = subprocess.run(
            [
                *(uv.find_uv_bin(), "pip", "install", "--quiet", "--no-progress"),
                *("--require-hashes", "--only-binary", ":all:", "--link-mode", "copy"),
                *("--python-platform", "aarch64-manylinux2014", "--python-version", "3.13"),
                *("--target", f"{folder}/packages", "--requirement", str(LOCK)),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise BundlingError(" ".join(result.stderr.split()) or "uv pip install failed")
        for stale in set(cache.glob("packages-*")) - {installed}:
            shutil.rmtree(stale, ignore_errors=True)
        try:
            Path(folder, "packages").rename(installed)
        except OSError:
            if not installed.exists():  # else another build was first, with the same packages
                raise
    return installed


def _files(packages: Path | None) -> list[tuple[str, Path]]:
    """Everything that goes into the zip, as (name in the zip, file), sorted."""
    folders = [(ROOT, ROOT / name) for name in ("functions", "shared")]
    if packages:
        folders.append((packages, packages))
    found = [
        (path.relative_to(base).as_posix(), path)
        for base, folder in folders
        for path in folder.rglob("*")
        if path.is_file()
    ]
    found.append(("earshot.toml", config_path()))
    return sorted((name, path) for name, path in found if not _is_left_out(Path(name)))


def _is_left_out(name: Path) -> bool:
    return (
        name.name.startswith(".")
        or name.name in _LEFT_OUT_NAMES
        or name.suffix in _LEFT_OUT_SUFFIXES
        or not _LEFT_OUT_FOLDERS.isdisjoint(name.parts[:-1])
    )


def _zip(files: list[tuple[str, Path]], built: Path) -> None:
    with tempfile.TemporaryDirectory(dir=built.parent) as folder:
        partial = Path(folder, "functions.zip")
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, path in files:
                entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
        partial.rename(built)

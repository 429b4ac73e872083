"""The code that runs in Lambda, as one zip file, built without Docker and with the same hash on every build.

Lambda unpacks it into a folder that cannot be written, so what it does not bring compiled is compiled at every cold
start. It brings bytecode of the Python that builds it, which is the version that is deployed; unchecked, since a zip
has no times to compare.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Literal

import uv

from shared.config import days_off
from shared.config.load import config_path, load

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
LOCK = ROOT / "requirements" / "functions.txt"
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
OFFERED = ("3.11", "3.12", "3.13", "3.14")
"""The versions of Python that Lambda runs, of those that this project does."""

Target = Literal["lambda", "host", "bare"]
"""Where the code will run. `lambda`: on arm64, with the locked packages. `host`: the same on this machine's processor.
`bare`: in the local stage, on this project's own Python, where the same locked packages are installed already."""

_STALE_SECONDS = 24 * 3600
_TASK = "/var/task"  # where Lambda unpacks it, and what tracebacks name
# Written by the installer and different from one installation to the next, or of no use at run time.
_LEFT_OUT_NAMES = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "py.typed"}
_LEFT_OUT_SUFFIXES = {".pyc", ".pyi"}
_LEFT_OUT_FOLDERS = {"__pycache__", "bin"}
# Large, and nothing we import asks for it: names of places, short numbers, pydantic's past, a web page of Powertools.
_LEFT_OUT_PARTS = (
    *("phonenumbers/geodata/", "phonenumbers/carrierdata/", "phonenumbers/shortdata/region_"),
    *("pydantic/v1/", "aws_lambda_powertools/event_handler/openapi/swagger_ui/swagger-ui"),
)


class BundlingError(Exception):
    """The code cannot be bundled. The message names a Python version that Lambda lacks, or quotes the installer."""


def build(target: Target, cache: Path = CACHE) -> tuple[Path, str]:
    """Build the zip for `target` in the folder `cache`, unless it is there already; several may do so at once.

    Returns the path of the zip and the SHA-256 of what it is made of: this recipe, the version of Python, and the names
    and bytes of all files. Bytecode follows from those, and so does the zip but for the version of zlib.
    """
    if target == "lambda" and VERSION not in OFFERED:
        raise BundlingError(
            f"Lambda does not run Python {VERSION}, which would deploy here. Use one of {', '.join(OFFERED)}: "
            f"make deploy PYTHON=python{OFFERED[-1]}"
        )
    cache.mkdir(exist_ok=True)
    files = _files(None if target == "bare" else _packages(target, cache), _holidays(cache))
    digest = hashlib.sha256(Path(__file__).read_bytes() + f"{sys.implementation.cache_tag}\0".encode())
    for name, path in files:
        digest.update(f"{name}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    built = cache / f"functions-{target}-{digest.hexdigest()[:16]}.zip"
    if not built.exists():
        for stale in set(cache.glob(f"functions-{target}-*.zip")):
            # Younger ones may be on their way into a deployment of other settings.
            if time.time() - stale.stat().st_mtime > _STALE_SECONDS:
                stale.unlink(missing_ok=True)
        _zip(files, built)
    return built, digest.hexdigest()


def _packages(target: Target, cache: Path) -> Path:
    """The locked packages for a target."""
    platform = ("--python-platform", "aarch64-manylinux2014") if target == "lambda" else ()
    return install(LOCK, f"packages-{target}", cache, platform)


def install(lock: Path, name: str, cache: Path = CACHE, options: tuple[str, ...] = ()) -> Path:
    """Install the packages of a lock file into a folder of the cache, once per lock file and Python."""
    installed = cache / f"{name}-{hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:16]}"
    if installed.exists():
        return installed
    # Installed beside, then renamed: an interrupted download leaves nothing that looks complete.
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        packages = Path(folder, "packages")
        result = subprocess.run(
            [
                *(uv.find_uv_bin(), "pip", "install", "--quiet", "--no-progress"),
                *("--require-hashes", "--only-binary", ":all:", "--link-mode", "copy"),
                *(*options, "--python", sys.executable),
                *("--target", str(packages), "--requirement", str(lock)),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise BundlingError(" ".join(result.stderr.split()) or "uv pip install failed")
        for stale in set(cache.glob(f"{name}-*")) - {installed}:
            shutil.rmtree(stale, ignore_errors=True)
        try:
            packages.rename(installed)
        except OSError:
            if not installed.exists():  # else another build was first, with the same packages
                raise
    return installed


def _holidays(cache: Path) -> Path:
    """The public holidays that `earshot.toml` names: the package that knows them is no part of the code."""
    dates = days_off.as_file(load())
    path = cache / f"holidays-{hashlib.sha256(dates.encode()).hexdigest()[:16]}.json"
    if not path.exists():
        path.write_text(dates, encoding="utf-8")
    return path


def _files(packages: Path | None, holidays: Path) -> list[tuple[str, Path]]:
    """Everything that goes into the zip but bytecode, as (name in the zip, file), sorted."""
    folders = [(ROOT, ROOT / name) for name in ("functions", "shared")]
    if packages:
        folders.append((packages, packages))
    found = [
        (path.relative_to(base).as_posix(), path)
        for base, folder in folders
        for path in folder.rglob("*")
        if path.is_file()
    ]
    found += [("earshot.toml", config_path()), (days_off.FILE, holidays)]
    return sorted((name, path) for name, path in found if not _is_left_out(Path(name)))


def _is_left_out(name: Path) -> bool:
    return (
        name.name.startswith(".")
        or name.name in _LEFT_OUT_NAMES
        or name.suffix in _LEFT_OUT_SUFFIXES
        or not _LEFT_OUT_FOLDERS.isdisjoint(name.parts[:-1])
        or name.as_posix().startswith(_LEFT_OUT_PARTS)
    )


def _zip(files: list[tuple[str, Path]], built: Path) -> None:
    with tempfile.TemporaryDirectory(dir=built.parent) as folder:
        partial, compiled = Path(folder, "functions.zip"), Path(folder, "compiled")
        for name, path in files:
            if path.suffix == ".py":
                (compiled / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, compiled / name)
        _compile(compiled)
        bytecode = [(path.relative_to(compiled).as_posix(), path) for path in sorted(compiled.rglob("*.pyc"))]
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, path in [*files, *bytecode]:
                entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
        partial.rename(built)


def _compile(folder: Path) -> None:
    """Compile all in a folder, in one fresh process: what else a process has imported shows in the bytes it writes."""
    subprocess.run(
        [
            *(sys.executable, "-I", "-S", "-W", "ignore", "-m", "compileall", "-q"),
            *("--invalidation-mode", "unchecked-hash", "-s", str(folder), "-p", _TASK, str(folder)),
        ],
        check=True,
    )

"""Code as Lambda has it: unpacked to a folder that cannot be written, beside the SDK that the runtime brings."""

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra import asset

CHILD = Path(__file__).with_name("child.py")
CONVENTIONAL = Path(__file__).with_name("conventional.py")
_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE = 24, 1  # of linux/prctl.h and linux/capability.h
RUNTIME = asset.ROOT / "requirements" / "runtime.txt"


@contextmanager
def folders() -> Iterator[dict[str, Path]]:
    """The folders of both programs, by what is measured.

    `ours` is unpacked from the zip that is deployed, but for this machine's processor. `conventional` is the same
    packages with the usual handler, without usable bytecode: the times in a CDK asset's zip are all one, so what an
    installer compiled is stale. `in-place` and `conventional-compiled` are both once more, compiled where they stand.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        built, _ = asset.build("host")
        found = {name: root / name for name in ("ours", "in-place", "conventional", "conventional-compiled")}
        for path in found.values():
            with zipfile.ZipFile(built) as archive:
                archive.extractall(path)
        for name in ("conventional", "conventional-compiled"):
            shutil.copy(CONVENTIONAL, found[name])
        for name in ("in-place", "conventional", "conventional-compiled"):
            _drop_bytecode(found[name])
        for name in ("in-place", "conventional-compiled"):
            subprocess.run([sys.executable, "-m", "compileall", "-qq", str(found[name])], check=False)
        shutil.copytree(runtime(), root / "runtime")
        shutil.copy(CHILD, root / "runtime")
        _lock(root)
        yield found
        _unlock(root)


def runtime() -> Path:
    """What the runtime brings: its client, and the oldest SDK that it may have, compiled."""
    asset.CACHE.mkdir(exist_ok=True)
    return asset.install(RUNTIME, "runtime", options=("--compile-bytecode",))


def run(folder: Path, arguments: list[str], environment: dict[str, str]) -> str:
    """What `child.py` prints in a fresh process that finds only this folder and the SDK, and can write to neither."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "AWS_", "EARSHOT_"))}
    path = os.pathsep.join([str(folder), str(folder.parent / "runtime")])
    child = subprocess.run(
        [sys.executable, "-S", "-P", str(folder.parent / "runtime" / CHILD.name), *arguments],
        env=kept | environment | {"PYTHONPATH": path, "LAMBDA_TASK_ROOT": str(folder)},
        cwd=folder,
        preexec_fn=_obey_modes if os.geteuid() == 0 else None,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return child.stdout.splitlines()[-1]


def _obey_modes() -> None:
    """Take from root, for the program that follows, the right to write whatever a folder's mode says."""
    ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE, 0, 0, 0)


def _drop_bytecode(folder: Path) -> None:
    for cache in list(folder.rglob("__pycache__")):
        shutil.rmtree(cache)


def _lock(root: Path) -> None:
    for path in (root, *root.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)


def _unlock(root: Path) -> None:
    for path in (root, *root.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)

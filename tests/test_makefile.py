"""Setting up, with a Python that makes environments in no time, of commands that do nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
A_PYTHON = f"""#!/bin/sh
case "$*" in
  *ensurepip*) test ! -e debian || exec {sys.executable} -c "import sys; sys.modules['ensurepip'] = None; $2" ;;
  "-m venv --clear .venv")
    echo >> made
    rm -rf .venv
    mkdir -p .venv/bin
    echo '#!/bin/sh' > .venv/bin/python
    printf '#!/bin/sh\\ntest ! -e offline' > .venv/bin/uv
    chmod +x .venv/bin/* ;;
esac
"""


class Clone:
    """A folder fresh from git. What stands in it as `offline` or `debian` makes the machine one of those."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "Makefile").write_text((ROOT / "Makefile").read_text())
        (folder / "requirements").mkdir()
        for name in ("requirements/dev.txt", "requirements/uv.txt", "pyproject.toml"):
            (folder / name).touch()
        self.write_program("python", A_PYTHON)

    def write_program(self, name: str, text: str) -> None:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o755)

    def set_up(self) -> subprocess.CompletedProcess[str]:
        command = ["make", ".venv/ready", "PYTHON=./python"]
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
        return subprocess.run(command, cwd=self.folder, env=ours, capture_output=True, text=True, check=False)

    @property
    def environments_made(self) -> int:
        return len((self.folder / "made").read_text().splitlines())


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def test_an_environment_without_pip_is_made_anew(clone: Clone) -> None:
    clone.write_program(".venv/bin/python", "#!/bin/sh\nexit 1")
    assert clone.set_up().returncode == 0
    assert (clone.folder / ".venv/ready").exists()
    assert clone.environments_made == 1


def test_an_environment_that_was_left_half_way_is_made_anew(clone: Clone) -> None:
    (clone.folder / "offline").touch()
    assert clone.set_up().returncode != 0
    (clone.folder / "offline").unlink()
    assert clone.set_up().returncode == 0
    assert clone.environments_made == 2


def test_a_sound_environment_is_kept(clone: Clone) -> None:
    clone.set_up()
    clone.set_up()
    (clone.folder / ".venv/ready").unlink()
    assert clone.set_up().returncode == 0
    assert clone.environments_made == 1


def test_a_python_that_cannot_make_environments_is_one_line_that_says_what_to_install(clone: Clone) -> None:
    (clone.folder / "debian").touch()
    ran = clone.set_up()
    [line, ended] = ran.stderr.splitlines()
    assert line.endswith(f"sudo apt install python{sys.version_info[0]}.{sys.version_info[1]}-venv")
    assert ended.startswith("make: ")
    assert not (clone.folder / ".venv").exists()

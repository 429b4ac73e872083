"""The folders of `shared/`, and who may import whom."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHARED = ROOT / "shared"
GROUND = {"errors", "observe", "settings", "values", "ids"}
"""What every part may import, and what imports nothing of shared/ but each other."""
WINGS: dict[str, set[str]] = {
    "text": set(),
    "addresses": {"text"},
    "table": set(),
    "model": {"text"},
    "languages": {"model", "text"},
    "conditions": {"model", "text"},
    "config": {"addresses", "languages", "model", "text"},
    "keys": {"table", "text"},
    "customers": {"keys", "model", "table"},
    "deliveries": {"model", "table"},
    "feedback": {"config", "model", "table", "text"},
    "mail": {"config", "keys", "languages", "model", "table", "text"},
    "web": {"config", "languages"},
    "routes": {
        *("addresses", "conditions", "config", "deliveries", "feedback", "keys", "languages", "model", "table"),
    },
    "cases": {
        *("addresses", "config", "customers", "feedback", "keys", "languages", "mail", "model", "table", "text"),
    },
}
"""What each wing may import beside itself and the ground."""
ALSO = {"shared/config/checks.py": {"conditions"}}


def modules(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """The dotted names that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{each.name}" for each in node.names)


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_the_table_lists_every_wing_and_every_module_of_the_ground() -> None:
    wings = {path.relative_to(SHARED).parts[0] for path in SHARED.rglob("*/*.py")}
    assert wings == WINGS.keys()
    assert {path.stem for path in SHARED.glob("*.py")} == GROUND
    assert not list(SHARED.rglob("__init__.py"))


@pytest.mark.parametrize("path", modules("shared"), ids=named)
def test_a_module_imports_only_what_its_wing_may(path: Path) -> None:
    own = path.relative_to(SHARED).parts[0].removesuffix(".py")
    allowed = GROUND if own in GROUND else GROUND | {own} | WINGS[own] | ALSO.get(named(path), set())
    reached = {name.split(".")[1] for name in imports(path) if name.startswith("shared.")}
    assert reached <= allowed
    assert not [name for name in imports(path) if re.match(r"(functions|infra|cli|local|bench)\b", name)]


@pytest.mark.parametrize("path", modules("functions"), ids=named)
def test_a_function_imports_no_other_function(path: Path) -> None:
    own = path.relative_to(ROOT / "functions").parts[0].removesuffix(".py")
    others = {name.split(".")[1] for name in imports(path) if name.startswith("functions.")} - {own}
    assert not others
    assert not [name for name in imports(path) if re.match(r"(infra|cli|local|bench)\b", name)]


NAMED = {
    name
    for path in modules("infra")
    for name in re.findall(r'"functions\.([\w.{}]+)\.handler"', path.read_text(encoding="utf-8"))
}
"""The modules that infra names as handlers; capture_email fills in which of two."""
HANDLERS = [
    ROOT / "functions" / f"{each.replace('.', '/')}.py"
    for name in sorted(NAMED)
    for each in ((name.format(module=module) for module in ("handler", "sweep")) if "{" in name else (name,))
]


def test_infra_names_the_handler_of_every_function() -> None:
    folders = {path.name for path in (ROOT / "functions").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert {path.relative_to(ROOT / "functions").parts[0] for path in HANDLERS} == folders


@pytest.mark.parametrize("path", HANDLERS, ids=named)
def test_a_handler_verifies_parses_calls_and_responds_in_under_60_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < 60


def test_infra_imports_no_function() -> None:
    assert not [name for path in modules("infra") for name in imports(path) if name.startswith("functions")]


def test_the_wings_have_no_circle() -> None:
    done: set[str] = set()
    while len(done) < len(WINGS):
        free = {wing for wing, needs in WINGS.items() if wing not in done and needs <= done}
        assert free, f"a circle among {WINGS.keys() - done}"
        done |= free


def test_prefixes_of_keys_stand_in_one_module() -> None:
    prefix = re.compile(r"""["'](?:[A-Za-z_]+#|ROUTES["'])""")
    found = [
        named(path)
        for path in modules("shared", "functions", "infra", "cli", "local")
        if prefix.search(path.read_text(encoding="utf-8"))
    ]
    hashed = "functions/capture_sms/hearing.py"  # what identifies a text, of which the key of its claim is the hash
    assert found == [hashed, "shared/table/items.py"]

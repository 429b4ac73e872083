"""`python -m bench [name ...]`: measure, print JSON and then a short table; exit 1 where a limit is not kept.

Ratios compare two programs measured in this one run, so that they hold on any machine. A bench is a module here with
`measure() -> Iterator[Figure]`, listed in `BENCHES`.
"""

import json
import sys
from importlib import import_module

from bench.figures import Figure

BENCHES = ("capture", "page", "publish", "mail", "cases", "asset", "stage")


def main(names: list[str]) -> int:
    """Run the benches named, or all."""
    for name in names:
        if name not in BENCHES:
            print(f"bench: no bench {name!r}; use one of {', '.join(BENCHES)}", file=sys.stderr)
            return 2
    figures: list[Figure] = []
    for name in names or BENCHES:
        print(f"Measuring {name} ...", file=sys.stderr)
        figures += import_module(f"bench.{name}").measure()
    print(json.dumps({figure.name: {"value": figure.value, "unit": figure.unit} for figure in figures}, indent=2))
    width = max(len(figure.name) for figure in figures)
    for figure in figures:
        limit = "" if figure.limit is None else f"{figure.keep} {figure.limit:g}"
        verdict = "" if figure.limit is None else "ok" if figure.is_kept else "MISSED"
        print(f"{figure.name:<{width}}  {figure.value:>10g} {figure.unit:<10} {limit:<14} {verdict}".rstrip())
    return 0 if all(figure.is_kept for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

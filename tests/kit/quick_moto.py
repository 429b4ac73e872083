"""moto checks an update's expression again at each of its parts: by the square of what it sets, most of a test's time.

With these changes it finds the same mistakes in time by the number of parts.
"""

import pickle
from typing import Any

from moto.dynamodb.parsing import validators
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser  # type: ignore[attr-defined]
from moto.dynamodb.parsing.validators import ActionCountValidator, OverlappingPathsValidator


def _of_the_whole(validator: Any, whole: Any) -> Any:
    """Two clauses or paths in a part that must not be there twice are also in the whole."""
    [check] = validator._processing_map().values()
    return check(whole)


def _looked_up_once(traverser: Any) -> Any:
    if "types" not in vars(traverser):
        traverser.types = tuple(traverser._processing_map())
    return traverser.types


def _copied(tree: Any) -> Any:
    return pickle.loads(pickle.dumps(tree))  # noqa: S301 - what was just written


def make_moto_quick() -> None:
    """Change moto in this process."""
    ActionCountValidator.traverse = _of_the_whole
    OverlappingPathsValidator.traverse = _of_the_whole
    DepthFirstTraverser.nodes_to_be_processed = _looked_up_once
    validators.deepcopy = _copied  # type: ignore[assignment,attr-defined]

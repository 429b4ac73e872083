"""No request to DynamoDB waits for good."""

import ast
import socket
import time
from pathlib import Path

import pytest
from pydynox.exceptions import ConnectionException

from shared.table.client import connect

ROOT = Path(__file__).parents[3]


def test_a_table_that_takes_the_connection_and_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = connect(endpoint_url=f"http://127.0.0.1:{silent.getsockname()[1]}", region="eu-west-1")
        began = time.monotonic()
        with pytest.raises(ConnectionException):
            client.sync_get_item("earshot-test", {"pk": "a", "sk": "b"})
    assert time.monotonic() - began < 20


def test_functions_and_commands_have_no_other_client() -> None:
    made = {
        path.relative_to(ROOT).as_posix()
        for folder in ("shared", "functions", "cli", "local")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "DynamoDBClient"
    }
    assert made == {"shared/table/client.py"}

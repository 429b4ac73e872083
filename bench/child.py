"""`python child.py MODULE PATH ANSWERS`: one fresh process in which a handler starts and then works.

Prints one line of JSON, after what the handler itself prints: CPU seconds of the start (import and first answer) and
of one answer once warm.
"""

import json
import os
import random
import sys
import time
from importlib import import_module
from types import SimpleNamespace
from typing import Any

WARM_UP = 30
RANDOM = random.Random(0)  # noqa: S311 - the same answers in every run


CONTEXT = SimpleNamespace(
    function_name="bench",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:eu-west-1:123456789012:function:bench",
    aws_request_id="52fdfc07-2182-454f-963f-5f0f9a621d72",
    get_remaining_time_in_millis=lambda: 10_000,
)


def http_event(method: str, path: str, headers: dict[str, str], body: str = "") -> dict[str, Any]:
    """A request as API Gateway hands it over; written out here, so that nothing is imported before the clock runs."""
    return {
        "version": "2.0",
        "routeKey": f"{method} /f/{{link+}}",
        "rawPath": path,
        "pathParameters": {"link": path.rpartition("/")[2]},
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {
            "http": {"method": method, "path": path, "sourceIp": "127.0.0.1", "protocol": "HTTP/1.1"},
            "stage": "$default",
            "requestId": "JKJaXmPLvHcESHA=",
        },
        "body": body,
        "isBase64Encoded": False,
    }


def answer(path: str, number: int) -> dict[str, Any]:
    """An unhappy customer's answer; every number is another customer's."""
    said = {
        "rating": 2,
        "comment": "Twenty minutes, one till open. The girl at the till was lovely though.",
        "reasons": ["queue"],
        "submission": f"{RANDOM.getrandbits(128):032x}",  # as the page draws it
    }
    headers = {"content-type": "application/json", "accept-language": "en-GB,en;q=0.9", "accept": "*/*"}
    return http_event("POST", path, headers, json.dumps(said))


def main(module: str, path: str, answers: int) -> None:
    """Start the handler, let it answer, print what it cost."""
    _see_that_it_is_deployed()
    started = time.process_time()
    handler = import_module(module).handler
    first = handler(answer(path, 0), CONTEXT)
    cold = time.process_time() - started
    assert first["statusCode"] == 201, first
    for number in range(1, WARM_UP):
        handler(answer(path, number), CONTEXT)
    started = time.process_time()
    for number in range(WARM_UP, WARM_UP + answers):
        handler(answer(path, number), CONTEXT)
    warm = (time.process_time() - started) / max(answers, 1)
    print(json.dumps({"cold": cold, "warm": warm, "answers": WARM_UP + answers}))


def _see_that_it_is_deployed() -> None:
    """Nothing but the folder and the runtime is found, and nothing compiled now could be kept for the next start."""
    assert not any("site-packages" in path for path in sys.path), sys.path
    assert not os.access(os.environ["LAMBDA_TASK_ROOT"], os.W_OK)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))

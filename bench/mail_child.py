"""`python -m bench.mail_child NAME TIMES`: one fresh process that takes the mail NAME so many times.

Prints one line of JSON: CPU seconds per mail once warm, seconds of the last mail, and the process's peak memory in MB.
"""

import json
import re
import resource
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.child import CONTEXT


def event(key: str) -> dict[str, Any]:
    """What EventBridge says when the mail has arrived."""
    return {"detail-type": "Object Created", "detail": {"bucket": {"name": "mails"}, "object": {"key": key}}}


def main(name: str, times: int) -> None:
    """Take the mail under a new id each time."""
    handler = import_module("functions.capture_email.handler").handler
    if times > 1:
        for number in range(10):
            handler(event(f"mail/{name}-warm{number}"), CONTEXT)
    cpu, seconds = time.process_time(), 0.0
    for number in range(times):
        started = time.perf_counter()
        handler(event(f"mail/{name}-{number}"), CONTEXT)
        seconds = time.perf_counter() - started
    cpu = (time.process_time() - cpu) / times
    print(json.dumps({"cpu": cpu, "seconds": seconds, "peak": peak_megabytes()}))


def peak_megabytes() -> float:
    """The most memory this program has had; the system's own count also knows of the process it was forked from."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status.read_text())[0]) / 1024


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

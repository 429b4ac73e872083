"""`make run`: the local stage in the foreground, until Ctrl-C."""

import argparse
import logging
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Never

from botocore.exceptions import BotoCoreError
from pydynox.pydynox_core import PydynoxException

from cli.tail import as_text, follow
from infra.local_stage import LEFT_OUT, NOT_MODELLED
from local import stage as local_stage
from local.errors import LocalStageError
from shared.config.problems import ConfigError


def main() -> None:
    """Run until stopped; exit status 1 and a line if it cannot start, 0 when it was told to stop."""
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument("--port", type=int, help=f"of the page; the outbox has the next one [{local_stage.PORT}]")
    parser.add_argument("--folder", type=Path, default=local_stage.FOLDER, help="of all files it writes [.earshot]")
    options = parser.parse_args()
    # SIGINT too: a shell starts what is in its background with that ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    logging.getLogger("pydynox").setLevel(logging.ERROR)  # it warns of each call over 100 ms
    started = time.monotonic()
    try:
        with local_stage.running(options.folder.resolve(), port=options.port, say=_say) as running:
            for line in _guide(running.description, time.monotonic() - started):
                _say(line)
            for news in follow(running.stage):
                _say(as_text(news))
    except KeyboardInterrupt:
        _say("\nStopped. Nothing of it is left running; the next start is fresh.")
    except (LocalStageError, ConfigError) as error:
        sys.exit(str(error))
    except (BotoCoreError, PydynoxException) as error:
        sys.exit(f"MiniStack has stopped by itself: {error} (its log is in {options.folder}/ministack)")


def _interrupt(number: int, frame: FrameType | None) -> Never:
    raise KeyboardInterrupt


def _say(line: str) -> None:
    print(line, flush=True)


def _guide(description: dict[str, str], seconds: float) -> Iterator[str]:
    """What a person wants to know once it is ready."""
    yield f"Ready in {seconds:.0f} s.\n"
    yield f"  Tap     {description['feedback_link']}"
    yield f"          {description['customer_link']}  (one customer's own)"
    yield f"  Watch   {description['outbox_url']}  (mails, texts, webhooks that would have left)"
    yield f"  Write   to {description['mail_address']}, by SMTP to {description['smtp']}"
    yield "  Use     .venv/bin/earshot --help, in another terminal"
    yield "  Stop    Ctrl-C\n"
    yield "The real app runs here; only these are missing:"
    yield from (f"  - {what}" for what in dict.fromkeys((*LEFT_OUT.values(), *NOT_MODELLED)))
    yield "\nEach feedback shows here as it arrives, and who was asked or not:\n"


if __name__ == "__main__":
    main()

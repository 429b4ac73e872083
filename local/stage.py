"""The local stage as a whole: MiniStack, the deployed app, the proxy and the outbox, described in local.json."""

import contextlib
import fcntl
import http.client
import json
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from cli.stage import Stage
from local import ministack, smtp
from local.deploy import ROOT, STAGE, deploy, session
from local.errors import LocalStageError
from local.outbox import OutboxServer
from local.proxy import Proxy
from shared.config import load as config_file
from shared.config.model import Config
from shared.keys.links import Link
from shared.values import utc_now

FOLDER = ROOT / ".earshot"
LOCAL_FILE = "local.json"
PORT = 8040  # of the page; the outbox has the next one
LINKS_LAST = timedelta(days=30)


class Running(NamedTuple):
    """A local stage that is ready."""

    stage: Stage
    description: dict[str, str]
    """What local.json says."""


@contextlib.contextmanager
def running(
    folder: Path = FOLDER,
    *,
    port: int | None = None,
    enforce_iam: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[Running]:
    """Start everything, and stop it at the end of the `with`, whatever happened in it.

    The page listens on `port` and the outbox on the next; without one on `PORT`, or what is free if that is taken; with
    0 on what is free. Raises `LocalStageError` and `ConfigError`.
    """
    config = config_file.load()
    with contextlib.ExitStack() as stack:
        stack.enter_context(_alone(folder))
        say("Starting MiniStack ...")
        endpoint = stack.enter_context(ministack.running(folder / "ministack", enforce_iam=enforce_iam))
        proxy, outbox = _listen(port, endpoint, say)
        stack.enter_context(outbox.serving())
        say("Deploying with the CDK ...")
        outputs = deploy(endpoint, folder, public_url=proxy.url, outbox_url=outbox.url)
        proxy.api_url = outputs["ApiUrl"]
        stack.enter_context(proxy.serving())
        stage = Stage(STAGE, session(), endpoint)
        _let_mail_leave(stage, config)
        smtp_address = stack.enter_context(
            smtp.listening(stage, config.mail.address, 0 if port == 0 else outbox.server_port + 1)
        )
        description = _describe(
            stage, config, base_url=proxy.url, outbox_url=f"{outbox.url}/outbox", smtp_address=smtp_address
        )
        _check_page(description["feedback_link"], folder / "ministack" / "ministack.log")
        stack.enter_context(_written(folder / LOCAL_FILE, description))
        yield Running(stage, description)


def _listen(port: int | None, endpoint: str, say: Callable[[str], None]) -> tuple[Proxy, OutboxServer]:
    """Take the ports of the page and of the outbox."""
    if port == 0:
        return Proxy(0, endpoint), OutboxServer(0, endpoint)
    if port is not None:
        return Proxy(port, endpoint), OutboxServer(port + 1, endpoint)
    try:
        return _listen(PORT, endpoint, say)
    except LocalStageError:
        say(f"Ports {PORT} and {PORT + 1} are not both free; using others.")
        return _listen(0, endpoint, say)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder, so that there is one local stage in it, and clear what a killed run left there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("a+")
    except OSError as error:
        raise LocalStageError(f"{folder} cannot be written to: {error.strerror}") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # released with the process, however that ends
        except OSError:
            lock.seek(0)
            process = lock.read().strip()
            raise LocalStageError(
                f"The local stage is running already. Stop it with Ctrl-C where it runs, or with: kill {process}"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        (folder / LOCAL_FILE).unlink(missing_ok=True)
        shutil.rmtree(folder / "ministack", ignore_errors=True)
        yield


@contextlib.contextmanager
def _written(path: Path, description: dict[str, str]) -> Iterator[None]:
    """Put the file there whole, and take it away at the end."""
    partial = path.with_suffix(".tmp")
    partial.write_text(json.dumps(description, indent=2) + "\n")
    partial.replace(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _describe(stage: Stage, config: Config, *, base_url: str, outbox_url: str, smtp_address: str) -> dict[str, str]:
    touchpoint = next(iter(config.touchpoints))
    expires_at = utc_now().replace(microsecond=0) + LINKS_LAST

    def link(ref: str | None) -> str:
        return f"{base_url}/f/{Link(touchpoint, None, ref, expires_at).token(stage.keys)}"

    outputs = stage.outputs
    return {
        "stage": stage.name,
        "base_url": base_url,
        "feedback_link": link(None),
        "customer_link": link("order-1234"),
        "outbox_url": outbox_url,
        "endpoint_url": str(stage.endpoint_url),
        "region": ministack.REGION,
        "account": ministack.ACCOUNT,
        "access_key": ministack.ACCESS_KEY,
        "secret_key": ministack.SECRET_KEY,
        "table": outputs["Table"],
        "bus": outputs["Bus"],
        "mail_address": config.mail.address,
        "mail_bucket": outputs["MailBucket"],
        "mail_prefix": outputs["MailPrefix"],
        "sms_number": config.sms.number if config.sms else "",
        "sms_topic": outputs["SmsTopic"],
        "smtp": smtp_address,
    }


def _let_mail_leave(stage: Stage, config: Config) -> None:
    """Verify the sender, as an admin does once in the SES console: MiniStack too refuses the mail of others."""
    stage.client("sesv2").create_email_identity(EmailIdentity=config.business.sender)


def _check_page(link: str, log: Path) -> None:
    """Open the link once, so that it is known to work, and quick, when a person taps it."""
    address = urlsplit(link)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=30)
    try:
        connection.request("GET", address.path)
        status = connection.getresponse().status
    finally:
        connection.close()
    if status != HTTPStatus.OK:
        last = log.read_text(errors="replace").strip().rpartition("\n")[2]
        raise LocalStageError(f"The page answers {status}: {last or 'no reason given'} ({log})")

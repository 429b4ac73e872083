"""Teams subscribe without a deploy, on their page and from the command line, and what they subscribe to arrives."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlencode

import urllib3
from standardwebhooks import Webhook

from shared.model.events import RouteTested
from tests.end_to_end.world import World, eventually


class Receiver:
    """A team's own service on loopback. While it is down, it hangs up on whoever comes."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.is_down = False
        self.missed = 0
        self.url = ""

    def verified(self, secret: str) -> list[dict[str, Any]]:
        """What arrived, checked as any receiver does; raises for what was not signed with the secret."""
        return [Webhook(secret).verify(body, headers) for headers, body in self.requests]

    @property
    def ids(self) -> list[str]:
        """By which a receiver knows what it has handled."""
        return [headers["webhook-id"] for headers, _ in self.requests]


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if receiver.is_down:
                receiver.missed += 1
                return
            receiver.requests.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
        yield receiver
        server.shutdown()
        thread.join()


class Page:
    """A team's page in a browser that keeps the cookie."""

    def __init__(self, world: World, email: str) -> None:
        self._base = world.description["base_url"]
        self._cookie = ""
        self._send("sign_in", {"email": email})
        [*_, link] = eventually(lambda: [found for left in world.outbox() if (found := self._link(left, email))])
        self._send(link, {})

    @staticmethod
    def _link(left: dict[str, Any], email: str) -> str | None:
        """The token of a sign-in link; cards go to the same people, and lead to pages without one."""
        found = re.search(r"/t/([\w-]+\.[\w.-]+)", left["text"]) if left["to"] == email else None
        return found[1] if found else None

    def post(self, **form: str) -> str:
        """Press a button on the page of the tills."""
        return self._send("tills", form)

    def _send(self, link: str, form: dict[str, str]) -> str:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": self._base, "Cookie": self._cookie}
        answer = urllib3.request(
            "POST", f"{self._base}/t/{link}", body=urlencode(form), headers=headers, redirect=False, timeout=30
        )
        assert answer.status < 400, answer.data.decode()
        if "Set-Cookie" in answer.headers:
            self._cookie = answer.headers["Set-Cookie"].partition(";")[0]
        return answer.data.decode()


def test_a_team_subscribes_on_its_page_and_its_service_gets_signed_events_even_after_it_was_down(
    world: World, tmp_path: Path
) -> None:
    with receiving() as service:
        page = Page(world, "priya@fernleaf.example")
        route = {"id": "belts", "when": "words ~ conveyor and rating <= 2", "kind0": "webhook", "to0": service.url}
        assert "value=save" in page.post(action="rehearse", **route)
        secret = re.search(r"whsec_[\w+/=]+", page.post(action="save", rehearsed=route["when"], **route))
        assert secret

        page.post(action="test", id="belts")
        [test] = eventually(lambda: service.verified(secret[0]))
        assert (test["type"], test["data"]["route"]) == ("RouteTested", "belts")
        RouteTested.model_validate(test["data"])

        service.is_down = True
        world.answer(world.link("checkout"), rating=4, comment="The conveyor is fine.")
        id = world.answer(world.link("checkout"), rating=1, comment="The CONVEYOR broke.").body["id"]
        eventually(lambda: service.missed == 3)
        service.is_down = False
        eventually(lambda: len(service.requests) == 2, seconds=120)  # the fourth attempt is due half a minute later
        first = service.verified(secret[0])[1]
        assert (first["type"], first["data"]["feedback"]["comment"]) == ("FeedbackCaptured", "The CONVEYOR broke.")
        assert "replay" not in first

        def delivery() -> dict[str, Any]:
            told = json.loads(world.earshot(tmp_path, "show", id, "--json"))["deliveries"]
            return next(each for each in told if each["route"] == "belts")

        eventually(lambda: delivery()["state"] == "delivered")
        assert delivery()["attempts"] == 4

        ran = json.loads(world.earshot(tmp_path, "replay", "--route", "belts", "--since", "1h", "--json"))
        assert ran["sent"] == 1
        eventually(lambda: len(service.requests) > 2)
        _, once, again = service.verified(secret[0])
        assert once == first
        assert again == first | {"replay": ran["replay"]}
        assert len(set(service.ids)) == 3, "a replay has an id of its own, so it is not taken for a repetition"

        page.post(action="remove", id="belts")


def test_a_route_is_added_tested_and_removed_from_the_command_line(world: World, tmp_path: Path) -> None:
    def earshot(*arguments: str) -> Any:
        printed = world.earshot(tmp_path, "routes", *arguments)
        return json.loads(printed) if "--json" in arguments else printed

    queue = world.stage.client("sqs")
    url = queue.create_queue(QueueName="billing")["QueueUrl"]
    arn = queue.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    when = "mood = unhappy and reason in (price, refund)"
    targets = ("--to", f"sqs:{arn}", "--to", "slack:https://hooks.slack.com/x")
    added = earshot("add", "billing", "--when", when, *targets, "--json")
    queue.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(added["policies"][f"sqs:{arn}"])})

    # In effect when the command ends: nothing comes later for a rule that was not there. `make bench` tells how soon.
    id = world.answer(world.link("checkout"), rating=1, reasons=["price"], comment="Two prices.").body["id"]
    [message] = eventually(lambda: queue.receive_message(QueueUrl=url).get("Messages", []))
    assert json.loads(message["Body"])["detail"]["feedback"]["comment"] == "Two prices."
    queue.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    [card] = eventually(lambda: [left for left in world.left(id) if left["kind"] == "slack"])
    assert "Two prices." in card["text"]
    assert earshot("test", "billing", "--json")["arrived"] is True
    earshot("rm", "billing")
    assert "billing" not in {route["id"] for route in earshot("list", "--json")}

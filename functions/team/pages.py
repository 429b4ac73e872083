"""The pages of `/t/{link}`. They work without a script, and have none."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

from functions.team.routes import KINDS, TARGETS, Done, Look, hooks
from shared.addresses.targets import Target
from shared.config.model import Config, Route
from shared.deliveries.health import Health
from shared.keys.sessions import Wanted
from shared.languages.packs import texts
from shared.model.feedback import Revision
from shared.routes.rehearsal import Rehearsal
from shared.routes.route_table import TeamRoute
from shared.web.layout import Layout

_STYLE = Path(__file__).parent / "page.css"


class Pages:
    """The pages of one business, in its first language."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._say = {
            key.removeprefix("team."): text for key, text in texts(config.language).items() if key.startswith("team.")
        }
        self._layout = Layout(config, _STYLE)
        self.content_security_policy = self._layout.content_security_policy

    def sign_in(self, wanted: Wanted | None = None, *, sent: bool = False, error: str = "") -> str:
        """Where someone asks for a link, which will lead to what they came for."""
        say = self._say
        if sent:
            return self._page(
                "sign_in_title", f"<section class=done><p role=status>{escape(say['sent'])}</p></section>"
            )
        hidden = wanted._asdict() if wanted else {}
        kept = "".join(f'<input type=hidden name={name} value="{escape(id)}">' for name, id in hidden.items())
        form = (
            f"{self._problem(error)}<form class=card method=post action=/t/sign_in>{kept}"
            f"<p>{escape(say['sign_in_hint'])}</p><label for=email>{escape(say['email'])}</label>"
            "<input id=email name=email type=email autocomplete=email required>"
            f"<div class=buttons><button class=main>{escape(say['send_link'])}</button></div></form>"
        )
        return self._page("sign_in_title", form)

    def enter(self, email: str) -> str:
        """What a mailed link opens: a button."""
        say = self._say
        form = (
            f"<form class=card method=post><p>{escape(say['enter_hint'].format(email=email))}</p>"
            f"<div class=buttons><button class=main>{escape(say['enter'])}</button></div></form>"
        )
        return self._page("sign_in_title", form)

    def refused(self, message: str) -> str:
        """What cannot be shown, and the way back."""
        return self._page(
            "refused_title", f"{self._problem(message)}<p><a href=/t/sign_in>{escape(self._say['back'])}</a></p>"
        )

    def unavailable(self) -> str:
        """What is said when the table, or another part of AWS, failed."""
        return self._page("unavailable_title", self._problem(self._say["unavailable"]))

    def desk(self, team: str, teams: Iterable[str], email: str, look: Look, outcome: Done) -> str:
        """A team's routes, what became of the last action, and the form for another route."""
        say = self._say
        tested = outcome.tested or look.tested
        content = [
            f"<h1>{escape(self._config.teams[team].name)}</h1>",
            self._problem(outcome.error),
            self._done(say[outcome.done]) if outcome.done else "",
            *(self._secret(target, secret) for target, secret in outcome.secrets.items()),
            self._test(team, tested, look.arrivals) if tested else "",
            self._form(outcome),
            *(self._route(team, id, route, look.disabled[id]) for id, route in look.routes.items()),
            *map(self._shadowed, look.shadowed),
            f"<p>{escape(say['none'])}</p>" if not look.routes else "",
            self._others(team, teams),
        ]
        return self._page("title", "\n".join(part for part in content if part), self._header(email))

    def feedback(self, email: str, revision: Revision) -> str:
        """One feedback, whole: where a card leads that had to cut the words."""
        return self._page("title", self._words(revision), self._header(email))

    def _page(self, title: str, content: str, header: str = "") -> str:
        heading = "" if header else f"<h1>{escape(self._say[title])}</h1>"
        main = f"<main>\n{heading}{content}\n</main>"
        return self._layout.render(self._config.language, self._say[title], main, header)

    def _header(self, email: str) -> str:
        def out(action: str) -> str:
            return f"<form method=post><button name=action value={action}>{escape(self._say[action])}</button></form>"

        signed_in = escape(self._say["signed_in"].format(email=email))
        return f"<p>{signed_in}</p>{out('sign_out')}{out('sign_out_everywhere')}"

    def _others(self, team: str, teams: Iterable[str]) -> str:
        links = " ".join(f"<a href=/t/{id}>{escape(self._config.teams[id].name)}</a>" for id in teams if id != team)
        return f"<p>{escape(self._say['other'])} {links}</p>" if links else ""

    def _done(self, message: str) -> str:
        return f"<section class=done><p role=status>{escape(message)}</p></section>"

    def _problem(self, message: str) -> str:
        return f"<section class=problem><p role=alert>{escape(message)}</p></section>" if message else ""

    def _secret(self, target: str, secret: str) -> str:
        return (
            f"<section class=done><p>{escape(self._say['secret'].format(target=target))}</p>"
            f"<p><code dir=ltr>{escape(secret)}</code></p></section>"
        )

    def _test(self, team: str, tested: str, arrivals: Mapping[str, str]) -> str:
        say = self._say
        lines = [f"{to}: {say.get(state, state)}" for to, state in arrivals.items()] or [say["waiting"]]
        return (
            "<section>"
            + "".join(f"<p role=status>{escape(line)}</p>" for line in lines)
            + f'<p><a href="/t/{team}?tested={escape(tested)}">{escape(say["look_again"])}</a></p></section>'
        )

    def _route(self, team: str, id: str, route: Route, disabled: Sequence[tuple[Target, Health]]) -> str:
        say = self._say
        to = "".join(f"<li><code dir=ltr>{escape(target.shown)}</code></li>" for target in route.targets)
        paused = isinstance(route, TeamRoute) and route.paused
        state = f"<p class=quiet>{escape(say['is_paused'])}</p>" if paused else ""
        buttons = [self._button("test", id)]
        if isinstance(route, TeamRoute):
            change = f'<a class=button href="/t/{team}?change={id}">{escape(say["change"])}</a>'
            buttons += [change, self._button("resume" if paused else "pause", id), self._remove(id)]
        else:
            state = f"<p class=quiet>{escape(say['declared'])}</p>"
        buttons += [self._button("secret", id, "secret_new")] if hooks(route) else []
        buttons += [self._button("enable", id)] if disabled else []
        off = "".join(
            f"<div class=problem><p>{escape(self._off(target, health))}</p></div>" for target, health in disabled
        )
        return (
            f"<section><h2>{escape(id)}</h2><p><code dir=ltr>{escape(route.when or say['everything'])}</code></p>"
            f"<ul>{to}</ul>{state}{off}<div class=buttons>{''.join(buttons)}</div></section>"
        )

    def _off(self, target: Target, health: Health) -> str:
        since = f"{health.disabled_at:%Y-%m-%d}"
        return self._say["disabled"].format(target=target.shown, since=since, why=health.disabled_why)

    def _shadowed(self, id: str) -> str:
        return (
            f"<section><h2>{escape(id)}</h2><p class=quiet>{escape(self._say['shadowed'])}</p>"
            f"<div class=buttons>{self._remove(id)}</div></section>"
        )

    def _remove(self, id: str) -> str:
        sure = self._button("remove", id, "remove_sure")  # asked twice: its webhooks' secrets go with it
        return f"<details><summary>{escape(self._say['remove'])}</summary>{sure}</details>"

    def _button(self, action: str, id: str, label: str = "") -> str:
        return (
            f"<form method=post><input type=hidden name=id value={id}>"
            f"<button name=action value={action}>{escape(self._say[label or action])}</button></form>"
        )

    def _form(self, outcome: Done) -> str:
        """For a new route, or one that is being changed; what it would catch is shown before it can be saved."""
        say, typed = self._say, outcome.typed or {}
        change = "change" in typed
        title = say["change_title"].format(id=typed.get("id", "")) if change else say["add_title"]
        keep = "<input type=hidden name=change value=1>" if change else ""
        save = ""
        if outcome.rehearsal:
            save = (
                f'<input type=hidden name=rehearsed value="{escape(typed.get("when", ""))}">'
                f"<button class=main name=action value=save>{escape(say['save'])}</button>"
            )
        return (
            f"<form class=card method=post><h2>{escape(title)}</h2>{keep}"
            f"{self._field('id', typed, 'readonly' if change else '')}{self._field('when', typed)}"
            f"<fieldset><legend>{escape(say['to'])}</legend><p class=hint>{escape(say['to_hint'])}</p>"
            f"{''.join(self._target(n, typed) for n in range(TARGETS))}</fieldset>"
            f"{self._rehearsed(outcome.rehearsal) if outcome.rehearsal else ''}"
            f"<div class=buttons>{save}<button name=action value=rehearse>{escape(say['rehearse'])}</button></div>"
            "</form>"
        )

    def _field(self, name: str, typed: Mapping[str, str], more: str = "") -> str:
        say = self._say
        required = "required" if name == "id" else ""
        return (
            f"<label for={name}>{escape(say[name])}</label>"
            f"<p class=hint id={name}-hint>{escape(say[f'{name}_hint'])}</p>"
            f"<input id={name} name={name} dir=ltr autocapitalize=none spellcheck=false autocomplete=off "
            f"{required} {more} "
            f'aria-describedby={name}-hint value="{escape(typed.get(name, ""))}">'
        )

    def _target(self, n: int, typed: Mapping[str, str]) -> str:
        say = self._say
        options = "".join(
            f"<option value={kind}{' selected' if typed.get(f'kind{n}') == kind else ''}>"
            f"{escape(say[f'kind_{kind}'])}</option>"
            for kind in KINDS
        )
        labels = [
            f"<label class=hidden for={name}{n}>{escape(say[key].format(number=n + 1))}</label>"
            for name, key in (("kind", "kind"), ("to", "address"))
        ]
        return (
            f"<div class=target>{labels[0]}<select id=kind{n} name=kind{n}>{options}</select>"
            f"{labels[1]}<input id=to{n} name=to{n} dir=ltr autocapitalize=none spellcheck=false autocomplete=off "
            f'value="{escape(typed.get(f"to{n}", ""))}"></div>'
        )

    def _rehearsed(self, found: Rehearsal) -> str:
        say = self._say
        line = say["rehearsed" if found.complete else "rehearsed_latest"]
        overlaps = [] if found.compared_all else [say["compared"].format(number=found.compared)]
        overlaps += [say["overlaps"].format(id=id, number=number) for id, number in found.overlaps.items()]
        parts = [f"<p role=status>{escape(line.format(caught=found.caught, looked_at=found.looked_at))}</p>"]
        if found.latest:
            parts += [f"<p class=hint>{escape(say['latest'])}</p>", *map(self._words, found.latest)]
        parts += [f"<p>{escape(line)}</p>" for line in overlaps]
        if found.uncaught:
            parts.append(f"<p>{escape(say['uncaught'].format(number=found.uncaught))}</p>")
            parts += map(self._words, found.uncaught_latest)
        return "".join(parts)

    def _words(self, revision: Revision) -> str:
        """The customer's own words first, then which moment they are about."""
        feedback = revision.feedback
        words = f"<p dir=auto>{escape(feedback.comment or self._say['no_words'])}</p>"
        where = feedback.touchpoint + (f" · {feedback.place}" if feedback.place else "")
        rating = "" if feedback.rating is None else f" · {feedback.rating}/{feedback.scale.ratings[-1]}"
        return (
            f"<blockquote>{words}<p class=quiet dir=auto>{escape(where + rating)} · "
            f"{feedback.received_at:%Y-%m-%d}</p></blockquote>"
        )

"""What all pages of a business share: head, colours and type, by day and by night, and a policy for what they load."""

import base64
import re
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template

from shared.config.colours import PAPER, darkened, lightened
from shared.config.model import Config
from shared.languages.packs import direction

_FOLDER = Path(__file__).parent


class Layout:
    """The frame of pages that have one style, and perhaps a script, of their own."""

    def __init__(self, config: Config, style: Path, script: Path | None = None) -> None:
        """`style` and `script` are files; a page that has the script holds `Layout.script` itself."""
        colour = config.business.brand_colour
        colours = {"brand": darkened(colour, PAPER), "paper": PAPER, "brand_on_dark": lightened(colour)}
        self._style = f"{Template(_squeezed(_FOLDER / 'layout.css')).substitute(colours)}\n{_squeezed(style)}"
        self._frame = Template((_FOLDER / "layout.html").read_text(encoding="utf-8"))
        self._business = escape(config.business.name)
        self.script = _squeezed(script) if script else ""
        scripts = f"script-src '{_fingerprint(self.script)}'; connect-src 'self'; " if script else ""
        self.content_security_policy = (
            f"default-src 'none'; style-src '{_fingerprint(self._style)}'; {scripts}"
            "form-action 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
        )

    def render(self, language: str, title: str, content: str, header: str = "") -> str:
        """A whole page. `title` is text; `content` and `header`, which stands beside the business's name, are HTML."""
        return self._frame.substitute(
            language=language,
            direction=direction(language),
            title=escape(title),
            business=self._business,
            style=self._style,
            header=header,
            content=content,
        )


def _squeezed(file: Path) -> str:
    """A style sheet or script without the comments and indentation that only its authors need."""
    text = file.read_text(encoding="utf-8")
    lines = (re.sub(r"(^|\s+)// .*", "", line).strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def _fingerprint(inline: str) -> str:
    """How a content security policy names an inline style or script."""
    return f"sha256-{base64.b64encode(sha256(inline.encode()).digest()).decode()}"

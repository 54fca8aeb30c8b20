"""How actions look in a terminal."""

from __future__ import annotations

from typing import Final

from reconciler.plan import Action
from reconciler.render.style import Style

SIGNS: Final = {
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.DELETE: "-",
    Action.RENAME: "→",
    Action.SUSPEND: "‖",
    Action.RESUME: "▸",
    Action.REPAIR: "!",
}


def painted(action: Action, text: str, style: Style) -> str:
    """Text in the colour of what is done."""
    match action:
        case Action.CREATE | Action.RESUME:
            return style.green(text)
        case Action.DELETE:
            return style.red(text)
        case _:
            return style.yellow(text)

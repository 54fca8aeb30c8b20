"""The environment variables by which a container of ours knows what it is."""

from __future__ import annotations

from typing import Final

APP_VARIABLE: Final = "RECONCILER_APP"
"""The name of our app, which the Volume and the Dict bear too."""
SLOT_VARIABLE: Final = "RECONCILER_SLOT"
"""The name of the slot that the container serves."""

"""The peer of a call: a client with the token, or one of the engine's containers."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.engine.rpc_errors import conflict


@dataclass(frozen=True)
class Peer:
    """``container`` is empty for a client; containers have no credentials, but a socket each.

    ``function`` is the name of the container's function, ``version`` that of the client's wheel,
    ``key`` the one that all tries of a call share. ``attempt`` counts these from 0; None for a call
    that is tried once only.
    """

    container: str = ""
    function: str = ""
    version: str = ""
    key: str = ""
    attempt: int | None = None

    def require_container(self) -> str:
        """The calling container's id; a client is refused."""
        if not self.container:
            raise conflict("This can only be called from inside a container.")
        return self.container

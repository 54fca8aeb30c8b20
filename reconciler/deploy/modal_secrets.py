"""The Modal Secrets that an apply makes for the HTTP API, each with one key of the Worker."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import modal
from modal.exception import NotFoundError

from reconciler.dispatch.adapters.at_once import together
from reconciler.dispatch.adapters.modal_calls import translated_errors


class ModalSecrets:
    """See :class:`~reconciler.deploy.ports.Apps`."""

    def __init__(self, environment: str) -> None:
        """Args: the Modal environment that they are in."""
        self._environment = environment

    async def secrets_among(self, names: Collection[str]) -> frozenset[str]:
        """See :class:`~reconciler.deploy.ports.Apps`."""

        async def is_there(name: str) -> bool:
            with translated_errors(f"look up the Secret {name}"):
                try:
                    secret = modal.Secret.from_name(name, environment_name=self._environment)
                    await secret.hydrate.aio()
                except NotFoundError:
                    return False
                return True

        given = sorted(names)
        there = await together(*map(is_there, given))
        return frozenset(name for name, found in zip(given, there, strict=True) if found)

    async def store_secret(self, name: str, entries: Mapping[str, str]) -> None:
        """See :class:`~reconciler.deploy.ports.Apps`."""
        with translated_errors(f"store the Secret {name}"):
            await modal.Secret.objects.create.aio(
                name, dict(entries), allow_existing=True, environment_name=self._environment
            )
            secret = modal.Secret.from_name(name, environment_name=self._environment)
            await secret.update.aio(dict(entries))

    async def remove_secret(self, name: str) -> None:
        """See :class:`~reconciler.deploy.ports.Apps`."""
        with translated_errors(f"delete the Secret {name}"):
            await modal.Secret.objects.delete.aio(
                name, allow_missing=True, environment_name=self._environment
            )

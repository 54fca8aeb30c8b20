"""A deployed function with the resources of one schedule's runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar

import modal

T = TypeVar("T", bound="_Configurable")


class _Configurable(Protocol):
    def with_options(self: T, **options: Any) -> T: ...


def with_resources(found: T, resources: Mapping[str, Any], environment: str | None) -> T:
    """The function or class, whose calls run with these resources; nothing is sent yet.

    Args:
        resources: as a schedule's record has them.
        environment: the Modal environment of its Secrets and Volumes; None for the one we are in.
    """
    options: dict[str, Any] = {
        key: _pair(resources[key]) for key in ("cpu", "memory") if key in resources
    }
    options |= {key: resources[key] for key in ("gpu", "env", "region") if key in resources}
    if "secrets" in resources:
        options["secrets"] = [_secret(one, environment) for one in resources["secrets"]]
    if "volumes" in resources:
        options["volumes"] = {
            path: modal.Volume.from_name(name, environment_name=environment)
            for path, name in resources["volumes"].items()
        }
    return found.with_options(**options)


def _pair(written: float | Sequence[float]) -> Any:
    """A request, or a pair of request and limit, which the client takes as a tuple."""
    return tuple(written) if isinstance(written, Sequence) else written


def _secret(written: str | Mapping[str, Any], environment: str | None) -> modal.Secret:
    if isinstance(written, str):
        return modal.Secret.from_name(written, environment_name=environment)
    return modal.Secret.from_name(
        written["name"], environment_name=environment, required_keys=list(written["keys"])
    )

"""Fixtures of the tests of the Worker."""

from tests.node_fixture import workers

__all__ = ["workers"]

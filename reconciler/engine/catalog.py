"""Named things: environments, and the objects in them (Volumes, Dicts, Secrets, mounts, images)."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.engine.ids import IdKind, new_id
from reconciler.engine.storage.database import Database
from reconciler.engine.time_source import TimeSource


@dataclass(frozen=True)
class CatalogEntry:
    """An object. ``name`` is empty for an ephemeral one; ``body`` depends on the kind."""

    id: str
    kind: IdKind
    environment: str
    name: str
    created: float
    body: bytes


class Catalog:
    """Names are unique per kind and environment."""

    default_environment = "main"

    def __init__(self, database: Database, clock: TimeSource) -> None:
        self._database = database
        self._clock = clock
        if self.environment_id(self.default_environment) is None:
            self.create_environment(self.default_environment)

    def environment_id(self, name: str) -> str | None:
        """None if there is no such environment."""
        row = self._database.row("SELECT id FROM environments WHERE name = ?", name)
        return str(row[0]) if row else None

    def environment(self, name: str) -> str:
        """The environment's name, the default's for an empty one."""
        return name or self.default_environment

    def create_environment(self, name: str) -> str:
        """Create it and return its id. The name must be free."""
        identifier = new_id(IdKind.ENVIRONMENT)
        self._database.run(
            "INSERT INTO environments VALUES (?, ?, ?)", name, identifier, self._clock.now()
        )
        return identifier

    def environments(self) -> list[tuple[str, str, float]]:
        """Name, id and time of creation, oldest first."""
        rows = self._database.rows("SELECT name, id, created FROM environments ORDER BY created")
        return [(str(name), str(identifier), float(at)) for name, identifier, at in rows]

    def named(self, kind: IdKind, environment: str, name: str) -> CatalogEntry | None:
        row = self._database.row(
            "SELECT id, kind, environment, name, created, body FROM objects"
            " WHERE kind = ? AND environment = ? AND name = ?",
            kind,
            self.environment(environment),
            name,
        )
        return _entry(row) if row else None

    def get(self, identifier: str) -> CatalogEntry | None:
        row = self._database.row(
            "SELECT id, kind, environment, name, created, body FROM objects WHERE id = ?",
            identifier,
        )
        return _entry(row) if row else None

    def listed(
        self, kind: IdKind, environment: str, before: float, most: int
    ) -> list[CatalogEntry]:
        """The named objects created before a time (0: now), newest first; ``most`` 0: all."""
        rows = self._database.rows(
            "SELECT id, kind, environment, name, created, body FROM objects"
            " WHERE kind = ? AND environment = ? AND name IS NOT NULL AND (? = 0 OR created < ?)"
            " ORDER BY created DESC, name LIMIT ?",
            kind,
            self.environment(environment),
            before,
            before,
            most or -1,
        )
        return [_entry(row) for row in rows]

    def add(
        self, kind: IdKind, environment: str, name: str, body: bytes, identifier: str = ""
    ) -> CatalogEntry:
        """Create an object. The name, if any, must be free."""
        entry = CatalogEntry(
            identifier or new_id(kind),
            kind,
            self.environment(environment),
            name,
            self._clock.now(),
            body,
        )
        self._database.run(
            "INSERT OR IGNORE INTO objects VALUES (?, ?, ?, ?, ?, ?)",
            entry.id,
            entry.kind,
            entry.environment,
            entry.name or None,
            entry.created,
            entry.body,
        )
        return entry

    def replace(self, identifier: str, body: bytes) -> None:
        self._database.run("UPDATE objects SET body = ? WHERE id = ?", body, identifier)

    def rename(self, identifier: str, name: str) -> None:
        self._database.run("UPDATE objects SET name = ? WHERE id = ?", name, identifier)

    def remove(self, identifier: str) -> bool:
        """Delete an object with its contents; False if it does not exist."""
        return self._database.run("DELETE FROM objects WHERE id = ?", identifier) > 0


def _entry(row: tuple[object, ...]) -> CatalogEntry:
    identifier, kind, environment, name, created, body = row
    assert isinstance(created, float)
    assert isinstance(body, bytes)
    return CatalogEntry(
        str(identifier), IdKind(str(kind)), str(environment), str(name or ""), created, body
    )

"""Addresses of contents, as given to clients. Their path holds a secret, as signed URLs do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class ContentUrls:
    """``port`` is known once the server listens."""

    secret: str
    port: int = 0

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def blob(self, sha256: str) -> str:
        """To read (GET) or write (PUT) one content."""
        return f"{self.base}/{self.secret}/blobs/{sha256}"

    def block(self, sha256: str, start: int, length: int) -> str:
        """To read a part of one content."""
        return f"{self.blob(sha256)}?start={start}&length={length}"

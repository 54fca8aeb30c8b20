"""Which repository, and which folder of it, the schedules of an app come from.

An identity is what an app on Modal is owned by (DESIGN §5). All spellings of a repository's address
are one identity; different repositories have different ones.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import AddressValueError, IPv6Address
from typing import Final, Self
from unicodedata import normalize
from urllib.parse import unquote

LOCAL_ID: Final = "local:"
"""What the identity of a clone begins with that no address names: a random id follows."""
BETWEEN: Final = "//"
"""What stands between repository and folder, as in the module addresses of Terraform."""
DIGEST_LENGTH: Final = 40

_HELPER: Final = re.compile(r"[A-Za-z0-9]+::.*", re.DOTALL)
"""An address for one of git's remote helpers, ``codecommit::us-east-1://jobs``."""
_URL: Final = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>.*)", re.DOTALL)
_DRIVE: Final = re.compile(r"/?(?P<path>[A-Za-z]:[\\/].*)", re.DOTALL)
"""A path on a Windows drive."""
_SCP: Final = re.compile(
    r"(?P<authority>(?:[^/\[\]]*@)?(?:\[[^\]/]*\]|[^/\[\]:]+)):(?P<path>.*)", re.DOTALL
)
"""``user@host:path``: what git takes for ssh when no slash stands before the colon. The brackets
hold an IPv6 address, or a host with its port."""
_BRACKETS: Final = re.compile(r"\[([^\]]*)\](?::\d*)?")
_PASSWORDS: Final = re.compile(r"(?<=//)[^/@]*@")

_SAME_HOST: Final = {
    "www.github.com": "github.com",
    "ssh.github.com": "github.com",
    "altssh.gitlab.com": "gitlab.com",
    "altssh.bitbucket.org": "bitbucket.org",
    "ssh.dev.azure.com": "dev.azure.com",
}
"""Hosts under which a forge answers SSH, where that is another name than the forge's own."""


@dataclass(frozen=True, slots=True, order=True)
class Identity:
    """The owner of an app.

    Attributes:
        repository: host and path, ``github.com/acme/jobs``, see :func:`repository_at`; or
            ``local:ID`` for a clone that no address names.
        folder: that of the manifests, relative to the repository's root, ``.`` for the root.
    """

    repository: str
    folder: str

    @classmethod
    def read(cls, text: str) -> Self:
        """Read :meth:`__str__` back."""
        repository, _, folder = text.rpartition(BETWEEN)
        return cls(repository, folder)

    def __str__(self) -> str:
        return f"{self.repository}{BETWEEN}{self.folder}"

    @property
    def digest(self) -> str:
        """What stands for it in a tag of the app, whose values are short and of few characters."""
        return sha256(str(self).encode()).hexdigest()[:DIGEST_LENGTH]

    @property
    def is_local(self) -> bool:
        """Whether it is a random id, which only one clone holds."""
        return self.repository.startswith(LOCAL_ID)

    @property
    def is_path(self) -> bool:
        """Whether it is a path, which another machine may give to another repository."""
        return self.repository.startswith("/") or _DRIVE.match(self.repository) is not None

    def is_named_by(self, text: str) -> bool:
        """Whether a person means it: by its text, with or without the folder, or by an address."""
        return text in (str(self), self.repository) or repository_at(text) == self.repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """What a clone says of whose schedules it holds.

    Attributes:
        identity: what an apply records as the owner.
        names: what version 0.1.0 called the repository in its tag, ``acme/jobs``. The first is what
            an apply records beside the identity, so that going back to that version works; the
            others are what it may have been called in another clone.
        held: the random id that the clone had before it had a remote; None when it has none.
    """

    identity: Identity
    names: tuple[str, ...]
    held: Identity | None = None


def repository_at(address: str) -> str:
    """The repository at an address, the same for every spelling that git accepts for it.

    The scheme, the user, a password, the port, ``.git`` and slashes at the end say nothing about
    which repository it is. Hosts ignore case, and so do the paths of all large forges.

    Args:
        address: as ``git remote get-url`` prints it; a path has to be absolute.
    """
    text = normalize("NFC", address.strip())
    if _HELPER.fullmatch(text):
        return _PASSWORDS.sub("", text).rstrip("/").removesuffix(".git").casefold()
    if drive := _DRIVE.fullmatch(text):
        return _on_disk(drive["path"].replace("\\", "/").casefold())
    if url := _URL.fullmatch(text):
        authority, _, path = url["rest"].partition("/")
        if url["scheme"].lower() == "file":
            return _in_file_url(authority.casefold(), unquote(path))
        return _on_host(authority, unquote(path))
    if scp := _SCP.fullmatch(text):
        return _on_host(scp["authority"], unquote(scp["path"]))
    return _on_disk(text.replace("\\", "/") if text.startswith("\\\\") else text)


def is_path(address: str) -> bool:
    """Whether an address is a path as a shell knows it, which may be relative."""
    return not any(pattern.fullmatch(address) for pattern in (_HELPER, _DRIVE, _URL, _SCP))


def _in_file_url(authority: str, path: str) -> str:
    if _DRIVE.fullmatch(path):  # file:///C:/jobs
        return repository_at(path)
    if authority in ("", "localhost"):
        return _on_disk(f"/{path}")
    if authority.endswith(":"):  # file://C:/jobs, which git for Windows takes too
        return repository_at(f"{authority}/{path}")
    return _on_disk(f"//{authority}/{path}")  # a share of Windows


def _on_host(authority: str, path: str) -> str:
    inner = authority.removeprefix("[").removesuffix("]")
    user, _, place = (inner if "@" in inner and authority[:1] == "[" else authority).rpartition("@")
    host = _host(place)
    parts = [part for part in posixpath.normpath(f"/{path}").split("/") if part]
    if parts[:1] == ["~"] and user:  # the home of that user
        parts[0] = f"~{user.partition(':')[0]}"
    if host == "dev.azure.com":
        parts = [part for part in (parts[1:] if parts[:1] == ["v3"] else parts) if part != "_git"]
    joined = "/".join(parts).casefold().removesuffix(".git").rstrip("/")
    return f"{host}/{joined}" if joined else host


def _host(place: str) -> str:
    """A host without its port."""
    if bracketed := _BRACKETS.fullmatch(place):
        place = bracketed[1]
    if place.count(":") == 1:
        place = place.partition(":")[0]
    place = unquote(place).casefold().rstrip(".")
    if ":" in place:
        try:
            return f"[{IPv6Address(place)}]"
        except AddressValueError:
            return f"[{place}]"
    try:
        host = place.encode("idna").decode()
    except UnicodeError:  # no host name of the Internet, which git leaves to the system
        host = place
    return _SAME_HOST.get(host, host)


def _on_disk(path: str) -> str:
    normal = posixpath.normpath(path)
    return normal.removesuffix("/.git").removesuffix(".git") or "/"

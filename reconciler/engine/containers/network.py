"""Gives a process a network of its own, as a container with a web server has on Modal.

Modal's runtime connects to the server that such a container starts by the address of ``eth0``,
which not every machine has; and two containers must be able to use one port. So the process gets a
network namespace with ``lo`` and an ``eth0`` that leads nowhere. It reaches the engine by its
socket, and nothing else.

Linux and standard library only: runs in the zygote, in whatever Python functions run in.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import struct

_ADDRESS = "10.173.0.2"
_KINDS = (b"veth", b"dummy")
_RTM_NEWLINK = 16
_REQUEST_ACK = 0x5
_CREATE_EXCL = 0x600
_IFLA_IFNAME = 3
_IFLA_LINKINFO = 18
_IFLA_INFO_KIND = 1
_SIOCGIFFLAGS = 0x8913
_SIOCSIFFLAGS = 0x8914
_SIOCSIFADDR = 0x8916
_IFF_UP = 1


def furnish() -> None:
    """Set up the devices of a new network namespace. Raises OSError where that is forbidden."""
    _up(b"lo")
    for kind in _KINDS:
        try:
            _add(b"eth0", kind)
            break
        except OSError as error:
            if error.errno != errno.EOPNOTSUPP or kind == _KINDS[-1]:
                raise
    _assign(b"eth0", _ADDRESS)
    _up(b"eth0")


def _add(name: bytes, kind: bytes) -> None:
    """Add a device: one message to the kernel, and its answer."""
    link = _attribute(_IFLA_LINKINFO, _attribute(_IFLA_INFO_KIND, kind))
    body = bytes(16) + _attribute(_IFLA_IFNAME, name + b"\0") + link
    head = struct.pack("=IHHII", 16 + len(body), _RTM_NEWLINK, _REQUEST_ACK | _CREATE_EXCL, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as kernel:
        kernel.bind((0, 0))
        kernel.send(head + body)
        (number,) = struct.unpack_from("=i", kernel.recv(1 << 16), 16)
    if number:
        raise OSError(-number, f"{name.decode()}: {os.strerror(-number)}")


def _attribute(kind: int, data: bytes) -> bytes:
    length = 4 + len(data)
    return struct.pack("=HH", length, kind) + data + bytes(-length % 4)


def _assign(name: bytes, address: str) -> None:
    given = struct.pack("16sH2s4s8x", name, socket.AF_INET, b"\0\0", socket.inet_aton(address))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFADDR, given)


def _up(name: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        known = fcntl.ioctl(any_socket, _SIOCGIFFLAGS, struct.pack("16sH14x", name, 0))
        (flags,) = struct.unpack_from("=H", known, 16)
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH14x", name, flags | _IFF_UP))

"""Under which names a server may be spoken to.

A page on the web can give its own name the address 127.0.0.1, and a browser would then let it
read whatever listens there. The name stands in the Host header, so a server that answers to its
own names only is out of its reach. Addresses and ``localhost`` cannot be had by a page.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address


class Hosts:
    """``value in hosts`` tells whether the value of a Host header is one of the names."""

    def __init__(self, names: Iterable[str]) -> None:
        """`names` besides addresses and localhost; ``*`` stands for any."""
        self._names = frozenset(_folded(name) for name in names)

    def __contains__(self, header: object) -> bool:
        name = _name(str(header))
        if "*" in self._names or is_address(name):
            return True
        return name in self._names or name == "localhost" or name.endswith(".localhost")

    @property
    def refusal(self) -> str:
        """What a client is told that used another name."""
        return (
            "The embedded CRM does not answer to this host name. Use its address, or start it "
            "with this name allowed: vtiger-orm serve --allow-host NAME\n"
        )


def is_address(name: str) -> bool:
    """Whether it is an IP address, without brackets."""
    try:
        ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches an IP address."""
    return ip_address(address.partition("%")[0]).is_loopback


def _name(header: str) -> str:
    """``[::1]:80``, ``127.0.0.1:80``, ``crm.test.:80``, without brackets, port and last dot."""
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return _folded(header.partition(":")[0])


def _folded(name: str) -> str:
    return name.strip().lower().removesuffix(".")

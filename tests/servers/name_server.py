"""What names lead to, as a test says: an address of this machine, or nowhere."""

import socket
from dataclasses import dataclass, field
from typing import Any

import pytest

_real = socket.getaddrinfo


@dataclass
class NameServer:
    """Answers for the names it is told of; all others are asked of the machine's resolver."""

    leads: dict[str, str] = field(default_factory=dict)
    """Names to addresses."""
    away: bool = False
    """Whether nobody answers for these names now."""

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Be asked in place of the machine's resolver until the test ends."""
        monkeypatch.setattr(socket, "getaddrinfo", self._asked)

    def _asked(self, host: Any, port: Any, *rest: Any, **more: Any) -> list[Any]:
        if host in self.leads:
            if self.away:
                raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
            host = self.leads[host]
        return _real(host, port, *rest, **more)

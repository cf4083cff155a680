"""A server of a test that stops leaves no connection behind, whenever it stops."""

import asyncio
import gc
import socket
import warnings

import pytest

from tests.servers.listening import stop_listening


@pytest.mark.parametrize("turns", range(6))
def test_a_connection_that_comes_as_the_server_stops_has_an_owner(turns: int) -> None:
    async def story() -> None:
        hung_up = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()
            await writer.wait_closed()
            hung_up.set()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        with socket.create_connection(server.sockets[0].getsockname()):
            for _ in range(turns):
                await asyncio.sleep(0)
            taken = turns >= 2
            await stop_listening(server)
        if taken:
            await asyncio.wait_for(hung_up.wait(), 10)

    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        asyncio.run(story())
        gc.collect()
    assert [str(each.message) for each in found] == []

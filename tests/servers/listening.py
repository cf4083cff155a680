"""How a server of a test stops taking connections."""

import asyncio

TURNS = 5
"""Turns of the loop in which an accepted connection gets its transport, and two to spare."""


async def stop_listening(server: asyncio.Server) -> None:
    """Take no more connections, and leave none without an owner.

    `Server.close()` forgets a connection that was accepted in the turn before (Python 3.11):
    nobody closes it, the collector finds it later, and its warning fails whichever test runs then.
    """
    loop = asyncio.get_running_loop()
    for listening in server.sockets:
        loop.remove_reader(listening.fileno())
    for _ in range(TURNS):
        await asyncio.sleep(0)
    server.close()

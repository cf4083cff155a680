"""A worker in a process of its own: `python -m tests.worker.process DATABASE_URL KEY_FILE URL…`."""

import asyncio
import sys

from portvakt.worker import work
from tests.worker.office import settings

if __name__ == "__main__":
    database_url, key_file, *urls = sys.argv[1:]
    asyncio.run(work(settings(database_url, *urls, key_file=key_file)))

"""`python -m portvakt` is the command `portvakt`."""

import sys

from portvakt.cli import main

if __name__ == "__main__":  # a process that is started beside this one reads the file again
    sys.exit(main())

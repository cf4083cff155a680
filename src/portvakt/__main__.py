"""`python -m portvakt` is the command `portvakt`."""

import sys

from portvakt.cli import main

sys.exit(main())

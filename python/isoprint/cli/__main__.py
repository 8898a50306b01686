"""`python -m isoprint.cli`."""

import sys

from isoprint.cli import main

if __name__ == "__main__":
    sys.exit(main())

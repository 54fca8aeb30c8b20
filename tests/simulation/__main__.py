"""``python -m tests.simulation``: see :mod:`tests.simulation.command`."""

import sys

# Its processes load this module too, before the core may be loaded there.
if __name__ == "__main__":
    from tests.simulation.command import main

    sys.exit(main())

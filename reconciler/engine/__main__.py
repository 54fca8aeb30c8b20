"""``python -m reconciler.engine``."""

import sys

from reconciler.engine.cli import main

sys.exit(main())

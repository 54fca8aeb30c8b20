"""``python -m reconciler.engine``."""

import sys

from reconciler.engine.cli import main
from reconciler.streams import guard_streams

guard_streams()
sys.exit(main())

"""Every benchmark, one after the other: ``python -m benchmarks``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def main() -> None:
    """Run each in a process of its own; stop at the first that fails."""
    folder = Path(__file__).parent
    for path in sorted(folder.glob("*.py")):
        text = path.read_text()
        if not path.stem.startswith("_") and "__main__" in text:
            print(f"\n== benchmarks.{path.stem}", flush=True)
            subprocess.run([sys.executable, "-m", f"benchmarks.{path.stem}"], check=True)


if __name__ == "__main__":
    main()

"""A Modal app as a platform team would have it: checks, metrics, housekeeping."""

import os
import shutil
import tempfile
import time
from pathlib import Path

import modal

app = modal.App("operations", image=modal.Image.debian_slim())


@app.function()
def health_check(services: list[str]) -> dict[str, str]:
    """The state of every service, by name."""
    return dict.fromkeys(services, "healthy")


@app.function()
def collect_metrics() -> dict[str, float]:
    """How full the disk is and how busy the processor was, as fractions and seconds."""
    disk = shutil.disk_usage("/")
    return {"disk_used": round(disk.used / disk.total, 3), "cpu_seconds": time.process_time()}


@app.function()
def queue_depth(queue: str, warn_above: int) -> dict[str, object]:
    """How many messages wait, and whether they need attention."""
    waiting = len(queue) * 20
    return {"queue": queue, "waiting": waiting, "warn": waiting > warn_above}


@app.function()
def cleanup(older_than_days: int) -> dict[str, int]:
    """Deletes old files of a scratch folder and says how many there were."""
    limit = time.time() - older_than_days * 86_400
    with tempfile.TemporaryDirectory() as folder:
        for age in (1, 10, 40, 50, 60):
            file = Path(folder) / f"{age}-days.tmp"
            file.touch()
            os.utime(file, times=(0, time.time() - age * 86_400))
        old = [file for file in Path(folder).iterdir() if file.stat().st_mtime < limit]
        for file in old:
            file.unlink()
        return {"deleted": len(old), "kept": sum(1 for _ in Path(folder).iterdir())}


@app.function(timeout=600)
def backup(label: str) -> str:
    """Makes a backup under a label; the same label twice is the same backup."""
    return f"backup of {label} complete"


@app.function()
def legacy_export() -> int:
    """Exports records to a system on its way out; returns how many."""
    return 42

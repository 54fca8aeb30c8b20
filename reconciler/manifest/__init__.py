"""Reads YAML manifests and settings into typed and frozen values.

The steps, each a module: `files` finds the files, `document` parses YAML and keeps positions,
`validation` checks a document against its form, `semantics` checks what a schema cannot express
(cron expressions, zones, times) and makes the `Schedule`, `code_checks` reads the functions of code
targets from their text.
"""

from __future__ import annotations

from reconciler.durations import format_duration, parse_duration
from reconciler.manifest.calendar import DateRange
from reconciler.manifest.code_target import CodeOptions, CodeTarget, Image
from reconciler.manifest.files import holds_manifests, is_manifest
from reconciler.manifest.loading import load, load_contents
from reconciler.manifest.location import Location
from reconciler.manifest.manifests import Manifests
from reconciler.manifest.problem import ManifestError, Problem
from reconciler.manifest.retries import Retries
from reconciler.manifest.schedule import (
    JSON,
    Exclusion,
    FunctionTarget,
    Schedule,
    Suspension,
)
from reconciler.manifest.settings import (
    LOCAL,
    DeletionThreshold,
    EnvironmentSettings,
    Packing,
    Resolution,
    Settings,
)
from reconciler.manifest.settings_file import load_settings, parse_settings
from reconciler.policies import Catchup, Delivery, Overlap

__all__ = [
    "JSON",
    "LOCAL",
    "Catchup",
    "CodeOptions",
    "CodeTarget",
    "DateRange",
    "DeletionThreshold",
    "Delivery",
    "EnvironmentSettings",
    "Exclusion",
    "FunctionTarget",
    "Image",
    "Location",
    "ManifestError",
    "Manifests",
    "Overlap",
    "Packing",
    "Problem",
    "Resolution",
    "Retries",
    "Schedule",
    "Settings",
    "Suspension",
    "format_duration",
    "holds_manifests",
    "is_manifest",
    "load",
    "load_contents",
    "load_settings",
    "parse_duration",
    "parse_settings",
]

"""What people write: YAML manifests and settings, to typed and frozen values.

The steps, each a module: `files` finds the files, `document` reads YAML and keeps positions,
`validation` checks what a JSON Schema can say, `semantics` what it cannot (cron, zones, times) and
makes the `Schedule`, `unsupported` refuses by name what cannot be done yet.
"""

from __future__ import annotations

from reconciler.durations import format_duration, parse_duration
from reconciler.manifest.files import holds_manifests, is_manifest
from reconciler.manifest.loading import load, load_contents
from reconciler.manifest.location import Location
from reconciler.manifest.manifests import Manifests
from reconciler.manifest.problem import ManifestError, Problem
from reconciler.manifest.schedule import (
    JSON,
    CodeTarget,
    DateRange,
    Exclusion,
    FunctionTarget,
    Image,
    Retries,
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

"""Manifests and DNS records in any number, alike in every run."""

from __future__ import annotations

ZONES = ("UTC", "America/New_York", "Europe/Paris", "Asia/Tokyo")


def manifest(number: int, function: str = "analytics/daily_sync") -> str:
    """An ordinary manifest; no two share a time and a zone."""
    return f"""\
name: job-{number}
schedule: "{number % 60} {number // 60 % 24} * * {number // 1440 % 7}"
timezone: {ZONES[number % len(ZONES)]}
function: {function}
args: {{window: 24h, shard: {number}}}
deadline: 1h
owner: data
"""


def record(number: int) -> str:
    """An ordinary record, in octoDNS's order of names."""
    return f"""\
job-{number}:
  ttl: 300
  type: A
  value: 10.{number // 65_536}.{number // 256 % 256}.{number % 256}
"""

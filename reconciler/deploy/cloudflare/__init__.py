"""Cloudflare as a wake source: the Worker, and its deploy by Cloudflare's REST API."""

from reconciler.deploy.cloudflare.worker_modules import TABLES, worker_modules

__all__ = ["TABLES", "worker_modules"]

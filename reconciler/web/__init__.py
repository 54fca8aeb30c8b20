"""The HTTP API and the dashboard: one ASGI application, the same on a laptop and on Modal.

Every answer comes from :mod:`reconciler.query`; nothing here reads Modal in a way of its own.
"""

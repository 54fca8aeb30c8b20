"""An embedded Modal: the service that the official client expects, on this machine.

Reached over the network only, as Modal is. Nothing else of this package imports it; see
``docs/engine.md`` for what it does, what it lacks and how it differs from Modal.
"""

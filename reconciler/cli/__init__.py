"""The commands of ``reconcile``, one module each: loaded only when called."""

"""What runs inside Modal on a wake.

A wake looks at every schedule of the live generation, claims the occurrences that are due, spawns
them and writes down what it did. :mod:`~reconciler.dispatch.decide` holds the pure rules,
:mod:`~reconciler.dispatch.wake` the shell, :mod:`~reconciler.dispatch.adapters` the ports that are
Modal's. Standard library, modal, :mod:`reconciler.cron` and :mod:`reconciler.model` only: most
wakes load this in a fresh container, and Modal bills the time of a start.

Kept free of imports, so that callers without modal can use the parts without I/O.
"""

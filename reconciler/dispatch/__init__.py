"""What runs inside Modal on a wake.

A wake looks at every schedule of the live generation, claims the occurrences that are due, spawns
them and writes down what it did. Standard library, modal and :mod:`reconciler.cron` only: this is
loaded in a fresh container on most wakes, and start-up time is billed.

Kept free of imports, so that the parts without I/O can be used where modal is not wanted.
"""

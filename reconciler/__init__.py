"""Modal schedules kept in git.

Kept free of imports: the package is loaded inside every dispatcher container, where start-up time
is billed, and by ``reconcile --help``.
"""

__version__ = "0.1.0"

"""The shell: a wake, a start, a supervision, a notification, the entry points."""

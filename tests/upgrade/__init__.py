"""The version before this one and this one, side by side on one installation.

An upgrade is not one moment: wakes of the previous version live for minutes beside the new ones,
its supervisors for a day, and an apply of the previous version may follow. The code of the previous
version comes from the repository's own history.
"""

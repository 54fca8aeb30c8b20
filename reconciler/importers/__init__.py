"""How a repository begins: the files of ``init``, and manifests from what schedules things today.

Each reader of a foreign format yields :class:`~reconciler.importers.draft.Found`: drafts of
manifests, and what cannot be translated, line by line. Nothing is dropped in silence.
"""

"""The files of ``init``, and manifests from the files of other schedulers.

The reader of each scheduler returns :class:`~reconciler.importers.draft.ImportedFile`: drafts of
manifests, and a remark on each thing that a manifest does not say or that runs otherwise under it.
"""

"""Policy as code: the rules of `rules/*.yaml`, read, tested and applied to manifests. Pure.

Nothing of it is loaded in a repository without rules.
"""

"""Mutation testing: change the code in one place and see whether a test notices.

``make mutants`` plays a seeded sample of the changes of :mod:`tests.mutants.changes`. Each is made
alone, in a copy of the repository, and the tests that cover the changed line run there. A change
that no test notices either has no effect, and then stands in ``equivalents.toml`` with its reason,
or shows a behaviour that nothing tests.

Nothing of the five folders is left out: the adapters of Modal and the fakes are changed like the
rest, since the contract suites run them in the process of the tests.
"""

"""Scripts that measure, run by `python -m benchmarks.<name>` from the project root."""

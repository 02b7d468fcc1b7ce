"""Where every published figure comes from: ``python -m benchmarks.<name> --json FILE``."""

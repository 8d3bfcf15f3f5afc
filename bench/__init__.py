"""Benchmarks, each runnable by hand: ratios side by side in one run, never timed tests."""

"""The order in which files are handed to the workers."""

# By far the longest, longest first: a worker that gets one of them last lets the other wait. The first is all growth
# and the second all compiling, so that the workers do not wait for each other's kernels at the start.
LONGEST = ("kpz_growth", "bits", "fractal", "twin", "extending", "interruption", "run_invariants", "results", "walk")
LONGEST += ("frozen_state", "commands", "dead_metal", "staircase", "multigrid")


def pytest_collection_modifyitems(items):
    place = {f"test_{name}.py": i for i, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(place)))  # stable

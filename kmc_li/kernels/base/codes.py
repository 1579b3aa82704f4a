"""Why an event loop stops; and what is pending when it does."""

RUNNING, GROW_SITES, GROW_HOPPERS, FULL, NOTHING, CUT_OFF, REFRESH = 0, 1, 2, 3, 4, 5, 8
CONTINUE = -1  # it need not stop
NOTHING_PENDING, PLATING, HOP = 0, 1, 2

# What `draw` returns in place of a voxel, below 0.
NO_METAL, ESCAPED = -1, -2  # none can be found; the ion has gone back to the counter electrode: only time has passed

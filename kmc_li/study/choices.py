"""What a study may choose from, by the name it uses: here an alternative is listed, its file says the rest.

Modules are named, not imported: reading a study needs no compiler. docs/extending.md shows how to add to each table.
"""

from collections.abc import Iterator

NO_FIELD = "kmc_li.kernels.methods.uniform"
AGEING = "kmc_li.kernels.methods.ageing"  # walkers where there is a section [ageing]

# plating.kinetics: what current passes a face
LAWS = {
    "linear": "kmc_li.kernels.laws.linear",
    "butler-volmer": "kmc_li.kernels.laws.butler_volmer",
    "uniform": NO_FIELD,
    "none": NO_FIELD,
}

# field.method: how the voxel is found that plates next
METHODS = {
    "walkers": "kmc_li.kernels.methods.walkers",
    "guided": "kmc_li.kernels.methods.guided",
    "multigrid": "kmc_li.kernels.methods.multigrid",
    "signed": "kmc_li.kernels.methods.signed",
}


class _MethodNames:
    """`auto` and the names in METHODS, as they are now."""

    def __iter__(self) -> Iterator[str]:
        return iter(("auto", *METHODS))


METHOD_NAMES = _MethodNames()

# layer.model: how the layer presses on the deposit
LAYERS = {
    "winkler": "kmc_li.kernels.layers.winkler",
}

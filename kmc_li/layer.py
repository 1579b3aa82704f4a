"""The pressed layer of a given deposit: rest plane, pressures and face shifts, for a user with a height map in hand."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kmc_li.engine.build import build_layer
from kmc_li.kernels.base import verbs
from kmc_li.study.parameters import Parameters


def face_shift(height_m: ArrayLike, rest_plane_m: float, parameters: Parameters) -> NDArray[np.float64]:
    """Shift of metal faces whose centres have these heights above the collector [m], under the layer at rest there [V].

    height_m: any shape, the result has the same. Raises ValueError for a study without a layer.
    """
    if parameters.layer is None:
        raise ValueError("the study has no layer")
    layer, heights = build_layer(parameters), np.asarray(height_m, np.float64) / parameters.voxel_m
    rest = rest_plane_m / parameters.voxel_m
    pressed = np.array([verbs.pressure_on(layer, float(height), float(rest)) for height in heights.ravel()])
    per_voxel_Pa = parameters.layer.winkler_stiffness_Pa_m * parameters.voxel_m
    per_Pa = parameters.layer.piezo_shift_V_Pa + parameters.pressure_shift_V_Pa
    return pressed.reshape(heights.shape) * (per_voxel_Pa * per_Pa)


class LayerState(NamedTuple):
    """Where the layer rests on a deposit and what it does to the metal's faces."""

    rest_plane_m: float  # height above the collector [m]
    pressure_Pa: NDArray[np.float64]  # (nx, ny), on the top of each column [Pa]
    face_shift_V: NDArray[np.float64]  # (nx, ny), of the top face of each column [V]
    contact_share: float  # share of the columns that bear pressure


def press(height_map: ArrayLike, parameters: Parameters) -> LayerState:
    """Press the study's layer on a deposit: Winkler foundation under the stack pressure, piezo and pressure shift.

    height_map: int (nx, ny), in voxels (morphology.height_map). The rest plane z0 solves
    mean over columns of clip(K (z - z0), 0, H) = p_stack; V = p (s (-s_pol) d33 h_eff/(eps0 eps_r) + V_m/(z F)).
    Raises ValueError for a study without a layer or a map that is not 2-D and >= 0.
    """
    heights = np.asarray(height_map)
    if parameters.layer is None:
        raise ValueError("the study has no layer")
    if heights.ndim != 2 or heights.size == 0 or not np.issubdtype(heights.dtype, np.integer) or heights.min() < 0:
        got = f"{heights.dtype} of shape {heights.shape}"
        raise ValueError(f"height_map: got {got}, must be whole voxels >= 0, (nx, ny)")
    layer = build_layer(parameters)
    columns = np.bincount(heights.ravel()).astype(np.int64)
    rest = verbs.rest_plane(layer, heights.size, columns, int(heights.max()))
    per_voxel_Pa = parameters.layer.winkler_stiffness_Pa_m * parameters.voxel_m
    on_height = np.array([verbs.pressure_on(layer, float(h), rest) for h in range(int(heights.max()) + 1)])
    pressure_Pa = on_height[heights] * per_voxel_Pa
    shift_V_Pa = parameters.layer.piezo_shift_V_Pa + parameters.pressure_shift_V_Pa
    return LayerState(
        rest_plane_m=rest * parameters.voxel_m,
        pressure_Pa=pressure_Pa,
        face_shift_V=pressure_Pa * shift_V_Pa,
        contact_share=float((heights > rest).mean()),
    )

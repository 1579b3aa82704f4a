"""What a user would write instead of kmc_li's local update: the whole field solved again with a library.

One sparse matrix over the electrolyte voxels of a deposit; after an event it is edited in place, the potential of
before is the first guess, and scipy's conjugate gradients (Jacobi as preconditioner) or an algebraic multigrid of
pyamg bring it up to date. Where a choice was left it favors the library:

- the same stretched planes above the deposit, and a single matrix, so that nothing is assembled again
- only the solve is timed: not the edit of the matrix, the choice of the site or the sum of the rates
- pyamg's hierarchy is set up once and kept as the preconditioner; the time for it is given apart
- its error is against the converged field of its own grid, so that only the iteration counts

Its tolerance is the loosest, in quarters of a decade, at which its error (TV) is no worse than kmc_li's.
"""

import copy
import time
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import cg

from kmc_li.kernels.base import verbs
from kmc_li.kernels.lattice import occupancy as lattice
from kmc_li.kernels.lattice.occupancy import is_empty
from kmc_li.kernels.solver import equations as field

RTOLS = tuple(10.0 ** (-0.25 * i) for i in range(2, 25))  # 0.3 .. 1e-6
SCIPY_DEFAULT = 1e-5
EXACT = 1e-6  # rtol of the field that errors are taken from: its own error is some 1e-7


class Outcome(NamedTuple):
    """One way to solve, timed."""

    solver: str
    every: int  # events between solves
    rtol: float
    iterations: float  # a solve, mean
    solve_s: float  # CPU time of a solve
    setup_s: float  # of the hierarchy of pyamg, once
    tv: float
    events: int  # grown

    @property
    def event_s(self) -> float:
        """CPU time of an event, the solves alone."""
        return self.solve_s / self.every


class Deposit:
    """A deposit of kmc_li's with its field as a sparse system, which changes event by event."""

    def __init__(self, box: Any, state: Any) -> None:
        self.box = box
        n, running = state.counters[0], state.method.field
        self.end = int(n.end_plane)
        self.at = lattice.Lattice(*[array.copy() for array in state.lattice])
        f = field.allocate(box, np.float64, bool(running.weighted[0]))
        self.problem, self.law = f, verbs.in_double(state.method.law, state.lattice.cell.size)
        height = np.asarray(running.thickness[: self.end], np.float64)
        f.cx[: self.end] = height if box.nx > 1 else 0.0
        f.cy[: self.end] = height if box.ny > 1 else 0.0
        f.cz[2 : self.end] = 2.0 / (height[1:-1] + height[2:])
        field.set_cells(f, self.law, self.at.cell, box, 1, self.end)
        field.set_top(f.rhs, box, self.end - 1)
        self._assemble()
        self.exact = running.phi[self.voxels].astype(np.float64)
        self.converge()

    def converge(self) -> None:
        """The exact potential, for the start and for errors."""
        self.exact, _ = cg(self.matrix, self.b, x0=self.exact, rtol=EXACT, M=self.jacobi)

    def _assemble(self) -> None:
        """The matrix over the voxels that are electrolyte now; a voxel that turns to Li keeps an empty row."""
        f, box = self.problem, self.box
        fluid = (f.inverse_diagonal > 0).reshape(box)
        index = np.full(box, -1, np.int64)
        index[fluid] = np.arange(np.count_nonzero(fluid))
        plane = np.broadcast_to(np.arange(box.ns), box)[fluid]
        links = [(0, -1, f.cx), (0, 1, f.cx), (1, -1, f.cy), (1, 1, f.cy), (2, 1, f.cz), (2, -1, f.cz[1:])]
        diagonal = 1.0 / f.inverse_diagonal[fluid.ravel()]
        rows, columns, values = [np.arange(plane.size)], [np.arange(plane.size)], [diagonal]
        for axis, step, conductance in links:
            other = np.roll(index, step, axis)[fluid]
            linked = (other >= 0) & (conductance[np.minimum(plane, conductance.size - 1)] > 0)
            rows.append(np.nonzero(linked)[0])
            columns.append(other[linked])
            values.append(-conductance[plane[linked]])
        shape = (plane.size, plane.size)
        entries = np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))
        self.matrix = sparse.csr_matrix(entries, shape)
        self.voxels, self.index = np.nonzero(fluid.ravel())[0], index.ravel()
        self.b = f.rhs[self.voxels].copy()
        self.jacobi = sparse.diags_array(f.inverse_diagonal[self.voxels], format="csr")

    def twin(self) -> "Deposit":
        """A copy to grow on."""
        other = copy.copy(self)
        other.at = lattice.Lattice(*[array.copy() for array in self.at])
        other.problem = field.Field(*[array.copy() for array in self.problem])
        other.matrix, other.jacobi = self.matrix.copy(), self.jacobi.copy()
        other.b, other.exact = self.b.copy(), self.exact.copy()
        return other

    def rates(self, x: np.ndarray) -> np.ndarray:
        return self.problem.surface_conductance[self.voxels] * np.maximum(x, 0.0)

    def tv(self, x: np.ndarray) -> float:
        """Error of the event probabilities that follow from potential x (unknowns,)."""
        self.converge()
        used, exact = self.rates(x), self.rates(self.exact)
        return float(0.5 * np.abs(used / used.sum() - exact / exact.sum()).sum())

    def plate(self, unknown: int, x: np.ndarray) -> None:
        """Turn a voxel to Li and edit matrix, preconditioner and potential."""
        voxel = int(self.voxels[unknown])
        column, s = divmod(voxel, self.box.ns)
        lattice.fill(self.at.cell, self.at.height, self.at.height_histogram, self.box, column, s)
        field.set_around(self.problem, self.law, self.at.cell, self.box, column, s)
        m, diagonal = self.matrix, self.problem.inverse_diagonal
        row = slice(m.indptr[unknown], m.indptr[unknown + 1])
        for other in m.indices[row]:
            entries = slice(m.indptr[other], m.indptr[other + 1])
            m.data[entries][m.indices[entries] == unknown] = 0.0
        m.data[row] = np.where(m.indices[row] == unknown, 1.0, 0.0)
        self.jacobi.data[unknown], self.b[unknown], x[unknown] = 1.0, 0.0, 0.0
        self.exact[unknown] = 0.0
        x_here, y_here = divmod(column, self.box.ny)
        for i in {(x_here + d) % self.box.nx for d in (-1, 0, 1)}:
            for j in {(y_here + d) % self.box.ny for d in (-1, 0, 1)}:
                for k in range(max(s - 1, 1), s + 2):
                    near = (i * self.box.ny + j) * self.box.ns + k
                    if is_empty(self.at.cell[near]) and self.index[near] >= 0:
                        self._set_diagonal(int(self.index[near]), float(diagonal[near]))

    def _set_diagonal(self, unknown: int, inverse: float) -> None:
        m = self.matrix
        entries = slice(m.indptr[unknown], m.indptr[unknown + 1])
        m.data[entries][m.indices[entries] == unknown] = 1.0 / inverse
        self.jacobi.data[unknown] = inverse


def resolve(start: Deposit, solver: str, every: int, rtol: float, events: int, moments: int, seed: int = 5) -> Outcome:
    """Grow `events` more voxels on a deposit whose field is converged; time the solves, one after each `every`.

    Errors are taken at `moments` moments of the second half, in the middle between two solves.
    """
    deposit = start.twin()
    rng = np.random.default_rng(seed)
    x = deposit.exact.copy()
    setup_s, preconditioner = 0.0, deposit.jacobi
    if solver == "pyamg":
        import pyamg

        begin = time.process_time()
        preconditioner = pyamg.ruge_stuben_solver(deposit.matrix.copy()).aspreconditioner(cycle="V")
        setup_s = time.process_time() - begin
    solve_s, steps, solves, tv = 0.0, [0], 0, []
    due = set(np.linspace(events // 2, events - every, moments).astype(int) // every * every + (every + 1) // 2)

    def count(_: object) -> None:
        steps[0] += 1

    for done in range(1, events + 1):
        p = np.cumsum(deposit.rates(x))
        deposit.plate(int(np.searchsorted(p, rng.random() * p[-1], side="right")), x)
        if done % every == 0:
            begin = time.process_time()
            x, _ = cg(deposit.matrix, deposit.b, x0=x, rtol=rtol, M=preconditioner, callback=count)
            solve_s += time.process_time() - begin
            solves += 1
        if done in due:
            tv.append(deposit.tv(x))
    return Outcome(solver, every, rtol, steps[0] / solves, solve_s / solves, setup_s, float(np.mean(tv)), events)


def equal_tv(start: Deposit, solver: str, every: int, tv: float, events: int, moments: int) -> tuple[Outcome, bool]:
    """The loosest of RTOLS with an error no worse than `tv`; False: there is none, and this is a tight one."""

    def at(i: int) -> Outcome:
        return resolve(start, solver, every, RTOLS[i], events, moments)

    best = at(0)
    if best.tv <= tv:
        return best, True
    for i in range(2, len(RTOLS), 2):
        outcome = at(i)
        if outcome.tv <= tv:
            looser = at(i - 1)
            return (looser if looser.tv <= tv else outcome), True
        if outcome.tv > 0.98 * best.tv and outcome.iterations > best.iterations:
            break  # a tighter tolerance no longer helps: the field is stale between solves
        best = outcome
    return best, False

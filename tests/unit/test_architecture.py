"""The drawing of the packages is that of the imports, and no arrow in it runs back up."""

import ast
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "kmc_li"
DRAWING = re.search(r"```mermaid\n(.*?)```", (ROOT / "docs" / "architecture.md").read_text(), re.S).group(1)
LONGEST = 350


def room(module):
    """The box of the drawing that a module belongs to: its package, within the kernels two levels deep."""
    parts = module.split(".")
    if parts[1:2] == ["kernels"] and len(parts) > 2:
        return f"kernels.{parts[2]}" if (PACKAGE / "kernels" / parts[2]).is_dir() else "kernels"
    return parts[1] if len(parts) > 1 else ""


def module_of(file):
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(tree, here, package):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join([*package.split(".")[: len(package.split(".")) - node.level + 1], node.module or ""]).strip(".")
            base = base if node.level else node.module
            for alias in node.names:
                file = ROOT / Path(*base.split(".")) / alias.name
                inside = file.is_dir() or file.with_suffix(".py").exists()
                yield f"{base}.{alias.name}" if inside else base


def arrows():
    found = set()
    for file in PACKAGE.rglob("*.py"):
        here = module_of(file)
        package = here if file.name == "__init__.py" else here.rpartition(".")[0]
        for name in imported(ast.parse(file.read_text()), here, package):
            if name.startswith("kmc_li.") and room(name) not in ("errors", "", room(here)) and here != "kmc_li":
                found.add((room(here), room(name)))
    return found


def test_the_drawing_shows_the_imports():
    drawn = {(a, b) for line in DRAWING.splitlines() for a, b in re.findall(r"^\s*([\w.]+) --> ([\w.]+)", line)}
    assert drawn == arrows(), {"to draw": sorted(arrows() - drawn), "to delete": sorted(drawn - arrows())}


def test_no_arrow_runs_back_up():
    """Some order of the boxes has every arrow run down it."""
    left, below = arrows(), set()
    boxes = {box for arrow in left for box in arrow}
    while boxes:
        lowest = {box for box in boxes if all(b in below for a, b in left if a == box)}
        assert lowest, f"a circle among {sorted(boxes)}"
        below |= lowest
        boxes -= lowest


def test_files_are_short():
    folders = ("kmc_li", "tests", "benchmarks", "analysis", "runs")
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py")]
    assert len(files) > 100
    long = {str(f.relative_to(ROOT)): n for f in files if (n := f.read_text().count("\n")) > LONGEST}
    assert not long


def test_a_run_starts_without_what_only_measures_need():
    """Each process would pay a quarter of a second: commands, workers, jobs on a cluster."""
    program = "import sys, kmc_li.running.driver, kmc_li.engine.simulation; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    heavy = {"scipy.ndimage", "scipy.optimize", "scipy.sparse", "scipy.special", "scipy.stats", "matplotlib.pyplot"}
    assert not heavy & set(done.stdout.split())

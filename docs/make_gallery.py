"""The gallery: runs every example in docs/gallery, draws its figure and writes docs/gallery.md. A few minutes.

    python docs/make_gallery.py                  # all of it
    python docs/make_gallery.py wagner_length    # the figures of these examples, and the page
"""

import argparse
import ast
import hashlib
import json
import runpy
import sys
from pathlib import Path

from tqdm import tqdm

from kmc_li.figures import save

HERE = Path(__file__).resolve().parent
MADE = HERE / "gallery" / "made.json"  # what each figure was made from
PINNED = HERE.parent / "tests" / "regression" / "pins.json"
STUDIES = ("bare", "inert", "piezo", "cycling_bare", "cycling_piezo")
TRAJECTORIES = (*(f"study {name}" for name in STUDIES), "walkers in 2-D")  # pinned ones that tell of all figures
EXAMPLES = sorted((HERE / "gallery").glob("*.py"))
TOP = """\
# Gallery

Each figure is made by the script below it, from studies that come with kmc_li. `python docs/make_gallery.py` runs them
all and writes this page. Copy one and change it.
"""


def page() -> str:
    """The text of docs/gallery.md, from the texts of the examples."""
    parts = [TOP]
    for example in EXAMPLES:
        source = example.read_text()
        title, _, words = (ast.get_docstring(ast.parse(source)) or "").partition("\n\n")
        code = source.partition('"""\n')[2].strip()
        parts.append(f"## {title}\n\n{words}\n\n![{title}](gallery/{example.stem}.png)\n\n```python\n{code}\n```\n")
    return "\n".join(parts)


def made_from(example: Path) -> dict[str, str]:
    """Fingerprints of an example's script, its figure, and the trajectories that the figure depends on."""
    pins = json.loads(PINNED.read_text())
    inputs = {
        "script": example.read_bytes(),
        "figure": example.with_suffix(".png").read_bytes(),
        "trajectories": json.dumps([pins[name] for name in TRAJECTORIES]).encode(),
    }
    return {name: hashlib.sha256(content).hexdigest()[:16] for name, content in inputs.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    names = [example.stem for example in EXAMPLES]
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names)} [all]")
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in names]:
        sys.exit(f"no example is called {unknown[0]}, must be one of {', '.join(names)}")
    chosen = [example for example in EXAMPLES if not options.names or example.stem in options.names]
    made = json.loads(MADE.read_text()) if MADE.exists() else {}
    for example in tqdm(chosen, unit="example"):
        save(runpy.run_path(str(example))["figure"](), example.with_suffix(".png"))
        made[example.stem] = made_from(example)
    MADE.write_text(json.dumps({name: made[name] for name in names if name in made}, indent=1) + "\n")
    (HERE / "gallery.md").write_text(page())


if __name__ == "__main__":
    main()

"""Settings of the documentation site: `sphinx-build -W --keep-going -n docs docs/_build`."""

import re
from typing import Any

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from kmc_li import __version__

project, author, copyright = "kmc_li", "The kmc_li developers", "The kmc_li developers, MIT licence"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.viewcode"]
exclude_patterns = ["_build", "gallery", "results"]
default_role = "literal"  # docstrings write `name` as Markdown does

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
myst_fence_as_directive = ["mermaid"]

autodoc_typehints = "none"  # the docstrings say shapes and units, which the types do not
autodoc_member_order = "bysource"

html_theme = "pydata_sphinx_theme"
html_title = "kmc_li"
html_theme_options = {
    "navbar_center": [],
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "show_toc_level": 2,
}
html_sidebars = {"**": ["globaltoc.html"]}
html_show_sourcelink = False
html_math_renderer = "mathml"


class Drawing(SphinxDirective):
    """A flow chart as a table of what each box uses: it needs neither a network nor JavaScript."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        uses: dict[str, list[str]] = {}
        for line in self.content:
            if arrow := re.match(r"\s*([\w.]+) --> ([\w.]+)", line):
                uses.setdefault(arrow[1], []).append(arrow[2])
        rows = "\n".join(f"| `{box}` | {', '.join(f'`{name}`' for name in below)} |" for box, below in uses.items())
        return self.parse_text_to_nodes(f"| package | uses |\n|---|---|\n{rows}\n")


def as_paragraphs(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Columns of names and meanings as a list, indented examples as code, |x| as it stands."""
    out: list[str] = []
    listed = False
    for k, line in enumerate(lines):
        entry = re.match(r"(\w+) {2,}(\S.*)", line)
        if entry:
            out += [] if listed else [""]
            line, listed = f"- ``{entry[1]}``: {entry[2]}", True
        elif listed and line.startswith(" "):  # the entry above goes on
            line = f"  {line.strip()}"
        elif listed and line.strip():
            out, listed = [*out, ""], False
        if re.match(r" {4}\S", line) and not lines[k - 1].strip() and not out[-2:-1] == ["::"]:
            out += ["::", ""]
        out.append(line.replace("|", r"\|"))
    lines[:] = out


def block_formula(writer: Any, node: nodes.Element) -> None:
    """MathML, which browsers show without a network and without JavaScript."""
    writer.body.append(tex2mathml(node.astext()).replace("<math", '<math display="block" style="margin: 1em 0"', 1))
    raise nodes.SkipNode


def inline_formula(writer: Any, node: nodes.Element) -> None:
    writer.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    app.add_html_math_renderer("mathml", inline_renderers=(inline_formula, None), block_renderers=(block_formula, None))
    app.add_directive("mermaid", Drawing)
    app.connect("autodoc-process-docstring", as_paragraphs)

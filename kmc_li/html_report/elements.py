"""The few elements of a page. Every text is escaped here, so that a study's title cannot become markup."""

import base64
import io
from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

from matplotlib.figure import Figure

from kmc_li.figures.style import house_style

PICTURE_DPI = 220  # sharp at 1280 pixels and on paper


class Markup(str):
    """Text that is HTML already."""


class Row(NamedTuple):
    """A row of a table; a marked one is coloured."""

    cells: Sequence[str]
    marked: bool = False


def text(words: str) -> Markup:
    """The words as they stand, whatever characters they hold."""
    return words if isinstance(words, Markup) else Markup(escape(words))


def element(name: str, content: Iterable[str] | str, **attributes: str) -> Markup:
    """One element; attributes `class_` and `aria_label` are written `class` and `aria-label`."""
    inside = text(content) if isinstance(content, str) else "".join(map(text, content))
    written = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items())
    return Markup(f"<{name}{written}>{inside}</{name}>")


def explained(name: str, meaning: str) -> Markup:
    """A row's name with what it means below it, smaller."""
    return Markup(text(name) + element("small", meaning) if meaning else text(name))


def bullets(lines: Iterable[str]) -> Markup:
    """An unordered list."""
    return element("ul", [element("li", line) for line in lines])


def table(caption: str, head: Sequence[str], rows: Iterable[Row], kinds: Sequence[str] = ()) -> Markup:
    """A table whose first column names the rows. kinds: class of each column, "number" or "long"."""
    kinds = [*kinds, *[""] * (len(head) - len(kinds))]
    body = []
    for row in rows:
        first, *rest = row.cells
        cells = [element("th", first, scope="row")]
        cells += [element("td", c, **({"class_": k} if k else {})) for c, k in zip(rest, kinds[1:], strict=True)]
        body.append(element("tr", cells, **({"class_": "differs"} if row.marked else {})))
    top = element("thead", element("tr", [element("th", cell, scope="col") for cell in head]))
    wide = _scrolling(element("table", [top, element("tbody", body)]), caption)
    return element("figure", [element("figcaption", caption), wide])


def picture(figure: Figure, alternative: str, caption: str) -> Markup:
    """A figure as a PNG inside the page, with words for those who do not see it."""
    drawn = io.BytesIO()
    with house_style():
        figure.savefig(drawn, format="png", dpi=PICTURE_DPI, metadata={"Software": None})
    width, height = (round(size * PICTURE_DPI) for size in figure.get_size_inches())
    source = "data:image/png;base64," + base64.b64encode(drawn.getvalue()).decode("ascii")
    image = Markup(f'<img src="{source}" alt="{escape(alternative)}" width="{width}" height="{height}">')
    return element("figure", [_scrolling(image, alternative), element("figcaption", caption)])


def _scrolling(content: Markup, name: str) -> Markup:
    """What is wider than a narrow window is moved in a frame of its own, by keys, too; the page itself stays."""
    return element("div", content, class_="wide", role="region", tabindex="0", aria_label=name)

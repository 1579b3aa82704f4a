"""One line that says where an exported file comes from."""

from kmc_li import __version__
from kmc_li.storage.run import Run


def origin(run: Run) -> str:
    """Program, study, seed, version, commit and date of the run: printable ASCII without two hyphens in a row."""
    made = run.provenance
    words = (
        f"kmc_li {__version__}; study: {run.label}; seed: {run.seed}; run by kmc_li {made.get('kmc_li', 'unknown')}, "
        f"commit {made.get('commit', 'unknown')}, {made.get('date_utc', 'at an unknown date')}"
    )
    plain = "".join(c if c.isascii() and c.isprintable() and c not in "<>&\"\\" else "?" for c in words)
    while "--" in plain:
        plain = plain.replace("--", "-")
    return plain

"""The command line: runs one verb and turns what goes wrong into one line and an exit code."""

import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any

from kmc_li.commands.parser import BAD_INPUT, parser
from kmc_li.commands.verbs import complain
from kmc_li.errors import UserError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code: 0, 2 for bad input, 130 or 143 after SIGINT or SIGTERM."""
    warnings.showwarning = _show_warning
    options = parser().parse_args(arguments)
    try:
        options.verb(options)
        sys.stdout.flush()
    except UserError as error:
        for line in error.lines:
            complain(line)
        return BAD_INPUT
    except KeyboardInterrupt as interrupt:
        complain(str(interrupt) or "interrupted")
        return 128 + getattr(interrupt, "signal_number", 2)
    except BrokenPipeError:
        # The reader of a pipe has left; nothing more to say, also not at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except MemoryError:
        complain("not enough memory for this box: take fewer or larger voxels, or fewer jobs")
        return 1
    return 0


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    complain(f"warning: {message}")


if __name__ == "__main__":
    sys.exit(main())

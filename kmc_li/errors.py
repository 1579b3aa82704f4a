"""The one exception that means: the user can put this right."""


class UserError(ValueError):
    """What the user gave cannot be used; `str(error)` is what to print, one line for each thing wrong.

    Give it one line or several: ``UserError("a: got 1, must be 2", "b: unknown key")``. The command line
    prints it to stderr and ends with exit code 2; no traceback. It survives pickling, so a worker process may
    raise it.
    """

    def __init__(self, *lines: str) -> None:
        super().__init__(*lines)

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines one by one."""
        return tuple(str(line) for line in self.args)

    def __str__(self) -> str:
        return "\n".join(self.lines)

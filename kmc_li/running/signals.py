"""Note SIGINT and SIGTERM instead of dying of them, so that a run is checkpointed before it ends."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


@contextlib.contextmanager
def noted_signals() -> Iterator[list[int]]:
    """The numbers of SIGINT and SIGTERM as they arrive; handlers are restored on leaving.

    Only the main thread may handle signals: in another one the list stays empty and nothing changes.
    """
    received: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        received.append(number)

    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

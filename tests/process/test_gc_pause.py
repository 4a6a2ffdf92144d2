"""Collections during a recording, and after it."""

import gc
import weakref

from pytest_llmregress.process.gc_pause import pause_garbage_collection


class Node:
    """What refers to itself."""

    def __init__(self) -> None:
        self.own = self


def test_what_is_made_meanwhile_is_collected_and_what_was_there_is_afterwards():
    before = weakref.ref(Node())
    with pause_garbage_collection():
        meanwhile = weakref.ref(Node())
        gc.collect()

        assert meanwhile() is None
        assert gc.get_freeze_count()
    assert not gc.get_freeze_count()
    gc.collect()
    assert before() is None


def test_what_somebody_else_has_frozen_stays_so():
    gc.freeze()
    try:
        with pause_garbage_collection():
            pass

        assert gc.get_freeze_count()
    finally:
        gc.unfreeze()

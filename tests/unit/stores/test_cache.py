"""The cache keeps what was read, never what a commit has made old."""

from amperanto.stores.cache import Cache


def test_what_was_offered_is_found() -> None:
    cache = Cache[str, int](2)
    cache.offer("a", 1, cache.generation)
    assert cache.get("a") == 1
    assert cache.get("b") is None


def test_a_read_that_a_commit_overtook_is_not_kept() -> None:
    cache = Cache[str, int](2)
    seen = cache.generation
    cache.exchange("a", 2)
    cache.offer("a", 1, seen)
    assert cache.get("a") == 2
    cache.exchange("a", None)
    cache.offer("a", 1, seen)
    assert cache.get("a") is None


def test_the_one_unused_for_longest_goes_first() -> None:
    cache = Cache[str, int](2)
    cache.exchange("a", 1)
    cache.exchange("b", 2)
    cache.get("a")
    cache.exchange("c", 3)
    assert (cache.get("a"), cache.get("b"), cache.get("c"), len(cache)) == (1, None, 3, 2)


def test_clearing_forgets_reads_under_way_too() -> None:
    cache = Cache[str, int](2)
    seen = cache.generation
    cache.exchange("b", 2)
    cache.clear()
    cache.offer("a", 1, seen)
    assert len(cache) == 0

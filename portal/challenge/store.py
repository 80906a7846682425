"""What was used and how often somebody tried: in the queue's server, else in this process."""

import time
from threading import Lock

from redis.exceptions import RedisError

from portal.extensions import rq

MOST = 20_000  # kept in a process while the server is away; the oldest go first
_own: dict[str, tuple[float, int]] = {}
_lock = Lock()


def add(key: str, seconds: int) -> int:
    """Counts one more under `key` and returns how many there are; forgotten after `seconds`."""
    name = f"challenge:{key}"
    try:
        with rq.queue.connection.pipeline() as pipe:
            pipe.incr(name)
            pipe.expire(name, seconds, nx=True)
            count, _set = pipe.execute()
        return int(count)
    except RedisError:
        return _add_here(name, seconds)


def count(key: str) -> int:
    """How many there are under `key`."""
    name = f"challenge:{key}"
    try:
        return int(rq.queue.connection.get(name) or 0)
    except RedisError:
        until, found = _own.get(name, (0.0, 0))
        return found if until > time.monotonic() else 0


def _add_here(name: str, seconds: int) -> int:
    now = time.monotonic()
    with _lock:
        until, found = _own.get(name, (0.0, 0))
        if until <= now:
            until, found = now + seconds, 0
            _own.pop(name, None)
        _own[name] = (until, found + 1)
        while len(_own) > MOST:
            del _own[next(iter(_own))]
    return found + 1

"""Hashes of passwords: argon2id at a cost that is a setting; one hasher for the process."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# What OWASP asks for at least: 19 MiB and two rounds. The default is the RFC 9106 profile for
# machines with little memory, 64 MiB and three.
LEAST_MEMORY_KIB, LEAST_ROUNDS = 19 * 1024, 2


class Hasher:
    """Makes and checks hashes; `set_cost` is called once, by portal.factory."""

    def __init__(self) -> None:
        self._argon = PasswordHasher()
        self._nobody = ""

    def set_cost(self, memory_kib: int, rounds: int) -> None:
        """The cost of hashes made from now on; the older ones still match."""
        self._argon = PasswordHasher(time_cost=rounds, memory_cost=memory_kib)
        self._nobody = self._argon.hash("nobody at all")

    def hash(self, password: str) -> str:
        """The hash to keep; its cost stands in it."""
        return self._argon.hash(password)

    def matches(self, password_hash: str | None, password: str) -> bool:
        """Whether the password is right; None, no account, takes as long as a wrong password."""
        try:
            right = self._argon.verify(password_hash or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return right and password_hash is not None

    def outdated(self, password_hash: str) -> bool:
        """Whether a hash was made at another cost than the present one."""
        return self._argon.check_needs_rehash(password_hash)


HASHER = Hasher()

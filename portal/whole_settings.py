"""Settings of accounts that are whole numbers: default, least and most. Pure data."""

WHOLE: dict[str, tuple[int, int, int]] = {
    # Minutes without a request, hours in all, after which a session ends.
    "IDLE_MINUTES_STAFF": (10, 1, 24 * 60),
    "IDLE_MINUTES_FIRMS": (30, 1, 24 * 60),
    "SESSION_HOURS": (12, 1, 7 * 24),
    # Days after which a password has to be changed; 0: never.
    "PASSWORD_DAYS_STAFF": (90, 0, 3650),
    "PASSWORD_DAYS_FIRMS": (0, 0, 3650),
    # What a hash of a password costs: KiB of memory and rounds (portal.auth.hashing).
    "PASSWORD_MEMORY_KIB": (64 * 1024, 32, 4 * 1024 * 1024),
    "PASSWORD_ROUNDS": (3, 1, 20),
    # So many failures within so many minutes lock an account, or an address, for as long.
    "LOCK_TRIES": (5, 1, 100),
    "LOCK_TRIES_ADDRESS": (50, 1, 10_000),
    "LOCK_MINUTES": (15, 1, 24 * 60),
    # Days after which a request to join a firm that nobody ruled on is over.
    "JOIN_DAYS": (30, 1, 365),
}

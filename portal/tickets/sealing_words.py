"""Which categories make a firm afraid of a unit, by their names. Pure."""

# Where the unit complained about is most often the one that would answer.
_FEARED = ("执法", "检查", "处罚", "作风")


def offers(category: str) -> bool:
    """Whether sealing is offered in plain sight; elsewhere it is one step away."""
    return any(word in category for word in _FEARED)

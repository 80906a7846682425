"""The reasons of a choice in words, as a ticket stores and its page shows them. Pure."""

from collections import Counter

from portal.routing.choice import Bar, Cadre, Choice

STANDING = "包联干部"  # in each reason that tells whether, and who, a firm's standing cadre is
_WORDS = {
    Bar.EXCLUDED: "{n} 人须回避",
    Bar.AWAY: "{n} 人请假",
    Bar.UNSKILLED: "{n} 人不熟悉本类别",
}


def chosen(choice: Choice) -> list[str]:
    """Why it was this one, then who was passed over and why; empty when nobody was chosen."""
    if choice.cadre is None:
        return []
    cadre = choice.cadre
    words = f"{cadre.name}现有 {cadre.load} 件未办结，在 {choice.able} 名在岗人员中最少"
    return [words, *passed_over(choice)]


def passed_over(choice: Choice) -> list[str]:
    """Everybody who was passed over, counted by why: one sentence, or none."""
    words = [
        template.format(n=choice.count(bar))
        for bar, template in _WORDS.items()
        if choice.count(bar)
    ]
    capacities = Counter(one.capacity for bar, one in choice.passed if bar is Bar.FULL)
    words += [f"{n} 人已满 {capacity} 件" for capacity, n in sorted(capacities.items())]
    return [f"未选：{'，'.join(words)}"] if words else []


def nobody(choice: Choice, unit: str) -> list[str]:
    """Why nobody of the unit was chosen, after who was passed over."""
    if choice.full:
        end = f"{unit}在岗的承办人都已满，等待空位"
    elif choice.count(Bar.UNSKILLED):
        end = f"{unit}今天没有熟悉本类别的在岗承办人"
    else:
        end = f"{unit}今天没有在岗的承办人"
    return [*passed_over(choice), end]


def full(cadre: Cadre) -> str:
    """That somebody has as much as they can hold."""
    return f"{cadre.name}已满 {cadre.capacity} 件"

"""Finds groups of requests about one problem: the hottest by number of firms first. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from portal.problems.similarity import Vector, mean, score

LINKED = 0.22  # from here on two requests are neighbours
JOINED = 0.33  # two groups whose middles are this alike are one
DRAWN = 0.25  # a request this near to the middle of a group belongs to it
COMMONEST = 400  # a bigram in more requests than this leads to no pair by itself
SHARED = 3  # bigrams that a pair must share to be looked at


@dataclass(frozen=True)
class Request:
    """What grouping needs to know: `firm` counts once however often it asks."""

    id: int
    firm: int | str
    vector: Vector


@dataclass(frozen=True)
class Group:
    """Requests about one problem, the most central first."""

    members: tuple[int, ...]
    firms: int


def pairs(requests: Sequence[Request], least: float) -> dict[tuple[int, int], float]:
    """The scores, from `least` on, of pairs by their places (earlier, later) in `requests`."""
    places: dict[int, list[int]] = {}
    found = {}
    for place, request in enumerate(requests):
        shared: Counter[int] = Counter()
        for gram in request.vector:
            before = places.setdefault(gram, [])
            if len(before) <= COMMONEST:
                shared.update(before)
                before.append(place)
        for other, count in shared.items():
            if count < SHARED:
                continue
            value = score(requests[other].vector, request.vector)
            if value >= least:
                found[other, place] = value
    return found


def groups(requests: Sequence[Request], *, smallest: int = 2) -> list[Group]:
    """Groups of at least `smallest` firms: the one with the most firms first.

    Three steps. Each request with the most firms around it takes its neighbours along; groups whose
    middles are alike become one; and whoever is left joins the middle that it is nearest to. No
    request is in two groups.
    """
    near: list[dict[int, float]] = [{} for _ in requests]
    for (one, other), value in pairs(requests, LINKED).items():
        near[one][other] = near[other][one] = value
    stars = [star for star in _stars(requests, near) if _firms(requests, star) >= smallest]
    joined = _joined(requests, stars)
    _draw(requests, joined)
    found = []
    for places in joined:
        middle = _middle(requests, places)
        places.sort(key=lambda place: (-score(requests[place].vector, middle), place))
        ids = tuple(requests[place].id for place in places)
        found.append(Group(ids, _firms(requests, places)))
    return sorted(found, key=lambda group: (-group.firms, -len(group.members), group.members))


def _stars(requests: Sequence[Request], near: Sequence[Mapping[int, float]]) -> list[list[int]]:
    """Centres with their free neighbours; the centre with the most firms around it first."""
    free = set(range(len(requests)))
    heat = {p: _firms(requests, (*around, p)) for p, around in enumerate(near) if around}
    stars = []
    while heat:
        centre = max(heat, key=lambda place: (heat[place], len(near[place]), -place))
        star = [centre, *(place for place in near[centre] if place in free)]
        free.difference_update(star)
        stars.append(star)
        for place in star:
            heat.pop(place, None)
        for place in {place for one in star for place in near[one]} & free:
            around = [neighbour for neighbour in near[place] if neighbour in free]
            heat[place] = _firms(requests, (*around, place))
            if not around:
                del heat[place]
    return stars


def _firms(requests: Sequence[Request], places: Iterable[int]) -> int:
    return len({requests[place].firm for place in places})


def _middle(requests: Sequence[Request], places: Iterable[int]) -> Vector:
    """What the requests have in common."""
    return mean(requests[place].vector for place in places)


def _joined(requests: Sequence[Request], stars: list[list[int]]) -> list[list[int]]:
    """The stars, each added to the earlier one whose middle is most like its own, if alike."""
    found: list[list[int]] = []
    middles: list[Vector] = []
    for star in stars:
        own = _middle(requests, star)
        best, at = max(((score(own, m), -i) for i, m in enumerate(middles)), default=(0.0, 0))
        if best >= JOINED:
            found[-at] += star
            middles[-at] = _middle(requests, found[-at])
        else:
            found.append(star)
            middles.append(own)
    return found


def _draw(requests: Sequence[Request], found: list[list[int]]) -> None:
    """Adds those who are in no group to the group whose middle they are nearest to, if near."""
    middles = [_middle(requests, places) for places in found]
    taken = {place for places in found for place in places}
    leading: dict[int, set[int]] = {}
    for at, middle in enumerate(middles):
        for gram in middle:
            leading.setdefault(gram, set()).add(at)
    for place, request in enumerate(requests):
        if place in taken:
            continue
        shared = Counter(at for gram in request.vector for at in leading.get(gram, ()))
        possible = [at for at, count in shared.items() if count >= SHARED]
        best = max(((score(request.vector, middles[at]), -at) for at in possible), default=(0.0, 0))
        if best[0] >= DRAWN:
            found[-best[1]].append(place)

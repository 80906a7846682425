"""The score of two requests: symmetric, within bounds, and about what they say."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from portal.problems.grouping import Request, groups
from portal.problems.similarity import (
    ALIKE,
    Frequencies,
    chains,
    code,
    gram_of,
    grams,
    in_common,
    restored,
    score,
    stored,
    vector,
)

LETTERS = "企业贷款到期园区门口油烟扰民路灯断电abc58 ，。\n"
texts = st.text(LETTERS, max_size=60)
counted = st.dictionaries(st.sampled_from(grams(LETTERS)), st.integers(1, 50))
NONE = Frequencies()


@given(texts, texts, texts, texts, counted)
def test_the_score_is_the_same_both_ways_and_from_0_to_1(
    title: str, body: str, other_title: str, other_body: str, counts: dict[int, int]
) -> None:
    known = Frequencies(50, counts)
    one, other = vector(title, body, known), vector(other_title, other_body, known)
    assert score(one, other) == score(other, one)
    assert 0.0 <= score(one, other) <= 1.0
    assert score(one, one) > 0.999 or not one


@given(texts, texts)
def test_what_is_stored_comes_back(title: str, body: str) -> None:
    one = vector(title, body, NONE)
    terms, weights = stored(one)
    back = restored(terms, weights)
    assert list(back) == list(one)
    assert all(abs(back[gram] - one[gram]) < 1e-4 for gram in one)
    assert all(
        -(2**31) <= term < 2**31 and 0 < weight <= 10_000
        for term, weight in zip(terms, weights, strict=True)
    )


@given(st.text("企业贷款a1龥", min_size=2, max_size=2))
def test_a_bigram_has_one_number(gram: str) -> None:
    assert gram_of(code(gram)) == gram


@given(st.lists(st.sampled_from(grams(LETTERS)), unique=True))
def test_chains_hold_each_bigram_once(shared: list[int]) -> None:
    assert sorted(gram for chain in chains(shared) for gram in chain) == sorted(shared)


@given(texts, texts)
def test_marks_lie_in_the_text_in_order_and_apart(text: str, other: str) -> None:
    pieces = in_common(text, grams(other))
    assert all(0 <= start < end <= len(text) for start, end in pieces)
    assert all(left[1] < right[0] for left, right in pairwise(pieces))


def test_one_problem_scores_above_one_place() -> None:
    """A park that many requests name does not make two of them one problem."""
    known = Frequencies(100, dict.fromkeys(grams("高新产业园"), 40))
    smoke = vector("高新产业园门口油烟扰民", "高新产业园门口的饭店油烟直排，员工无法开窗。", known)
    again = vector("园区饭店油烟直排", "高新产业园的饭店把油烟直排到车间，员工意见很大。", known)
    lamp = vector("高新产业园路灯不亮", "高新产业园北门外的路灯坏了三个月，夜班不安全。", known)
    assert score(smoke, again) > ALIKE > score(smoke, lamp)


def test_what_every_letter_says_makes_nothing_alike() -> None:
    one = vector("咨询有关问题", "尊敬的领导，您好，我们公司希望有关部门尽快解决。", NONE)
    other = vector("反映有关问题", "您好，请问领导，我们企业希望尽快答复，谢谢。", NONE)
    assert score(one, other) < ALIKE


def test_a_group_counts_firms_and_leaves_the_others_out() -> None:
    lines = [
        ("a", "高压线紧邻厂区要求迁改", "月亮岛路架设高压线紧邻厂区，要求迁改。"),
        ("b", "月亮岛路高压线要求迁改", "月亮岛路架设的高压线离车间太近，要求迁改入地。"),
        ("c", "反对月亮岛路架设高压线", "月亮岛路高压线紧邻车间，要求迁改。"),
        ("c", "再次反映月亮岛路高压线", "月亮岛路高压线紧邻车间，仍要求迁改。"),
        ("d", "员工子女入学", "外来员工的孩子今年上小学，学位不足。"),
        ("e", "贷款到期", "流动资金贷款到期后银行不再续贷。"),
    ]
    requests = [
        Request(n, firm, vector(title, body, NONE)) for n, (firm, title, body) in enumerate(lines)
    ]
    found = groups(requests)
    assert [(set(group.members), group.firms) for group in found] == [({0, 1, 2, 3}, 3)]
    assert groups(list(reversed(requests)))[0].firms == 3
    assert groups([]) == []

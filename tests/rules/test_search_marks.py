"""Marks of hits: put together the pieces are the text, and a hit is what is compared as equal."""

from hypothesis import given
from hypothesis import strategies as st

from portal.search.marks import LENGTH, excerpt, pieces
from portal.search.terms import normalise

TEXT = st.text(alphabet="资金链ＡbB㎡…，<&> \n", max_size=40)


@given(TEXT, st.lists(TEXT.map(normalise).filter(bool), max_size=3))
def test_the_pieces_are_the_text(text: str, terms: list[str]) -> None:
    found = pieces(text, terms)
    assert "".join(part for part, _hit in found) == text
    for term in terms:
        if " " not in term and term in normalise(text) and term in normalise(text).split(" "):
            assert any(hit for _part, hit in found)


def test_a_hit_is_marked_as_it_was_written() -> None:
    assert pieces("流动ＡＢ公司", ["ab公"]) == [("流动", False), ("ＡＢ公", True), ("司", False)]
    assert pieces("资金资金链", ["资金", "金链"]) == [("资金资金链", True)]
    assert pieces("约 3㎡厂房", ["m2厂"]) == [("约 3", False), ("㎡厂", True), ("房", False)]


def test_an_excerpt_is_around_the_first_hit() -> None:
    text = "前" * 100 + "欠薪" + "后" * 200
    found = excerpt(["没有这个词", text], ["欠薪"])
    assert found[0] == ("……", False) and found[-1] == ("……", False)
    assert ("欠薪", True) in found
    assert sum(len(part) for part, _hit in found[1:-1]) == LENGTH
    assert excerpt(["没有这个词"], ["欠薪"]) == [("没有这个词", False)]
    assert excerpt([], ["欠薪"]) == []

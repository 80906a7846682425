"""Search terms: what a query asks, how text is compared, and pairs that miss nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.search.terms import BODY, ROOM, bigrams, lexemes, normalise, parse, tsquery

CHINESE = st.text(alphabet="资金链不足税ＡbＢ12- ,“", max_size=30)


def test_pairs_overlap_and_each_is_named_once() -> None:
    assert bigrams("资金链资金") == ["资金", "金链", "链资"]
    assert bigrams("税") == bigrams("") == []


def test_width_case_and_blanks_do_not_matter() -> None:
    assert normalise("ＳＱ２０２６ \n Abc　公司") == "sq2026 abc 公司"


@pytest.mark.parametrize(
    ("query", "terms", "short"),
    [
        ("资金 续贷", ("资金", "续贷"), ()),
        ("  资金　资金 ", ("资金",), ()),
        ('"abc 公司" 税', ("abc 公司",), ("税",)),
        ("“过桥 资金”贷", ("过桥 资金",), ("贷",)),
        ('资金"没有', ("资金", "没有"), ()),
        ("SQ20261122-000123", ("sq20261122-000123",), ()),
        ("", (), ()),
        ('""', (), ()),
    ],
)
def test_a_query_is_terms_and_phrases(query: str, terms: tuple, short: tuple) -> None:
    asked = parse(query)
    assert (asked.terms, asked.short) == (terms, short)


@given(CHINESE, CHINESE)
def test_what_is_asked_of_the_index_is_there_for_every_text_that_holds_the_term(
    term: str, text: str
) -> None:
    if normalise(term) in normalise(text):
        asked = tsquery([term], [BODY]).strip("()").split(" & ")
        kept = {"'" + one.replace("'", "''") + "'" for one in lexemes([], text, [])}
        assert set(asked) <= kept | {""}


@given(CHINESE, CHINESE)
def test_the_pairs_of_a_part_are_pairs_of_the_whole(term: str, text: str) -> None:
    if normalise(term) in normalise(text):
        assert set(bigrams(term)) <= set(bigrams(text))


def test_the_longest_text_fits_the_index() -> None:
    body = "".join(chr(0x20000 + place) for place in range(ROOM))
    found = lexemes([], body, [])
    assert sum(len(one.encode()) for one in found) < 2**20 - 1


def test_a_term_is_looked_for_in_one_place_at_a_time() -> None:
    assert tsquery(["资金链"]) == (
        "(('^资金' & '^金链') | ('资金' & '金链') | ('~资金' & '~金链'))"
    )
    assert tsquery(["ab12-3金"], ["^"]) == "(('^ab12' & '^2-' & '^-3' & '^3金'))"
    assert tsquery(["o'\\"], [""]) == "(('o''' & '''\\\\'))"

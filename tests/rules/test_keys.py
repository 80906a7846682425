"""Sealing: every cipher keeps place and content, a missing key says so, keys are parsed."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.keys import ciphers
from portal.keys.ring import MissingKey, Ring, RingError, Unreadable, key_of, new_entry

INDEX = new_entry("index")
PLACE = "ticket.contact_phone"


@pytest.mark.parametrize("cipher", sorted(ciphers.CIPHERS))
@given(text=st.text())
def test_what_is_sealed_opens_and_only_in_its_place(cipher: str, text: str) -> None:
    ring = Ring.of(f"{new_entry('one', cipher)},{INDEX}")
    sealed = ring.seal(text, PLACE, "17")
    assert ring.open(sealed, PLACE, "17") == text
    assert ring.seal(text, PLACE, "17") != sealed  # the nonce is another one
    assert key_of(sealed) == "one" and (len(text) < 4 or text not in sealed)
    for place, row in (("ticket.contact_name", "17"), (PLACE, "18"), (PLACE, None)):
        with pytest.raises(Unreadable):
            ring.open(sealed, place, row)
    before = ring.seal(text, PLACE)  # of a release before: of any row, and never of one
    assert ring.open(before, PLACE, "17") == text
    with pytest.raises(Unreadable):
        ring.open(f"v2{before[2:]}", PLACE, "17")


@pytest.mark.parametrize("cipher", sorted(ciphers.CIPHERS))
def test_one_bit_more_or_less_does_not_open(cipher: str) -> None:
    ring = Ring.of(f"{new_entry('one', cipher)},{INDEX}")
    version, key_id, body = ring.seal("13800001111", PLACE).split(":")
    raw = base64.urlsafe_b64decode(body)
    for place in range(len(raw)):
        bent = bytearray(raw)
        bent[place] ^= 1
        with pytest.raises(Unreadable):
            ring.open(f"{version}:{key_id}:{base64.urlsafe_b64encode(bytes(bent)).decode()}", PLACE)
    for cut in (b"", raw[:11], raw[:-1]):
        with pytest.raises(Unreadable):
            ring.open(f"{version}:{key_id}:{base64.urlsafe_b64encode(cut).decode()}", PLACE)


@pytest.mark.parametrize("stored", ["13800001111", "v1:one", "v2:one:AAAA", "v1:one:不", "::"])
def test_plain_text_is_never_taken_for_sealed(stored: str) -> None:
    with pytest.raises(Unreadable):
        Ring.of(f"{new_entry('one')},{INDEX}").open(stored, PLACE)


def test_a_missing_key_is_named_and_one_that_came_later_is_found() -> None:
    old, new = new_entry("old"), new_entry("new")
    entries = [f"{old},{INDEX}"]
    running = Ring.of(entries[0], lambda: entries[0])
    sealed = Ring.of(f"{new},{old},{INDEX}").seal("13800001111", PLACE)
    with pytest.raises(MissingKey, match="new"):
        running.open(sealed, PLACE)
    entries[0] = f"{new},{old},{INDEX}"
    assert running.open(sealed, PLACE) == "13800001111"
    assert running.current.id == "new"


def test_the_index_is_keyed_and_tells_columns_apart() -> None:
    ring, other = Ring.of(f"{new_entry('a')},{INDEX}"), Ring.of(f"{new_entry('b')},{INDEX}")
    digest = ring.blind("13800001111", "user.phone")
    assert digest == other.blind("13800001111", "user.phone")
    assert digest != ring.blind("13800001111", "enterprise_contact.phone")
    assert digest != Ring.of(f"{new_entry('a')},{new_entry('index')}").blind(
        "13800001111", "user.phone"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        INDEX,
        new_entry("a"),
        f"a:{base64.b64encode(bytes(31)).decode()},{INDEX}",
        f"a:no base64,{INDEX}",
        f"a:rot13:{base64.b64encode(bytes(32)).decode()},{INDEX}",
        f"{new_entry('a')},{new_entry('a')},{INDEX}",
        f"a b:{base64.b64encode(bytes(32)).decode()},{INDEX}",
        f"nothing,{INDEX}",
        f"a:b:c:d,{INDEX}",
    ],
    ids=[
        *("empty", "no key", "no index", "short", "no base64", "unknown cipher", "twice"),
        *("blank in a name", "no parts", "too many parts"),
    ],
)
def test_a_bad_list_of_keys_is_refused_without_telling_a_key(text: str) -> None:
    with pytest.raises(RingError) as refused:
        Ring.of(text)
    secret = text.split(":")[-1].split(",")[0]
    assert len(secret) < 20 or secret not in str(refused.value)


def test_remarks_and_lines_are_read() -> None:
    assert Ring.of(f"# of 2026\n{new_entry('a')}  # first\n\n{INDEX}\n").current.id == "a"

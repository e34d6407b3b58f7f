"""The language of questions: what is read out of names and values, and what is refused in words."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.asking import MOST_LIKES, MOST_TERMS, Asked, Place, Term, read
from app.errors import ApiError

VIDEO, OTHER = "a" * 64, "b" * 64


def terms(*parameters: tuple[str, str]) -> list[tuple[int, str, str, str, float]]:
    asked = read(parameters)
    return [(one.step, one.role, one.kind, one.text, one.weight) for one in asked.terms]


def test_order_makes_the_steps() -> None:
    assert terms(
        ("q", "a red ball"), ("not", "grass"), ("gap", "9"), ("then", "a dog"), ("and", " a cat ")
    ) == [
        (0, "q", "words", "a red ball", 1.0),
        (0, "not", "words", "grass", 1.0),
        (1, "then", "words", "a dog", 1.0),
        (1, "and", "words", "a cat", 1.0),
    ]
    assert terms(("not", "grass")) == [(0, "not", "words", "grass", 1.0)]
    assert terms(("then", "a"), ("then", "b"))[1][0] == 1


@pytest.mark.parametrize(
    ("text", "kind", "value", "weight"),
    [
        ("0.5*a ball", "words", "a ball", 0.5),
        (".5*a ball", "words", "a ball", 0.5),
        ("2* a ball", "words", "a ball", 2.0),
        ("a * b", "words", "a * b", 1.0),
        ("1*words:clip:art", "words", "clip:art", 1.0),
        ("words:2*2 cars", "words", "2*2 cars", 1.0),
        ("moments: of joy", "words", "moments: of joy", 1.0),
        (f"clip:{VIDEO}", "clip", VIDEO, 1.0),
        (f"3*moment:{VIDEO}:17", "moment", f"{VIDEO}:17", 3.0),
        (f"range:{VIDEO}:1.5-20", "range", f"{VIDEO}:1.5-20", 1.0),
    ],
)
def test_a_condition_is_of_some_kind_and_weight(
    text: str, kind: str, value: str, weight: float
) -> None:
    ((_, _, *found),) = terms(("q", text))
    assert found == [kind, value, weight]


def test_places_are_read() -> None:
    asked = read([("q", f"moment:{VIDEO}:17"), ("and", f"range:{OTHER}:1.5-20")])
    assert asked.terms[0].place == Place(VIDEO, 17)
    assert asked.terms[1].stretch == (OTHER, 1.5, 20.0)
    likes = [("like", f"{VIDEO}:3"), ("like", f"{VIDEO}:3"), ("dislike", f"{OTHER}:0")]
    asked = read(likes)
    assert (asked.liked, asked.disliked) == ((Place(VIDEO, 3),), (Place(OTHER, 0),))
    assert not asked.browses
    assert read([("tag", "a"), ("v", "x"), ("lang", "de")]).browses


def test_wishes_have_bounds_and_usual_values() -> None:
    plain = read([("q", "a")]).wishes
    assert (plain.gap, plain.sort, plain.per_video, plain.group) == (60.0, "best", 3, None)
    assert (plain.least, plain.limit, plain.offset) == (None, 24, 0)
    said = read(
        [("q", "a"), ("sort", "title"), ("group", "video"), ("least", "0.5"), ("limit", "200")]
    ).wishes
    assert (said.sort, said.group, said.least, said.limit) == ("title", "video", 0.5, 200)


@pytest.mark.parametrize(
    "parameters",
    [
        [("q", "")],
        [("q", "x" * 501)],
        [("q", "a"), ("q", "b")],
        [("and", "a"), ("q", "b")],
        [("q", "101*a")],
        [("q", "clip:short")],
        [("q", f"clip:{VIDEO}/../x")],
        [("q", f"moment:{VIDEO}")],
        [("q", f"moment:{VIDEO}:-1")],
        [("q", f"range:{VIDEO}:5-5")],
        [("q", f"range:{VIDEO}:9-5")],
        [("q", f"range:{VIDEO}:a-b")],
        [("q", "a")] + [("and", "b")] * MOST_TERMS,
        [("like", "x")],
        [("like", f"{VIDEO}:{n}") for n in range(MOST_LIKES + 1)],
        [("q", "a"), ("gap", "-1")],
        [("q", "a"), ("gap", "nan")],
        [("q", "a"), ("gap", "1"), ("gap", "2")],
        [("q", "a"), ("limit", "0")],
        [("q", "a"), ("limit", "201")],
        [("q", "a"), ("offset", "-1")],
        [("q", "a"), ("per_video", "51")],
        [("q", "a"), ("sort", "worst")],
        [("q", "a"), ("group", "colour")],
        [("q", "a"), ("least", "0")],
        [("q", "a"), ("least", "inf")],
    ],
)
def test_what_is_not_understood_is_said(parameters: list[tuple[str, str]]) -> None:
    with pytest.raises(ApiError) as refused:
        read(parameters)
    assert str(refused.value).endswith(".")
    assert len(str(refused.value)) < 300


words = st.text(min_size=1, max_size=60).map(str.strip).filter(bool)


@given(words, st.sampled_from(["q", "and", "not", "then"]))
def test_what_was_read_is_written_so_that_it_is_read_again(text: str, role: str) -> None:
    (term,) = read([(role, f"words:{text}")]).terms
    assert term == Term(0, role, "words", text)  # type: ignore[arg-type]
    (again,) = read([(role, term.value)]).terms
    assert (again.kind, again.text) == ("words", text)


names = ["q", "and", "then", "like", "gap", "sort", "limit", "part", "added", "video", "x"]


@given(st.lists(st.tuples(st.sampled_from(names), st.text(max_size=80)), max_size=8))
def test_nothing_that_is_said_breaks_it(parameters: list[tuple[str, str]]) -> None:
    with suppress(ApiError):
        assert isinstance(read(parameters), Asked)

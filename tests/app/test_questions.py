"""The page writes questions into its address as the API reads them, and reads them back."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from looking import chromium
from playwright.sync_api import Page
from serving import CHROMIUM

from app.asking import read
from app.components.parts import FOLDER

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None,
        reason="NO BROWSER: the page was NOT tested. Install Chromium (apt install chromium).",
    ),
]

ID = "0123456789abcdef" * 4
# What both sides strip off the ends differs in marks that no keyboard has.
LETTERS = st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="\ufeff")
WORDS = st.one_of(
    st.text(LETTERS, max_size=40),
    st.sampled_from(
        [
            "clip:x",
            "2*3",
            "words:a",
            "1*words:b",
            "a*b",
            "then",
            "q=1&v=2",
            "100 %+",
            ".5*x",
            "\u0663*x",
        ]
    ),
).map(str.strip)
WEIGHTS = st.sampled_from([0, 0.1, 0.25, 0.5, 1, 1.5, 3, 100])
MOMENT = st.integers(0, 9999).map(lambda index: f"{ID}:{index}")


def condition(role: str) -> st.SearchStrategy[dict[str, Any]]:
    value = st.one_of(
        WORDS.filter(bool).map(lambda text: ("words", text)),
        st.just(("clip", ID)),
        MOMENT.map(lambda moment: ("moment", moment)),
        st.just(("range", f"{ID}:1.5-20")),
    )
    return st.builds(
        lambda v, weight: {"role": role, "kind": v[0], "value": v[1], "weight": weight},
        value,
        WEIGHTS,
    )


def step(first: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    others = st.lists(st.sampled_from(["and", "not"]).flatmap(condition), max_size=2)
    return st.builds(lambda one, more: [one, *more], condition(first), others)


STEPS = st.builds(
    lambda first, then: [*first, *(one for step in then for one in step)],
    step("q"),
    st.lists(step("then"), max_size=2),
)
TEXTS = st.lists(WORDS.filter(bool), max_size=2, unique=True)
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "video": st.just([ID]),
        "folder": TEXTS,
        "tag": TEXTS,
        "duration": st.just(["10-60", "300-"]),
        "added": st.just(["2026-01-01..2026-01-31"]),
        "recorded": st.just(["..2026-01-31"]),
        "within": st.just(["abc"]),
        "part": st.just("0-0.333"),
    },
)
QUESTIONS = st.fixed_dictionaries(
    {
        "conditions": STEPS,
        "gap": st.sampled_from([0, 5, 90.5]),
        "likes": st.lists(MOMENT, max_size=3, unique=True),
        "dislikes": st.lists(MOMENT, max_size=3, unique=True),
        "filters": FILTERS,
        "view": st.fixed_dictionaries(
            {}, optional={"sort": st.just("title"), "least": st.just("1")}
        ),
    }
)


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """An empty page that knows the language of questions."""
    script = (FOLDER / "question.js").read_text(encoding="utf-8")
    with chromium() as browser:
        page = browser.new_page()
        page.evaluate(f"() => {{ window.prism = {{}}; {script} }}")
        yield page


def written(page: Page, question: dict[str, Any]) -> str:
    return str(page.evaluate("question => prism.question.write(question)", question))


def parsed(page: Page, address: str) -> dict[str, Any]:
    return dict(page.evaluate("address => prism.question.parse(address)", address))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(question=QUESTIONS)
def test_what_is_written_is_read_back_by_page_and_api(page: Page, question: dict[str, Any]) -> None:
    address = written(page, question)
    ordered = any(one["role"] == "then" for one in question["conditions"])
    filters = {name: value for name, value in question["filters"].items() if value}
    expected = {**question, "filters": filters, "gap": question["gap"] if ordered else None}
    assert parsed(page, f"?{address}") == expected
    asked = read(parse_qsl(address, keep_blank_values=True))
    terms = [(term.role, term.kind, term.text, term.weight) for term in asked.terms]
    said = [(c["role"], c["kind"], c["value"], c["weight"]) for c in question["conditions"]]
    assert terms == said
    assert len(asked.liked) == len(question["likes"])
    assert set(asked.filters.tags) == set(filters.get("tag", ()))
    assert asked.wishes.gap == (question["gap"] if ordered else 60)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    weight=st.from_regex("[0-9\u0663]{0,2}([.][0-9]{0,2})?", fullmatch=True),
    words=st.sampled_from(["x", "*x", "words:x", "clip:" + ID]),
)
@example(weight=".5", words="x")
@example(weight="\u0663", words="x")
def test_page_and_api_read_the_same_weight(page: Page, weight: str, words: str) -> None:
    text = f"{weight}*{words}"
    one = page.evaluate("text => prism.question.condition('q', text)", text)
    (term,) = read([("q", text)]).terms
    assert (term.kind, term.text, term.weight) == (one["kind"], one["value"], one["weight"])


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    pairs=st.lists(
        st.tuples(
            st.sampled_from(
                ["q", "and", "not", "then", "gap", "like", "tag", "part", "query", "x"]
            ),
            st.one_of(WORDS, st.sampled_from(["", "9*", "clip:", "-1", "1e9", f"moment:{ID}:1"])),
        ),
        max_size=6,
    )
)
def test_any_address_is_taken_as_some_question(page: Page, pairs: list[tuple[str, str]]) -> None:
    address = page.evaluate("pairs => String(new URLSearchParams(pairs))", [list(p) for p in pairs])
    question = parsed(page, address)
    assert parsed(page, written(page, question)) == question
    roles = [one["role"] for one in question["conditions"]]
    assert roles.count("q") <= 1
    assert "q" not in roles[1:]
    assert roles[:1] != ["not"] or set(roles) == {"not"}


@pytest.mark.parametrize(
    ("name", "bad", "good"),
    [
        ("part", "x bogus - 0.5-0.2 2-3 0.1-0.2-0.3", "0-0.333 0.5- -0.5"),
        ("duration", "long 60-10 -5- 1e3-", "10-60 300- -60 5-5"),
        (
            "added",
            "now .. 2026-02-31.. 2026-02-02..2026-02-01 2026-1-1..",
            "2026-02-01..2026-02-01",
        ),
        ("recorded", "2026-01-01 2026-13-01.. ..2026-01-01x", "..2026-01-31 2026-01-01T10:00.."),
        ("least", "bogus 0 101 -1", "10 0.1 100"),
        ("per_video", "0 51 2.5 x", "1 50"),
        ("sort", "no BEST", "time newest"),
        ("group", "folder", "video"),
        ("video", "nonsense", ID),
        ("like", f"x {ID} {ID}:x", f"{ID}:3"),
        ("dislike", f"\u202e {ID}:-1", f"{ID}:3"),
    ],
)
def test_what_of_a_link_means_nothing_is_passed_over(
    page: Page, name: str, bad: str, good: str
) -> None:
    plain = parsed(page, "?q=a+star")
    for value in bad.split():
        assert parsed(page, f"?q=a+star&{name}={value}") == plain, value
    for value in good.split():
        assert parsed(page, f"?q=a+star&{name}={value}") != plain, value
        read([("q", "a star"), (name, value)])  # and the API takes it


def test_a_question_goes_on_without_what_is_gone(page: Page) -> None:
    left = page.evaluate(
        "([address, gone]) => { const { parse, write, without } = prism.question;"
        " return write(without(parse(address), gone)); }",
        [
            f"?q=moment:{ID}:1&and=a+star&then=0.5*clip:{ID}&then=a+disc&gap=5&like={ID}:2"
            f"&dislike={ID}:2&within=abc&within=def&tag=sea",
            [f"q=moment:{ID}:1", f"then=clip:{ID}", f"like={ID}:2", "within=abc"],
        ],
    )
    expected = [("q", "a star"), ("then", "a disc"), ("gap", "5"), ("dislike", f"{ID}:2")]
    assert parse_qsl(left) == [*expected, ("tag", "sea"), ("within", "def")]


def test_links_of_older_versions_still_mean_the_same(page: Page) -> None:
    question = parsed(page, f"?query={ID}&v={ID}&t=3")
    assert [(c["role"], c["kind"], c["value"]) for c in question["conditions"]] == [
        ("q", "clip", ID)
    ]
    assert parsed(page, "?q=a+red+cross&v=x")["conditions"][0]["value"] == "a red cross"

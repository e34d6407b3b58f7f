"""The page writes questions into its address as the API reads them, and reads them back."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import HealthCheck, given, settings
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
    st.sampled_from(["clip:x", "2*3", "words:a", "1*words:b", "a*b", "then", "q=1&v=2", "100 %+"]),
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


def test_links_of_older_versions_still_mean_the_same(page: Page) -> None:
    question = parsed(page, f"?query={ID}&v={ID}&t=3")
    assert [(c["role"], c["kind"], c["value"]) for c in question["conditions"]] == [
        ("q", "clip", ID)
    ]
    assert parsed(page, "?q=a+red+cross&v=x")["conditions"][0]["value"] == "a red cross"

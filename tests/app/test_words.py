"""The page's words: every language is whole, and no key is missing or left over."""

import json
import re
from pathlib import Path

import pytest

from app import errors as answered
from app.components import parts
from indexer import errors as indexing
from indexer.errors import VIDEO_CODES

FOLDER = Path(parts.__file__).parent
LANGUAGES = sorted(path.stem for path in (FOLDER / "words").glob("*.json"))
FORMS = re.compile(r"\.(one|other)$")
COMMENT = re.compile(r"^\s*//.*$|(?<=[\s;,{(])//\s.*$", re.MULTILINE)
LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`')
# What people read begins like a sentence, or has two plain words in a row; what only looks so is
# a class, a selector, a style, or the name of a key or a header.
SENTENCE = re.compile(r"(?:^|[“\s])[A-Z][a-z]+(?: [a-z]|[.,:?!…]|$)|\b[a-z]{2,} [a-z]{2,}\b")
CODE = re.compile(
    r"ps-|[\[#>*=]|\(--|^(Enter|Escape|Home|End|Delete|Backspace|Tab|Space|Shift|Files|Location)$"
)
# What is typed as it stands in every language: the model reads English, a shell its own words.
TYPED = re.compile(r"^(a red circle|cooking|prismsearch serve)\b")


def words(language: str) -> dict[str, str]:
    """Sentence by key; a key that stands twice in the file is a mistake."""

    def once(pairs: list[tuple[str, str]]) -> dict[str, str]:
        keys = [key for key, _ in pairs]
        assert len(keys) == len(set(keys)), f"{language}: some keys stand twice"
        return dict(pairs)

    text = (FOLDER / "words" / f"{language}.json").read_text(encoding="utf-8")
    return dict(json.loads(text, object_pairs_hook=once))


def scripts() -> str:
    """All of the page's JavaScript."""
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.js")))


def holes(sentence: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", sentence))


def test_the_page_speaks_two_languages() -> None:
    assert LANGUAGES == ["de", "en"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_keys_and_places(language: str) -> None:
    english, other = words("en"), words(language)
    assert set(other) == set(english)
    different = {key for key in english if holes(english[key]) != holes(other[key])}
    # "1 moment" needs no number, so a singular may leave out its count.
    assert {key for key in different if not key.endswith(".one")} == set()
    assert {key for key, sentence in other.items() if not sentence.strip()} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_plural_has_both_forms(language: str) -> None:
    counted = {FORMS.sub("", key) for key in words(language) if FORMS.search(key)}
    wanted = {f"{key}.{form}" for key in counted for form in ("one", "other")}
    assert wanted <= set(words(language))


def test_every_key_that_is_used_exists() -> None:
    used = set(re.findall(r'\bt\(\s*"([\w.-]+)"', scripts()))
    known = {FORMS.sub("", key) for key in words("en")}
    assert used - known == set()


def test_every_key_is_used() -> None:
    text = scripts()
    starts = tuple(re.findall(r"\bt\(\s*`([\w.-]+\.)\$\{", text))
    keys = {FORMS.sub("", key) for key in words("en")} - {"language.name", "language.choose"}
    quoted = {key for key in keys if f'"{key}"' in text}
    assert {key for key in keys - quoted if not key.startswith(starts or ("-",))} == set()


def sent() -> set[str]:
    """Every code that an error can have, over HTTP or in the list of videos."""
    kinds = [one for room in (answered, indexing) for one in vars(room).values()]
    named = {
        one.code
        for one in kinds
        if isinstance(one, type) and isinstance(vars(one).get("code"), str)
    }
    sources = [path.read_text(encoding="utf-8") for path in FOLDER.parent.glob("*.py")]
    written = re.compile(
        r'(?:\breply\(\s*|\breturn )(?:[\w.]+, )\s*"(\w+)",|\bcode(?:: \w+)? = "(\w+)"'
    )
    said = {one or other for text in sources for one, other in written.findall(text)}
    return {*named, *answered.STATUS_OF_CODE, *VIDEO_CODES, *said, "gave_up"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error_has_a_sentence(language: str) -> None:
    codes = sent()
    assert {"bad_request", "http_error", "other_site", "unknown_version", "corrupt"} <= codes
    assert {code for code in codes if f"error.{code}" not in words(language)} == set()


def test_no_sentence_can_end_the_script(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hostile = {"a": "</script><script>alert(1)</script><!-- \u2028 ${x} `"}
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "en.json").write_text(json.dumps(hostile), encoding="utf-8")
    monkeypatch.setattr(parts, "FOLDER", tmp_path)
    text = parts.catalogue()
    assert "<" not in text
    assert "\u2028" not in text
    assert json.loads(text) == {"en": hostile}


def literal_sentences(script: str) -> list[str]:
    """What a script would show without asking the catalogue, as far as its looks tell."""
    literals = [
        double or re.sub(r"\$\{[^{}]*\}", " ", template)
        for double, template in LITERAL.findall(COMMENT.sub("", script))
    ]
    suspects = (one for one in literals if SENTENCE.search(one) and not CODE.search(one))
    return [one for one in suspects if not TYPED.search(one)]


def test_no_sentence_stands_in_a_script() -> None:
    assert literal_sentences(scripts()) == []


@pytest.mark.parametrize(
    "script",
    [
        'el("p", {}, "Drop videos here, or")',
        'iconButton("close", "Remove")',
        "say(`Up to ${bytes(9)} each.`)",
        'input.placeholder = "part of a title"',
    ],
)
def test_a_sentence_in_a_script_would_be_noticed(script: str) -> None:
    assert len(literal_sentences(script)) == 1

"""Words to ids: text preparation, SentencePiece models of both layouts, and their verification."""

import io
import string
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st

from encoder import catalogue
from encoder.catalogue import C4_EN, TokenizerCard, TokenizerSource
from encoder.errors import DownloadError, InvalidInput, TokenizerError
from encoder.tokenizers import (
    SentencePieceTokenizer,
    canonicalize_text,
    load_tokenizer,
    tokenize_texts,
    verify,
)

WITH_BOS = Path(__file__).resolve().parents[1] / "data" / "tokenizer" / "test_spm.model"
BLAH = [80, 180, 60]


@pytest.fixture(scope="module")
def with_bos() -> SentencePieceTokenizer:
    """1,000 pieces; padding 0, beginning 1, end 2."""
    return SentencePieceTokenizer(WITH_BOS)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model in the layout of C4: padding 0, end 1, unknown 2, no beginning."""
    words = ["a", "video", "of", "red", "circle", "moving", "left", "then", "blue", "square"]
    lines = [" ".join(words[i:] + words[:i]) + "." for i in range(len(words))] * 20
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_writer=model,
        vocab_size=40,
        hard_vocab_limit=False,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=2,
    )
    path = tmp_path_factory.mktemp("small") / "small.model"
    path.write_bytes(model.getvalue())
    return path


@pytest.fixture(scope="module")
def without_bos(small: Path) -> SentencePieceTokenizer:
    return SentencePieceTokenizer(small)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("Hello, World!", "hello world."),
        ("Hello,World..", "hello world."),
        ("  Hello \t\n WORLD", "hello world."),
        ("don't", "don t."),
        ("", "."),
        (
            "…",
            "….",
        ),
        ("“quoted”", "“quoted”."),
        ("a video of playing drums.", "a video of playing drums."),
    ],
)
def test_canonical_texts(text: str, canonical: str) -> None:
    assert canonicalize_text(text) == canonical


@given(st.text())
def test_a_canonical_text_stays_as_it_is(text: str) -> None:
    canonical = canonicalize_text(text)
    assert canonicalize_text(canonical) == canonical


@given(st.text())
def test_a_canonical_text_has_one_full_stop_and_single_spaces(text: str) -> None:
    words = canonicalize_text(text)[:-1]
    assert canonicalize_text(text)[-1] == "."
    assert not set(words) & set(string.punctuation)
    assert words.split() == [word for word in words.split(" ") if word]
    assert words == words.strip()


def test_ids_with_beginning_and_end(with_bos: SentencePieceTokenizer) -> None:
    assert (with_bos.vocab_size, with_bos.bos_token, with_bos.eos_token) == (1000, 1, 2)
    assert with_bos.to_int("blah") == BLAH
    assert with_bos.to_int("blah", bos=True) == [1, *BLAH]
    assert with_bos.to_int("blah", eos=True) == [*BLAH, 2]
    assert with_bos.to_int(["blah", "blah blah"]) == [BLAH, BLAH * 2]


def test_a_beginning_is_added_only_where_the_vocabulary_has_one(
    with_bos: SentencePieceTokenizer, without_bos: SentencePieceTokenizer
) -> None:
    assert (without_bos.bos_token, without_bos.eos_token, without_bos.pad_token) == (-1, 1, 0)
    plain = with_bos.encode("blah.")
    assert tokenize_texts(with_bos, ["Blah"])[0][0, : len(plain) + 1].tolist() == [1, *plain]
    assert tokenize_texts(with_bos, ["Blah"], add_bos=False)[0][0, : len(plain)].tolist() == plain
    red = without_bos.encode("red circle.")
    assert tokenize_texts(without_bos, ["Red circle!"])[0][0, : len(red)].tolist() == red


def test_texts_are_taken_as_they_are_if_asked(with_bos: SentencePieceTokenizer) -> None:
    ids, paddings = tokenize_texts(with_bos, ["blah"], canonicalize=False, add_bos=False)
    assert ids[0, paddings[0] == 0].tolist() == BLAH


class Letters:
    """A vocabulary of one's own, with no more than what the protocol asks for."""

    pad_token, bos_token, eos_token, vocab_size = 0, 1, 2, 30

    def to_int(self, text: str | Sequence[str], *, bos: bool = False, eos: bool = False) -> Any:
        if isinstance(text, str):
            ids = [ord(letter) - ord("a") + 3 for letter in text if letter.isalpha()]
            return [1] * bos + ids + [2] * eos
        return [self.to_int(one, bos=bos, eos=eos) for one in text]


def test_a_tokenizer_of_one_s_own_will_do() -> None:
    ids, paddings = tokenize_texts(Letters(), ["A bad cab", ""], max_length=6)
    assert ids.tolist() == [[1, 3, 4, 3, 6, 5], [1, 0, 0, 0, 0, 0]]
    assert paddings.tolist() == [[0.0] * 6, [0.0] + [1.0] * 5]
    ids, _ = tokenize_texts(Letters(), ["cab"], max_length=4, add_bos=False)
    assert ids.tolist() == [[5, 3, 4, 0]]


@given(
    texts=st.lists(st.text(st.characters(categories=["L", "N", "P", "S", "Z", "Cs"]))),
    max_length=st.integers(1, 70),
)
def test_rows_are_ids_then_padding(
    with_bos: SentencePieceTokenizer, texts: list[str], max_length: int
) -> None:
    ids, paddings = tokenize_texts(with_bos, texts, max_length)
    assert ids.shape == paddings.shape == (len(texts), max_length)
    assert (ids.dtype, paddings.dtype) == (np.int32, np.float32)
    for text, row, padding in zip(texts, ids, paddings, strict=True):
        full = with_bos.encode(canonicalize_text(text), bos=True)
        length = int((padding == 0).sum())
        assert length == min(len(full), max_length)
        assert padding.tolist() == [0.0] * length + [1.0] * (max_length - length)
        assert row.tolist() == full[:length] + [0] * (max_length - length)
        assert max(full) < with_bos.vocab_size


def test_a_bare_string_and_no_room_are_refused(with_bos: SentencePieceTokenizer) -> None:
    with pytest.raises(InvalidInput, match="list of texts"):
        tokenize_texts(with_bos, "a video")
    with pytest.raises(InvalidInput, match="at least one token, not 0"):
        tokenize_texts(with_bos, ["a video"], max_length=0)


def test_files_that_are_no_vocabulary_are_refused(tmp_path: Path) -> None:
    junk = tmp_path / "junk.model"
    junk.write_bytes(b"junk" * 100)
    empty = tmp_path / "empty.model"
    empty.touch()
    with pytest.raises(TokenizerError, match=r"nowhere\.model cannot be read"):
        SentencePieceTokenizer(tmp_path / "nowhere.model")
    for path in (junk, empty):
        with pytest.raises(TokenizerError, match=f"{path.name} is no SentencePiece model"):
            SentencePieceTokenizer(path)


def test_another_vocabulary_is_refused_for_c4(with_bos: SentencePieceTokenizer) -> None:
    with pytest.raises(TokenizerError, match="c4_en: it has 1,000 pieces instead of 32,000"):
        load_tokenizer("c4_en", WITH_BOS)
    verify(TokenizerCard("test", 1000, {"blah": tuple(BLAH)}), with_bos, WITH_BOS)
    with pytest.raises(TokenizerError, match=r"'blah' becomes \[80, 180, 60\] instead of \[1, 2\]"):
        verify(TokenizerCard("test", 1000, {"blah": (1, 2)}), with_bos, WITH_BOS)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(TokenizerError, match=r"'c4_de'.*c4_en, toy"):
        load_tokenizer("c4_de")


class TestSources:
    """Where a vocabulary comes from when the person gives none."""

    @pytest.fixture
    def load(self, fake_hub, small, without_bos, monkeypatch: pytest.MonkeyPatch):
        """Load from three places on a hub, of which the first has no file, and then an address."""
        card = TokenizerCard(
            "c4_en",
            without_bos.vocab_size,
            {"red circle.": tuple(without_bos.encode("red circle."))},
            tuple(TokenizerSource(f"google/{i}", "spiece.model") for i in (1, 2, 3)),
            url=f"{fake_hub.url}/first/home/resolve/main/sentencepiece.model",
        )
        monkeypatch.setattr(catalogue, "TOKENIZERS", {"c4_en": card})
        return lambda: load_tokenizer("c4_en", cache_dir=fake_hub.cache)

    def test_the_first_that_is_right_is_taken(self, load, fake_hub, small: Path) -> None:
        fake_hub.files["google/2/spiece.model"] = WITH_BOS.read_bytes()
        fake_hub.files["google/3/spiece.model"] = small.read_bytes()
        assert load().encode("red circle.") == SentencePieceTokenizer(small).encode("red circle.")
        assert not any("first/home" in request for request in fake_hub.requests)

    def test_the_first_home_is_asked_last_and_once(self, load, fake_hub, small: Path) -> None:
        fake_hub.files["first/home/sentencepiece.model"] = small.read_bytes()
        assert load().vocab_size == load().vocab_size
        assert sum("first/home" in request for request in fake_hub.requests) == 1

    def test_without_a_hub_it_says_what_to_do(self, load, no_hub) -> None:
        with pytest.raises(DownloadError) as caught:
            load()
        text = str(caught.value)
        assert text.startswith("The tokenizer c4_en could not be fetched.")
        assert "google/1" in text
        assert "google/2" not in text, "a hub that does not answer is asked once"
        assert text.endswith(
            "download spiece.model from https://huggingface.co/google/3 "
            "and pass it with --tokenizer FILE. "
            "Meanwhile `prismsearch demo` works without any download."
        )

    @pytest.mark.parametrize("place", ["google/2/spiece.model", "first/home/sentencepiece.model"])
    def test_a_wrong_file_is_asked_for_again(self, load, fake_hub, small: Path, place: str) -> None:
        fake_hub.files[place] = WITH_BOS.read_bytes()
        with pytest.raises(DownloadError, match="1,000 pieces"):
            load()
        fake_hub.files[place] = small.read_bytes()
        assert load().vocab_size == SentencePieceTokenizer(small).vocab_size

    def test_wrong_files_everywhere_are_all_named(self, load, fake_hub) -> None:
        fake_hub.files["google/2/spiece.model"] = WITH_BOS.read_bytes()
        with pytest.raises(DownloadError) as caught:
            load()
        assert "no spiece.model of google/1" in str(caught.value)
        assert "1,000 pieces" in str(caught.value)
        assert "404" in str(caught.value)


@pytest.mark.hub
def test_the_c4_vocabulary_gives_the_known_ids() -> None:
    tokenizer = load_tokenizer("c4_en")
    assert tokenizer.vocab_size == 32_000
    assert (tokenizer.pad_token, tokenizer.eos_token, tokenizer.bos_token) == (0, 1, -1)
    texts = [text.removesuffix(".").title() for text in C4_EN.known]
    ids, paddings = tokenize_texts(tokenizer, texts)
    for row, padding, known in zip(ids, paddings, C4_EN.known.values(), strict=True):
        assert tuple(row[padding == 0]) == known

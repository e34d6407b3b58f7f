"""Clips and texts of any number become unit vectors, from few compiled programs."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
import small
from jax.experimental.compilation_cache import compilation_cache
from small import relative_error

from encoder import catalogue, models, phrases
from encoder import embedder as module
from encoder.catalogue import CARDS
from encoder.checkpoints import save_weights
from encoder.embedder import Embedder
from encoder.encoders import FactorizedEncoder
from encoder.errors import CheckpointError, InvalidInput
from encoder.tokenizers import SentencePieceTokenizer, tokenize_texts
from encoder.windows import WindowStream

SENTENCE = "a dog runs over the green hill while two small birds sing in the old tree by the river"
TEXTS = [SENTENCE[:end] for end in range(1, len(SENTENCE), 6)]


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return small.embedder()


def clips(count: int) -> np.ndarray:
    return small.frames(4 * count).reshape(count, 4, 24, 24, 3)


def assert_unit(rows: np.ndarray) -> None:
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, rtol=1e-5)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_clips_equal_the_plain_modules(embedder: Embedder, count: int) -> None:
    vectors = embedder.embed_clips(clip for clip in clips(count))
    assert_unit(vectors)
    assert relative_error(vectors, small.plain_videos(clips(count))) < 1e-5


def test_floats_give_what_bytes_give(embedder: Embedder) -> None:
    by_floats = embedder.embed_clips(clips(1) / 255.0)
    by_bytes = embedder.embed_clips(clips(1))
    assert relative_error(by_floats, by_bytes) < 1e-6
    mixed = embedder.embed_clips([clips(1)[0], clips(1)[0] / 255.0])
    assert relative_error(mixed, by_bytes.repeat(2, axis=0)) < 1e-6


@pytest.mark.parametrize("clip", [small.frames(3), small.frames(5), small.frames(4)[0]])
def test_clips_of_another_length_are_refused(embedder: Embedder, clip: np.ndarray) -> None:
    with pytest.raises(InvalidInput, match=r"shape \[4, 24, 24, 3\]"):
        embedder.embed_clips([clip])


def test_texts_equal_the_plain_modules(embedder: Embedder) -> None:
    vectors = embedder.embed_texts(text for text in TEXTS)
    ids, paddings = tokenize_texts(SentencePieceTokenizer(small.TOKENIZER), TEXTS)
    assert_unit(vectors)
    assert relative_error(vectors, small.plain_texts(ids, paddings)) < 1e-5


def test_nothing_in_nothing_out(embedder: Embedder) -> None:
    assert embedder.embed_texts([]).shape == embedder.embed_clips([]).shape == (0, 32)


@pytest.mark.parametrize("texts", ["a dog", [""], ["  "], ["?!"], ["a dog", 7], [b"a dog"]])
def test_what_is_no_text_is_refused(embedder: Embedder, texts: Any) -> None:
    with pytest.raises(InvalidInput):
        embedder.embed_texts(texts)


def test_nothing_recompiles_per_request() -> None:
    ours = small.embedder()
    steps = (module._encode, module._finish, module._read)
    for step in steps:
        step.clear_cache()
    for count in (1, 2, 3, 5, 8, 9, 14):
        ours.embed_clips(clips(count))
        ours.embed_texts(f"{count} {text}" for text in TEXTS[:count])
    lengths, sizes = len(phrases.LENGTHS), len(phrases.SIZES)
    assert [step._cache_size() for step in steps[:2]] == [1, 1]
    assert module._read._cache_size() <= lengths * sizes


def test_nothing_is_compiled_after_the_warm_up() -> None:
    compiled: list[str] = []

    def note(event: str, seconds: float, **_: Any) -> None:
        if event.endswith("backend_compile_duration"):
            compiled.append(event)

    jax.clear_caches()
    jax.monitoring.register_event_duration_secs_listener(note)
    try:
        ours = small.embedder()
        ours.warm_up()
        assert len(compiled) >= 2
        compiled.clear()
        for count in (1, 2, 3, 5):
            ours.embed_clips(clips(count))
            stream = ours.window_stream()
            stream.push(small.frames(4 * count, seed=count))
            stream.embed([range(start, start + 4) for start in range(0, 4 * count - 3, 2)])
    finally:
        jax.monitoring.unregister_event_duration_listener(note)
    assert compiled == []


def test_a_text_is_computed_once_while_it_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phrases, "REMEMBERED", 3)
    ours = small.embedder()
    tower, asked = ours._phrases._tower, []
    monkeypatch.setattr(
        ours._phrases, "_tower", lambda ids, paddings: asked.append(1) or tower(ids, paddings)
    )
    first = ours.embed_texts(["one", "two", "one", "three"])
    np.testing.assert_array_equal(first[0], first[2])
    first[:] = 0.0  # the caller's to change
    again = ours.embed_texts(["three", "one"])
    assert_unit(again)
    assert len(asked) == 1
    ours.embed_texts(["four"])  # "two" was asked for longest ago
    ours.embed_texts(["one", "three"])
    assert len(asked) == 2
    ours.embed_texts(["two"])
    assert len(asked) == 3


def test_a_text_that_many_want_at_once_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = small.embedder()
    tower, asked, begun = ours._phrases._tower, [], threading.Event()

    def slow(ids: np.ndarray, paddings: np.ndarray) -> object:
        asked.append(len(ids))
        begun.wait(5)
        return tower(ids, paddings)

    monkeypatch.setattr(ours._phrases, "_tower", slow)
    with ThreadPoolExecutor(50) as people:
        answers = [people.submit(ours.embed_texts, ["one", "two"]) for _ in range(49)]
        answers.append(people.submit(ours.embed_texts, ["two", "three"]))
        begun.set()
        vectors = [answer.result(30) for answer in answers]
    assert len(asked) <= 2  # "three" may come together with the others
    assert_unit(np.concatenate(vectors))
    np.testing.assert_array_equal(vectors[-1][0], vectors[0][1])


def test_what_comes_while_the_tower_is_busy_is_computed_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours = small.embedder()
    tower, sizes = ours._phrases._tower, []
    begun, waiting = threading.Event(), threading.Event()

    def slow(ids: np.ndarray, paddings: np.ndarray) -> object:
        sizes.append(len(ids))
        begun.set()
        waiting.wait(5)
        return tower(ids, paddings)

    monkeypatch.setattr(ours._phrases, "_tower", slow)
    texts = [f"text {number}" for number in range(13)]
    with ThreadPoolExecutor(14) as people:
        first = people.submit(ours.embed_texts, ["the first"])
        begun.wait(5)
        answers = [people.submit(ours.embed_texts, [text]) for text in texts]
        while len(ours._phrases._coming) < 14:
            time.sleep(0.01)
        waiting.set()
        vectors = [answer.result(30)[0] for answer in answers]
        assert_unit(first.result(30))
    assert sizes == [1, 8, 8]  # eight, and the five that are left in a batch of eight
    alone = small.embedder().embed_texts(texts)
    np.testing.assert_allclose(vectors, alone, atol=1e-5)


def test_no_text_waits_for_a_program_after_the_warm_up() -> None:
    ours = small.embedder()
    module._read.clear_cache()
    ours.warm_up_texts(threading.Event())
    compiled = module._read._cache_size()
    assert compiled == len(phrases.LENGTHS) * len(phrases.SIZES)
    for count in (1, 2, 3, 5, 8):
        ours.embed_texts(f"{count} {'word ' * 9 * number}" for number in range(count))
    assert module._read._cache_size() == compiled


def test_a_warm_up_that_is_stopped_begins_no_further_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours, stopped = small.embedder(), threading.Event()
    shapes: list[tuple[int, ...]] = []

    def tower(ids: np.ndarray, paddings: np.ndarray) -> None:
        shapes.append(ids.shape)
        if len(shapes) == 2:
            stopped.set()

    monkeypatch.setattr(ours._phrases, "_tower", tower)
    ours.warm_up_texts(stopped)
    assert shapes == [(1, 16), (1, 32)]


def test_what_fails_fails_for_all_who_wait_and_not_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours = small.embedder()
    tower, begun = ours._phrases._tower, threading.Event()

    def broken(ids: np.ndarray, paddings: np.ndarray) -> object:
        begun.wait(5)
        raise MemoryError

    monkeypatch.setattr(ours._phrases, "_tower", broken)
    with ThreadPoolExecutor(5) as people:
        answers = [people.submit(ours.embed_texts, ["one"]) for _ in range(5)]
        begun.set()
        assert all(isinstance(answer.exception(30), MemoryError) for answer in answers)
    monkeypatch.setattr(ours._phrases, "_tower", tower)
    assert_unit(ours.embed_texts(["one"]))


def test_threads_do_not_disturb_each_other(embedder: Embedder) -> None:
    expected_texts, expected_clips = embedder.embed_texts(TEXTS), embedder.embed_clips(clips(6))
    ours = small.embedder()
    errors: list[float] = []

    def read() -> None:
        errors.extend(relative_error(ours.embed_texts(TEXTS), expected_texts) for _ in range(5))

    def watch() -> None:
        errors.extend(relative_error(ours.embed_clips(clips(6)), expected_clips) for _ in range(5))

    threads = [threading.Thread(target=work) for work in (read, watch, read, watch)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(errors) == 20
    assert max(errors) < 1e-5


@pytest.mark.parametrize("step", ["encode", "finish"])
def test_a_text_does_not_wait_for_frames_that_are_being_computed(
    embedder: Embedder, step: str
) -> None:
    ours = small.embedder()
    computing, answered = threading.Event(), threading.Event()
    vectors: list[np.ndarray] = []

    def hold() -> np.ndarray:
        computing.set()
        return np.full((), 1.0 if answered.wait(60) else np.nan, np.float32)

    @jax.jit
    def held(outputs: Any) -> Any:
        one = jax.pure_callback(hold, jax.ShapeDtypeStruct((), np.float32))
        return jax.tree.map(lambda x: x * one, outputs)

    def slowly(inputs: Any) -> Any:
        return held(getattr(ours._programs, step)(inputs))

    def watch() -> None:
        stream = WindowStream(replace(ours._programs, **{step: slowly}))
        stream.push(small.frames(12))
        vectors.append(stream.embed([range(4)]))

    expected = embedder.embed_texts(TEXTS)
    thread = threading.Thread(target=watch)
    thread.start()
    assert computing.wait(60)
    texts = [ours.embed_texts([text])[0] for text in TEXTS]
    answered.set()
    thread.join()
    assert relative_error(texts, expected) < 1e-5
    assert relative_error(vectors[0], embedder.embed_clips(clips(1))) < 1e-5


def test_a_video_only_model_embeds_the_mean_token_and_reads_no_words() -> None:
    ours = small.embedder(small.VIDEO_ONLY)
    vectors = ours.embed_clips(clips(3))
    assert_unit(vectors)
    assert relative_error(vectors, small.plain_videos(clips(3), small.VIDEO_ONLY)) < 1e-5
    with pytest.raises(InvalidInput, match="videoprism_lvt_public_v1_base"):
        ours.embed_texts(["a dog"])


def test_a_classifier_is_refused_before_anything_is_fetched() -> None:
    with pytest.raises(InvalidInput, match="classifier"):
        Embedder.load("videoprism_vc_v1_base")


def test_models_without_public_weights_ask_for_a_file() -> None:
    with pytest.raises(CheckpointError, match="videoprism_v1_giant"):
        Embedder.load("videoprism_v1_giant")


@pytest.fixture
def _settings_restored() -> Iterator[None]:
    """Leave JAX as it was: where programs are kept is a setting of the whole process."""
    names = [
        "jax_compilation_cache_dir",
        "jax_persistent_cache_min_compile_time_secs",
        "jax_persistent_cache_min_entry_size_bytes",
    ]
    before = {name: getattr(jax.config, name) for name in names}
    compilation_cache.reset_cache()
    yield
    for name, value in before.items():
        jax.config.update(name, value)
    compilation_cache.reset_cache()


@pytest.fixture
def catalogued(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Put the small video-only model into the catalogue; return its weights file."""
    monkeypatch.setattr(catalogue, "CARDS", {**CARDS, "small_video": small.VIDEO_ONLY})
    build = partial(FactorizedEncoder, **small.BACKBONE)
    monkeypatch.setattr(models, "MODELS", {**models.MODELS, "small_video": build})
    path = tmp_path / "small.npz"
    save_weights(path, small.variables(small.VIDEO_ONLY), np.float32)
    return path


@pytest.mark.usefixtures("_settings_restored")
def test_loading_reports_itself_and_keeps_compiled_programs(
    catalogued: Path, tmp_path: Path
) -> None:
    lines: list[str] = []
    folder = tmp_path / "not" / "there" / "yet"
    ours = Embedder.load("small_video", weights=catalogued, cache_dir=folder, report=lines.append)
    assert lines[-1] == ours.describe() == "small_video on cpu in float32"
    assert (ours.frames, ours.pixels, ours.dim) == (4, 24, 32)
    assert len(ours.weights_id) == 12
    vectors = ours.embed_clips(clips(2))
    assert relative_error(vectors, small.plain_videos(clips(2), small.VIDEO_ONLY)) < 1e-5
    kept = {path.name for path in folder.rglob("*-cache")}
    assert len(kept) >= 2
    jax.clear_caches()
    ours.embed_clips(clips(2))
    assert {path.name for path in folder.rglob("*-cache")} == kept
    other = tmp_path / "other"
    jax.clear_caches()
    Embedder.load("small_video", weights=catalogued, cache_dir=other).embed_clips(clips(2))
    assert list(other.rglob("*-cache"))
    assert {path.name for path in folder.rglob("*-cache")} == kept


def test_for_words_alone_nothing_else_is_read(tmp_path: Path) -> None:
    bundled = CARDS["toy"].bundled
    assert bundled is not None
    damaged = tmp_path / "toy.npz"
    data = bytearray(bundled.read_bytes())
    data[data.index(b"params/vision_encoder/spatial_encoder") + 2000] ^= 1
    damaged.write_bytes(data)
    with pytest.raises(CheckpointError, match="damaged"):
        Embedder.load("toy", weights=damaged)

    reading = Embedder.load("toy", weights=damaged, only_words=True)
    whole = Embedder.load("toy")
    texts = ["a red circle moves left", "two stars"]
    np.testing.assert_array_equal(reading.embed_texts(texts), whole.embed_texts(texts))
    assert reading.weights_id == whole.weights_id
    with pytest.raises(InvalidInput, match="words alone"):
        reading.embed_clips(np.zeros((1, 8, 72, 72, 3), np.uint8))


def test_the_bundled_model_loads_by_name_with_its_tokenizer() -> None:
    toy = Embedder.load("toy")
    assert toy.card is CARDS["toy"]
    assert_unit(toy.embed_texts(["a red circle"]))

"""Weights files as bytes: what is read, what is refused, and how much memory it takes."""

import io
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from encoder.checkpoints import flatten, load_weights
from encoder.errors import CheckpointError
from encoder.members import ALIGNMENT
from encoder.npz import open_npz, save_npz

ROOT = Path(__file__).resolve().parents[2]
MEBI = 1 << 20


def read(path: Path) -> dict[str, np.ndarray]:
    with open_npz(path) as file:
        return dict(file.arrays())


def refusal(path: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        read(path)
    return str(caught.value)


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def write_zip(path: Path, members: Mapping[str, bytes], **options: int) -> Path:
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


@given(
    arrays=st.dictionaries(
        st.from_regex(r"params/[a-z]{1,8}", fullmatch=True),
        hnp.arrays(
            st.sampled_from([np.float16, np.float32]),
            hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5),
            elements=st.floats(-8, 8, width=16),
        ),
        max_size=4,
    ),
    compressed=st.booleans(),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_reads_what_numpy_writes(tmp_path: Path, arrays, compressed: bool) -> None:
    path = tmp_path / "a.npz"
    (np.savez_compressed if compressed else np.savez)(path, **arrays)
    found = read(path)
    assert found.keys() == arrays.keys()
    for name, values in arrays.items():
        assert found[name].dtype == np.float32
        np.testing.assert_array_equal(found[name], values.astype(np.float32))


def test_other_byte_and_axis_orders_give_the_same_values(tmp_path: Path) -> None:
    values = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    np.savez(tmp_path / "a.npz", big=values.astype(">f4"), fortran=np.asfortranarray(values))
    found = read(tmp_path / "a.npz")
    np.testing.assert_array_equal(found["big"], values)
    np.testing.assert_array_equal(found["fortran"], values)


def test_arrays_can_be_adopted_and_changed(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", a=np.ones(33, np.float16), b=np.ones((5, 7), np.float32))
    for values in read(tmp_path / "a.npz").values():
        assert values.ctypes.data % ALIGNMENT == 0
        values += 1


def test_numpy_reads_what_is_written_and_the_bytes_repeat(tmp_path: Path) -> None:
    arrays = {"params/b": np.linspace(0, 1, 7), "params/a": np.eye(3, dtype=np.float32).T}
    first, second = tmp_path / "1.npz", tmp_path / "2.npz"
    save_npz(first, arrays, np.float16)
    save_npz(second, dict(reversed(arrays.items())), np.float16)

    assert first.read_bytes() == second.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.npz", "2.npz"]
    with np.load(first, allow_pickle=False) as loaded:
        for name, values in arrays.items():
            assert loaded[name].dtype == np.float16
            np.testing.assert_array_equal(loaded[name], values.astype(np.float16))


def test_the_fingerprint_is_of_the_values(tmp_path: Path) -> None:
    def fingerprint(**arrays: np.ndarray) -> str:
        np.savez(tmp_path / "a.npz", **arrays)
        with open_npz(tmp_path / "a.npz") as file:
            return file.fingerprint

    ones = np.ones(100, np.float32)
    altered = ones.copy()
    altered[50] = np.nextafter(np.float32(1), np.float32(2))
    assert fingerprint(a=ones, b=altered) == fingerprint(b=altered, a=ones)
    assert len({fingerprint(a=ones), fingerprint(b=ones), fingerprint(a=altered)}) == 3


def test_pickles_are_refused_in_every_guise(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (exec, ("raise SystemExit('unpickled')",))

    objects = tmp_path / "objects.npz"
    np.savez(objects, a=np.array([Bomb()], object))
    bare = tmp_path / "bare.npz"
    bare.write_bytes(pickle.dumps(Bomb()))
    torch = write_zip(tmp_path / "torch.npz", {"archive/data.pkl": pickle.dumps(Bomb())})

    assert "'a.npy'" in refusal(objects)
    assert "pickled objects" in refusal(objects)
    assert "is a pickle" in refusal(bare)
    assert "'archive/data.pkl', which is no array" in refusal(torch)


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"a.npy": b"not an array"}, "'a.npy' of .* is not an array"),
        ({"a.npy": npy(np.ones(4, np.float32))[:-4]}, "size that its header says"),
        ({"a.npy": npy(np.ones(4, np.float32)) + b"more"}, "size that its header says"),
        ({"a.npy": npy(np.arange(4))}, "holds int64"),
        ({"readme.txt": b"hello"}, "'readme.txt', which is no array"),
    ],
)
def test_what_is_no_array_of_numbers_is_named(tmp_path: Path, members, words: str) -> None:
    with pytest.raises(CheckpointError, match=words):
        read(write_zip(tmp_path / "a.npz", members))


def test_files_that_are_no_npz_are_named(tmp_path: Path) -> None:
    assert "There is no file" in refusal(tmp_path / "nowhere.npz")
    assert "cannot be read" in refusal(tmp_path)
    text = tmp_path / "text.npz"
    text.write_text("version https://git-lfs.github.com/spec/v1")
    assert "is not an .npz file" in refusal(text)
    exotic = write_zip(tmp_path / "b.npz", {"a.npy": npy(np.ones(4))}, compression=zipfile.ZIP_LZMA)
    assert "compressed" in refusal(exotic)


def test_a_cut_file_is_told_from_a_foreign_one(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, a=np.ones(1000, np.float32))
    path.write_bytes(path.read_bytes()[:2000])
    assert "only part of a file: download it again" in refusal(path)


def test_one_altered_value_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, a=np.ones(1000, np.float32))
    data = bytearray(path.read_bytes())
    data[2000] ^= 1
    path.write_bytes(data)
    assert "CRC" in refusal(path)


@given(data=st.data())
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_damage_is_refused_or_harmless(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "a.npz"
    arrays = {"params/a": np.arange(6, dtype=np.float32).reshape(2, 3), "params/b": np.ones(3)}
    save_npz(path, arrays, np.float32)
    whole = bytearray(path.read_bytes())
    start = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        del whole[start:]
    else:
        junk = data.draw(st.binary(min_size=1, max_size=8))
        whole[start : start + len(junk)] = junk
    path.write_bytes(whole)
    try:
        found = load_weights(path, {name: values.shape for name, values in arrays.items()})
    except CheckpointError:
        return
    for name, values in flatten(found).items():
        np.testing.assert_array_equal(values, arrays[name])


class Drawn(Mapping[str, np.ndarray]):
    """Arrays that exist only while they are looked at."""

    def __init__(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self.shapes = shapes

    def __getitem__(self, name: str) -> np.ndarray:
        return np.random.default_rng(len(name)).random(self.shapes[name], np.float32)

    def __iter__(self) -> Iterator[str]:
        return iter(self.shapes)

    def __len__(self) -> int:
        return len(self.shapes)


def growth(program: str, path: Path) -> float:
    """Peak memory that a program takes beyond what it had when it set `before`, in file sizes."""
    if not Path("/proc/self/status").exists():
        pytest.skip("peak memory is read from /proc")
    memory = (
        "import re, sys\n"
        "def memory(field):\n"
        "    with open('/proc/self/status') as status:\n"
        "        return 1024 * int(re.search(field + r':\\s+(\\d+)', status.read())[1])\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", f"{memory}{program}\nprint(memory('VmHWM') - before)", str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(result.stdout.split()[-1]) / path.stat().st_size


def test_loading_takes_little_more_memory_than_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    save_npz(path, Drawn({f"params/{i}": (12, MEBI // 4) for i in range(12)}), np.float32)
    program = (
        "from pathlib import Path; from encoder.checkpoints import load_weights\n"
        "before = memory('VmRSS')\n"
        "tree = load_weights(Path(sys.argv[1]))\n"
    )
    assert 0.99 < growth(program, path) < 1.3
    path.unlink()


@pytest.mark.slow
def test_a_full_size_model_takes_little_more_memory_than_its_file(tmp_path: Path) -> None:
    from encoder.models import expected_shapes

    name = "videoprism_lvt_public_v1_base"
    path = tmp_path / "a.npz"
    save_npz(path, Drawn(expected_shapes(name)), np.float32)
    program = (
        "import jax; from encoder import models\n"
        f"models.expected_shapes({name!r}); jax.device_put(1.0)\n"
        "before = memory('VmRSS')\n"
        f"tree = models.load_pretrained_weights({name!r}, sys.argv[1])\n"
        "assert all(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(tree))\n"
    )
    assert path.stat().st_size > 990_000_000
    assert 0.99 < growth(program, path) < 1.3
    path.unlink()

"""Start file of a Hugging Face Space: the demo library, read-only, where a Space expects it.

A Space runs `python space.py` from the checkout's root. Its disk is ephemeral, so the index of the
drawn library is made anew at each start, which takes seconds.
"""

import tempfile

from app.cli import main as prismsearch


def main() -> None:
    """Serve the demo on the port and under the host names of Spaces."""
    with tempfile.TemporaryDirectory(prefix="prismsearch-") as data_dir:
        prismsearch(
            [
                "demo",
                *("--data-dir", data_dir),
                *("--host", "0.0.0.0", "--port", "7860", "--allow-host", "*.hf.space"),
                *("--read-only", "--no-browser"),
            ]
        )


if __name__ == "__main__":
    main()

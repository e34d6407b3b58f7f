// How a video gets to play: its own file, or a copy that is asked for and waited for.
window.prism.playback ??= (() => {
  const { api } = window.prism;
  const PAUSE = 500; // milliseconds between two questions

  // Tells what the API says until the video is ready or cannot be. A copy is only begun if the
  // person `wants` to watch; `failed` says that this browser could not play what it got.
  // Returns how to stop listening.
  function follow(id, { wants, failed }, tell) {
    const path = `videos/${id}/playable${failed ? "?failed=true" : ""}`;
    let over = false;
    (async () => {
      let now = await api(path);
      if (wants && now.state === "failed") now = await api(path, { method: "POST" });
      while (!over) {
        if (wants && now.state === "needed") now = await api(path, { method: "POST" });
        tell(now);
        if (!["waiting", "making"].includes(now.state)) return;
        await new Promise((next) => setTimeout(next, PAUSE));
        now = await api(path);
      }
    })().catch((error) => over || tell({ state: "failed", message: error.message }));
    return () => {
      over = true;
    };
  }

  // What to say while there is nothing to see yet.
  function words(now) {
    if (now.state === "needed") return "Your browser needs a copy of this video to play it.";
    if (now.state === "waiting") return "Another copy is being prepared; this one is next.";
    return "Preparing a copy that your browser can play,";
  }

  return { follow, words };
})();

// How a video gets to play: its own file, or a copy that is asked for and waited for.
window.prism.playback ??= (() => {
  const { api, t } = window.prism;
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
    if (now.state === "needed") return t("player.copy.needed");
    if (now.state === "waiting") return t("player.copy.waiting");
    return t("player.copy.making");
  }

  return { follow, words };
})();

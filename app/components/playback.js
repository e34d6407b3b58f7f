// How a video gets to play: its own file, or a copy that is asked for and waited for.
window.prism.playback ??= (() => {
  const { api, t } = window.prism;
  const PAUSE = 500; // milliseconds between two questions

  const ready = new Map(); // id -> what the API said once it was ready, so that playing need not ask

  async function ask(id, failed, options) {
    const now = await api(`videos/${id}/playable${failed ? "?failed=true" : ""}`, options);
    if (now.state === "ready" && !failed) ready.set(id, now);
    return now;
  }

  // A person is about to choose this video: what is to be known of it is asked for meanwhile.
  function warm(id) {
    if (!ready.has(id)) ask(id, false).catch(() => {});
  }

  // Tells what the API says until the video is ready or cannot be. A copy is only begun if the
  // person `wants` to watch; `failed` says that this browser could not play what it got.
  // Returns how to stop listening.
  function follow(id, { wants, failed }, tell) {
    let over = false;
    (async () => {
      if (!failed && ready.has(id)) return tell(ready.get(id));
      const post = { method: "POST" };
      let now = await ask(id, failed);
      if (wants && now.state === "failed") now = await ask(id, failed, post);
      while (!over) {
        if (wants && now.state === "needed") now = await ask(id, failed, post);
        tell(now);
        if (!["waiting", "making"].includes(now.state)) return;
        await new Promise((next) => setTimeout(next, PAUSE));
        now = await ask(id, failed);
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

  return { follow, warm, words, forget: (id) => ready.delete(id) };
})();

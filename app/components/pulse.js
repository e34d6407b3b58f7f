// What the server and its library look like, asked for while the page is seen: often while something
// is being indexed, else now and then. Tells it as "status", "fewer" (videos than before) and "lost";
// the journey carries it.
window.prism.pulse ??= (() => {
  const { api, emit, journey } = window.prism;
  let asking = false;
  let lost = false;
  let beats = 0;
  let watched = null; // the Library tab says when it can be seen

  // Something is being indexed, or would be if it could.
  const busy = ({ counts, paused, switch: built }) =>
    !paused && (counts.queued + counts.indexing > 0 || built !== null);

  async function refresh() {
    if (asking) return;
    asking = true;
    try {
      const status = await api("status");
      const other = status.model && journey.info?.model.name !== status.model;
      // Who answers after a silence may be another one.
      if (!journey.info || other || lost || beats % 10 === 0) journey.info = await api("info");
      const fewer = journey.status && status.videos < journey.status.videos;
      journey.status = status;
      lost = false;
      emit("status", status);
      if (fewer) emit("fewer");
    } catch (error) {
      lost = true;
      emit("lost", error.message);
    } finally {
      asking = false;
    }
  }

  setInterval(() => {
    if (document.visibilityState !== "visible") return;
    beats += 1;
    const often = lost || watched?.() || (journey.status && busy(journey.status));
    if (often || beats % 5 === 0) refresh();
  }, 1000);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") refresh();
  });
  refresh();
  Object.assign(journey, { refresh, busy, watch: (seen) => (watched = seen) });
  return { refresh };
})();

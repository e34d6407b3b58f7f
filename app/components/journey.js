// Where the person is: the query, the chosen video and its time, kept in the address so that links
// and Back work; and what the server and its library look like, asked for while the page is seen.
window.prism.journey ??= (() => {
  const { api, on, emit } = window.prism;
  const journey = { q: null, query: null, label: null, video: null, at: 0, cued: false, info: null, status: null };

  function read() {
    const asked = new URLSearchParams(location.search);
    const time = Number(asked.get("t"));
    const id = (name) => (/^[0-9a-f]{64}$/.test(asked.get(name) || "") ? asked.get(name) : null);
    return {
      q: (asked.get("q") || "").trim() || null,
      query: id("query"),
      video: id("v"),
      at: Number.isFinite(time) && time > 0 ? time : 0,
    };
  }

  function address() {
    const asked = new URLSearchParams();
    const time = journey.video && Math.round(journey.at * 10) / 10;
    const here = { q: journey.q, query: journey.query, v: journey.video, t: time };
    for (const [name, value] of Object.entries(here)) {
      if (value !== null && value !== undefined) asked.set(name, value);
    }
    for (const [name, value] of new URLSearchParams(location.search)) {
      if (!(name in here)) asked.set(name, value);
    }
    return `${location.pathname}${asked.size ? `?${asked}` : ""}`;
  }

  function keep(how) {
    const target = address();
    if (target !== location.pathname + location.search) history[how](null, "", target);
  }

  function search(q, example = null) {
    journey.q = example ? null : q;
    journey.query = example?.query_id ?? null;
    journey.label = example?.label ?? null;
    keep("pushState");
    show("Search");
    emit("query");
  }

  // play: start at once; cue: only show the moment, and leave the address's history alone.
  function open(video, at, { play = true, cue = false } = {}) {
    journey.video = video;
    journey.at = at;
    journey.cued = cue;
    keep(cue ? "replaceState" : "pushState");
    emit("open", { video, at, play: play && !cue });
  }

  function close() {
    journey.video = null;
    journey.at = 0;
    keep("pushState");
    emit("close");
  }

  function at(seconds) {
    journey.at = seconds;
    keep("replaceState");
  }

  // The query as the API wants it, or null when nothing is asked.
  function asked() {
    if (journey.query) return `query=${journey.query}`;
    return journey.q ? `q=${encodeURIComponent(journey.q)}` : null;
  }

  function show(tab) {
    const buttons = document.querySelectorAll("#ps-tabs button[role=tab]");
    const button = [...buttons].find((one) => one.textContent.trim() === tab);
    if (button && button.getAttribute("aria-selected") !== "true") button.click();
  }

  function follow() {
    const { q, query, video } = journey;
    Object.assign(journey, read());
    if (journey.q !== q || journey.query !== query) {
      journey.label = null;
      emit("query");
    }
    if (!journey.video && video) emit("close");
    if (journey.video) emit("open", { video: journey.video, at: journey.at, play: false });
  }

  // Something is being indexed, or would be if it could.
  const busy = ({ counts, paused, switch: built }) =>
    !paused && (counts.queued + counts.indexing > 0 || built !== null);

  let asking = false;
  let lost = false;
  let beats = 0;
  async function refresh() {
    if (asking) return;
    asking = true;
    try {
      const status = await api("status");
      const other = status.model && journey.info?.model.name !== status.model;
      // Who answers after a silence may be another one.
      if (!journey.info || other || lost || beats % 10 === 0) journey.info = await api("info");
      journey.status = status;
      lost = false;
      emit("status", status);
    } catch (error) {
      lost = true;
      emit("lost", error.message);
    } finally {
      asking = false;
    }
  }

  let watched = null; // the Library tab says when it can be seen
  setInterval(() => {
    if (document.visibilityState !== "visible") return;
    beats += 1;
    const often = lost || watched?.() || (journey.status && busy(journey.status));
    if (often || beats % 5 === 0) refresh();
  }, 1000);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") refresh();
  });

  window.addEventListener("popstate", follow);
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable=true]");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    show("Search");
    emit("focus");
  });

  Object.assign(journey, read());
  refresh();
  return Object.assign(journey, {
    search, open, close, asked, show, refresh, busy,
    moved: at,
    watch: (seen) => (watched = seen),
  });
})();

// One video's line in the library: what it is, how far it got, and what can be done with it.
// Knows nothing of the lines around it. A line is patched in place, so that nothing flickers.
window.prism.videoRow ??= (() => {
  const { el, icon, iconButton, bar, api, menu, clock, bytes, percent, span, pace, emit, journey } = window.prism;
  const STATES = { queued: "Waiting", indexing: "Indexing", done: "Ready", failed: "Failed", cancelled: "Stopped" };
  const STEPS = { open: "Opening", read: "Reading", embed: "Analysing", store: "Storing", check: "Checking" };

  function facts(video) {
    const length = video.duration ? clock(video.duration) : null;
    const size = video.width ? `${video.width}×${video.height}` : null;
    return [length, size, bytes(video.size)];
  }

  function progress(video) {
    return [
      STEPS[video.step],
      video.segments_planned ? percent(video.share) : null,
      video.speed ? pace(video.speed) : null,
      video.left ? `about ${span(video.left)} left` : null,
    ];
  }

  function words(video) {
    if (video.missing) return ["Its file is gone; search leaves it out."];
    const kept = video.segments_done ? `${percent(video.share)} can be searched` : null;
    if (video.state === "failed") return [video.note || "It could not be indexed.", kept];
    if (video.state === "indexing") return [...progress(video), video.note];
    const again = video.state === "queued" && video.redo ? "to be indexed again" : null;
    return [...facts(video), again, video.state === "cancelled" ? kept : null, video.note];
  }

  function label(video) {
    if (video.missing) return "Missing";
    if (video.state === "failed" && video.step) return `Failed while ${STEPS[video.step].toLowerCase()}`;
    return video.state === "done" && video.note ? "Partly ready" : STATES[video.state];
  }

  function create(video) {
    const [chip, text] = [el("span", { class: "ps-chip-state" }), el("span", { class: "ps-words" })];
    const name = el("span", { class: "ps-name" }, video.title);
    const picture = el("img", { alt: "", width: 96, height: 54, loading: "lazy" });
    picture.addEventListener("error", () => picture.classList.add("ps-missing"));
    const open = el("button", { type: "button", class: "ps-open-video", onclick: () => journey.open(video.video_id, 0) },
      el("span", { class: "ps-thumb" }, icon("film"), picture),
      el("span", { class: "ps-about" }, name, el("span", { class: "ps-how" }, chip, text)));
    const problem = el("p", { class: "ps-error", role: "alert", hidden: true });
    const line = bar(`Indexing ${video.title}`);
    const more = iconButton("more", `What to do with ${video.title}`, null);
    const whole = el("li", { "data-video": video.video_id }, open, more, problem, line.whole);
    const row = { whole, name, chip, text, picture, line, more, problem, video };
    menu.attach(more, () => choices(row));
    return row;
  }

  function patch(row, video) {
    row.video = video;
    const look = `ps-is-${video.missing ? "missing" : video.state}`;
    if (row.whole.className !== look) row.whole.className = look;
    write(row.name, video.title);
    write(row.chip, label(video));
    write(row.text, words(video).filter(Boolean).join(" · "));
    row.line.whole.hidden = video.state !== "indexing";
    row.line.set(video.share);
    row.more.hidden = journey.info?.read_only ?? true;
    if (video.segments_done && !row.picture.src) row.picture.src = `/media/${video.video_id}/poster/0.jpg`;
  }

  function write(node, words) {
    if (node.textContent !== words) node.textContent = words;
  }

  function choices(row) {
    const { state, missing } = row.video;
    const steer = (text, picture, verb) => ({ text, picture, act: () => ask(row, verb) });
    const waits = state === "queued" || state === "indexing";
    return [
      state === "queued" && steer("Move to front", "front", "front"),
      waits && steer("Stop", "stop", "cancel"),
      ["failed", "cancelled"].includes(state) && steer("Try again", "again", "retry"),
      state === "done" && !missing && steer("Index again", "again", "reindex"),
      { text: "Remove", picture: "trash", danger: true, ask: removal(row.video), act: () => remove(row) },
    ].filter(Boolean);
  }

  function removal(video) {
    const fate = video.managed ? "Its file was uploaded here and is deleted." : "Its file stays where it lies.";
    return { question: `Remove “${video.title}”?`, detail: `It can no longer be found. ${fate}`, yes: "Remove" };
  }

  async function ask(row, verb) {
    await send(row, `videos/${row.video.video_id}/${verb}`, "POST");
  }

  async function remove(row) {
    if (await send(row, `videos/${row.video.video_id}`, "DELETE")) emit("removed", row.video.video_id);
  }

  async function send(row, path, method) {
    row.problem.hidden = true;
    row.whole.setAttribute("aria-busy", "true");
    try {
      await api(path, { method });
      await journey.refresh();
      return true;
    } catch (error) {
      row.problem.textContent = error.message;
      row.problem.hidden = false;
      return false;
    } finally {
      row.whole.removeAttribute("aria-busy");
    }
  }

  return { create, patch };
})();

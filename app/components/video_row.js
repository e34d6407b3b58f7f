// One video's line in the library: what it is, how far it got, and what can be done with it.
// Knows nothing of the lines around it. A line is patched in place, so that nothing flickers.
window.prism.videoRow ??= (() => {
  const { el, icon, iconButton, bar, api, menu, t, said, clock, bytes, percent, span, pace, emit, journey } = window.prism;
  function facts(video) {
    const length = video.duration ? clock(video.duration) : null;
    const size = video.width ? `${video.width}×${video.height}` : null;
    return [length, size, bytes(video.size)];
  }

  function progress(video) {
    return [
      video.step ? t(`step.${video.step}`) : null,
      video.segments_planned ? percent(video.share) : null,
      video.speed ? pace(video.speed) : null,
      video.left ? t("amount.left", { time: span(video.left) }) : null,
    ];
  }

  function words(video) {
    if (video.missing) return [t("row.gone")];
    const kept = video.segments_done ? t("row.kept", { share: percent(video.share) }) : null;
    const note = video.note && said(video.error_code, video.note);
    if (video.state === "failed") return [note || t("row.failed"), kept];
    if (video.state === "indexing") return [...progress(video), note];
    const again = video.state === "queued" && video.redo ? t("row.redo") : null;
    return [...facts(video), again, video.state === "cancelled" ? kept : null, note];
  }

  function label(video) {
    if (video.missing) return t("state.missing");
    if (video.state === "failed" && video.step) return t(`row.failed.${video.step}`);
    return video.state === "done" && video.note ? t("row.partly") : t(`state.${video.state}`);
  }

  function create(video) {
    const [chip, text] = [el("span", { class: "ps-chip-state" }), el("span", { class: "ps-words" })];
    const name = el("span", { class: "ps-name", dir: "auto" }, video.title);
    const picture = el("img", { alt: "", width: 96, height: 54, loading: "lazy" });
    picture.addEventListener("error", () => picture.classList.add("ps-missing"));
    const open = el("button", { type: "button", class: "ps-open-video", onclick: () => journey.open(video.video_id, 0) },
      el("span", { class: "ps-thumb" }, icon("film"), picture),
      el("span", { class: "ps-about" }, name, el("span", { class: "ps-how" }, chip, text)));
    const problem = el("p", { class: "ps-error", role: "alert", hidden: true });
    const line = bar(t("row.bar", { title: video.title }));
    const more = iconButton("more", t("row.menu", { title: video.title }), null);
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
      state === "queued" && steer(t("row.front"), "front", "front"),
      waits && steer(t("row.stop"), "stop", "cancel"),
      ["failed", "cancelled"].includes(state) && steer(t("row.retry"), "again", "retry"),
      state === "done" && !missing && steer(t("row.reindex"), "again", "reindex"),
      { text: t("row.remove"), picture: "trash", danger: true, ask: removal(row.video), act: () => remove(row) },
    ].filter(Boolean);
  }

  function removal(video) {
    const detail = video.managed ? t("row.remove.managed") : t("row.remove.kept");
    return { question: t("row.remove.ask", { title: video.title }), detail, yes: t("row.remove") };
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

// A video's classes over time: one coloured row a class, each as high as it is likely, and the
// player's time across all of them. Knows neither form nor server.
window.prism.classChart ??= (() => {
  const { el, t, percent, clock } = window.prism;
  const COLOURS = 8;
  const STEPS = { ArrowLeft: -1, ArrowRight: 1, PageUp: 10, PageDown: -10 }; // seconds

  // answer: {classes, starts, ends, probabilities[segment][class]}; seek(seconds) is told where to go.
  function create(answer, seek) {
    const length = Math.max(...answer.ends);
    const cells = bounds(answer, length);
    const rows = answer.classes.map((name, i) => row(name, i, cells, answer, length));
    const head = el("div", { class: "ps-head", "aria-hidden": "true" });
    const tracks = el("div", {
      class: "ps-rows", role: "slider", tabindex: "0", "aria-valuemin": "0", "aria-valuenow": "0",
      "aria-valuemax": length.toFixed(1), "aria-label": t("classes.time"),
    }, ...rows.map((one) => one.whole), head);
    const marks = [0, length / 2, length].map((at) => el("span", {}, clock(at)));
    const whole = el("div", { class: "ps-chart" },
      el("p", { class: "ps-hint" }, t("classes.how")), tracks, el("div", { class: "ps-scale", "aria-hidden": "true" }, ...marks));
    let now = 0;
    steer(tracks, rows[0].track, length, () => now, seek);

    function follow(time) {
      now = time;
      const here = Math.max(0, cells.findIndex(([from, to]) => time >= from && time < to));
      const best = Math.max(...answer.probabilities[here]);
      rows.forEach((one, i) => {
        const share = answer.probabilities[here][i];
        one.value.textContent = percent(share);
        one.whole.classList.toggle("ps-top", share === best);
      });
      head.style.setProperty("--ps-at", Math.min(1, time / length));
      tracks.setAttribute("aria-valuenow", time.toFixed(1));
      tracks.setAttribute("aria-valuetext", clock(time));
    }

    return { whole, follow };
  }

  // Where each segment speaks: from halfway to the one before it, to halfway to the next.
  function bounds(answer, length) {
    const middle = answer.starts.map((start, i) => (start + answer.ends[i]) / 2);
    return middle.map((at, i) => [
      i ? (middle[i - 1] + at) / 2 : 0,
      i + 1 < middle.length ? (at + middle[i + 1]) / 2 : length,
    ]);
  }

  function row(name, column, cells, answer, length) {
    const track = el("div", { class: "ps-track" });
    cells.forEach(([from, to], i) => {
      const share = answer.probabilities[i][column];
      const title = t("classes.cell", { from: clock(from), to: clock(to), share: percent(share) });
      const cell = el("span", { class: "ps-cell", title });
      cell.style.cssText = `left:${(100 * from) / length}%;width:${(100 * (to - from)) / length}%;height:${100 * share}%`;
      track.append(cell);
    });
    const value = el("span", { class: "ps-share" });
    const label = el("span", { class: "ps-class-name", title: name }, el("i"), el("span", { dir: "auto" }, name));
    return { whole: el("div", { class: `ps-class-row ps-hue-${column % COLOURS}` }, label, track, value), track, value };
  }

  // Click, drag and keys ask for seconds; every row's track has the same left and right edge.
  function steer(tracks, track, length, now, seek) {
    const within = (seconds) => Math.min(length, Math.max(0, seconds));
    const point = (event) => {
      const box = track.getBoundingClientRect();
      seek(within(((event.clientX - box.left) / box.width) * length));
    };
    tracks.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      tracks.setPointerCapture(event.pointerId);
      point(event);
    });
    tracks.addEventListener("pointermove", (event) => {
      if (tracks.hasPointerCapture(event.pointerId)) point(event);
    });
    tracks.addEventListener("keydown", (event) => {
      const target = { Home: 0, End: length }[event.key] ?? now() + STEPS[event.key];
      if (Number.isNaN(target)) return;
      event.preventDefault();
      seek(within(target));
    });
  }

  return { create };
})();

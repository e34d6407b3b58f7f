// A stretch of the video that a person marks with two handles on the time line. Knows seconds; not
// what is done with them.
window.prism.range ??= (() => {
  const { el, t } = window.prism;
  const SHORTEST = 0.2; // seconds
  const USUAL = 4; // seconds, for a range of which only one end was given

  const exact = (seconds) => {
    const tenths = Math.round(10 * Math.max(0, seconds));
    const parts = [Math.floor(tenths / 600), String(Math.floor(tenths / 10) % 60).padStart(2, "0")];
    return `${parts.join(":")}.${tenths % 10}`;
  };

  // line: the element above which it lies; changed(range): {start, end} in seconds, or null.
  function create({ line, duration, changed }) {
    let range = null;
    const handles = ["start", "end"].map((side) =>
      el("span", { class: `ps-handle ps-handle-${side}`, role: "slider", tabindex: "0", "aria-label": t(`range.${side}`), "aria-valuemin": "0" }));
    const shade = el("span", { class: "ps-range", hidden: true }, ...handles);
    line.append(shade);

    function set(start, end) {
      const last = duration();
      const from = Math.min(Math.max(0, start), Math.max(0, last - SHORTEST));
      range = { start: from, end: Math.min(last, Math.max(end, from + SHORTEST)) };
      draw();
    }

    function clear() {
      range = null;
      draw();
    }

    // Moves one side; the other one gives way only where it must.
    function put(side, seconds) {
      if (side === "start") set(seconds, range && range.end > seconds ? range.end : seconds + (range ? SHORTEST : USUAL));
      else set(range && range.start < seconds ? range.start : seconds - (range ? SHORTEST : USUAL), seconds);
    }

    function draw() {
      shade.hidden = !range;
      if (range) {
        const last = Math.max(duration(), 1e-6);
        shade.style.left = `${(100 * range.start) / last}%`;
        shade.style.width = `${(100 * (range.end - range.start)) / last}%`;
        handles.forEach((handle, i) => {
          const seconds = i ? range.end : range.start;
          handle.setAttribute("aria-valuemax", last.toFixed(1));
          handle.setAttribute("aria-valuenow", seconds.toFixed(1));
          handle.setAttribute("aria-valuetext", exact(seconds));
        });
      }
      changed(range);
    }

    handles.forEach((handle, i) => {
      const side = i ? "end" : "start";
      handle.addEventListener("pointerdown", (event) => {
        handle.setPointerCapture(event.pointerId);
        event.stopPropagation();
      });
      handle.addEventListener("pointermove", (event) => {
        if (!handle.hasPointerCapture(event.pointerId)) return;
        const box = line.getBoundingClientRect();
        put(side, (Math.min(box.width, Math.max(0, event.clientX - box.left)) / box.width) * duration());
      });
      handle.addEventListener("keydown", (event) => {
        const steps = { ArrowLeft: -0.1, ArrowDown: -0.1, ArrowRight: 0.1, ArrowUp: 0.1, PageDown: -1, PageUp: 1 };
        const ends = { Home: 0, End: duration() };
        const now = i ? range.end : range.start;
        const target = ends[event.key] ?? (event.key in steps ? now + steps[event.key] : null);
        if (target === null) return;
        event.preventDefault();
        put(side, Math.min(duration(), Math.max(0, target)));
      });
    });
    return { set, put, clear, get: () => range };
  }

  return { create, exact };
})();

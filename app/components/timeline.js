// The line under the picture: heat over the whole video, the play-head, and the frame and time that
// the pointer is at. A click or a drag seeks, a drag with Shift marks a range.
window.prism.timeline ??= (() => {
  const { el, clock, heat, t } = window.prism;
  const REST = 60; // milliseconds that the pointer rests before its frame is fetched

  // duration(), time(): seconds; seek(seconds); mark(from, to); still(element, seconds): draws the
  // frame of that time into it and tells whether there is one.
  function create({ duration, time, seek, mark, still }) {
    const canvas = el("canvas", { class: "ps-heat", role: "slider", tabindex: "0", "aria-valuemin": "0", "aria-label": t("player.line") });
    const head = el("span", { class: "ps-head" });
    const spot = el("span", { class: "ps-spot", hidden: true });
    const picture = el("span", { class: "ps-still", hidden: true });
    const when = el("span", {});
    const bubble = el("span", { class: "ps-bubble", hidden: true, "aria-hidden": "true" }, picture, when);
    const whole = el("div", { class: "ps-line" }, canvas, spot, head, bubble);
    const view = { heat: null, ticks: [], duration: 0 };
    let resting = null;
    let begun = null; // where a drag with Shift began, in seconds

    const share = (seconds) => `${(100 * seconds) / Math.max(duration(), 1e-6)}%`;

    function draw() {
      view.duration = duration();
      if (canvas.clientWidth) heat.draw(canvas, view);
      move();
    }

    function show(change) {
      Object.assign(view, change);
      draw();
    }

    // Only this is done while the video plays.
    function move() {
      head.style.left = share(Math.min(time(), duration()));
    }

    function tell() {
      if (view.duration !== duration()) draw();
      canvas.setAttribute("aria-valuemax", duration().toFixed(1));
      canvas.setAttribute("aria-valuenow", time().toFixed(1));
      canvas.setAttribute("aria-valuetext", t("player.time", { now: clock(time()), length: clock(duration()) }));
      move();
    }

    function hover(seconds) {
      clearTimeout(resting);
      spot.hidden = bubble.hidden = seconds === null;
      if (seconds === null) return;
      when.textContent = clock(seconds);
      spot.style.left = bubble.style.left = share(seconds);
      resting = setTimeout(async () => {
        picture.hidden = !(await still(picture, seconds));
        inside();
      }, picture.hidden ? REST : 0);
      inside();
    }

    // The bubble stays above the line, however near to an end the pointer is.
    function inside() {
      const [half, width] = [bubble.offsetWidth / 2, whole.clientWidth];
      const middle = (width * parseFloat(spot.style.left)) / 100;
      bubble.style.left = `${Math.min(width - half - 4, Math.max(half + 4, middle))}px`;
    }

    function seconds(event) {
      const box = canvas.getBoundingClientRect();
      return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * duration();
    }

    canvas.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      canvas.setPointerCapture(event.pointerId);
      begun = event.shiftKey ? seconds(event) : null;
      if (begun === null) seek(seconds(event));
    });
    canvas.addEventListener("pointermove", (event) => {
      if (canvas.hasPointerCapture(event.pointerId)) {
        if (begun === null) seek(seconds(event));
        else mark(Math.min(begun, seconds(event)), Math.max(begun, seconds(event)));
      }
      hover(seconds(event));
    });
    canvas.addEventListener("pointerleave", () => hover(null));
    canvas.addEventListener("pointerup", () => {
      begun = null;
    });
    canvas.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: 10, PageDown: -10 };
      const ends = { Home: 0, End: duration() };
      const target = ends[event.key] ?? (event.key in steps ? time() + steps[event.key] : null);
      if (target === null) return;
      event.preventDefault();
      seek(Math.min(duration(), Math.max(0, target)));
    });
    new ResizeObserver(draw).observe(canvas);
    new MutationObserver(draw).observe(document.body, { attributeFilter: ["class"] }); // light or dark
    return { whole, canvas, show, tell, move };
  }

  return { create };
})();

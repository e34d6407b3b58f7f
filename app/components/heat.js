// Draws how well each step of a question fits a whole video: one curve a step. A single curve is
// painted by its heat; several have a colour and a pattern of line each, the same everywhere.
window.prism.heat ??= (() => {
  const { el } = window.prism;
  const CONTRAST = 1.8; // above 1, so that what is almost as good looks clearly cooler
  const RAMP = ["--ps-heat-0", "--ps-heat-1", "--ps-heat-2", "--ps-heat-3"];
  const STEPS = ["--ps-step-0", "--ps-step-1", "--ps-step-2", "--ps-step-3"];
  const DASHES = [[], [7, 3], [2, 3], [10, 3, 2, 3]];

  function prepare(canvas) {
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = canvas;
    canvas.width = Math.max(1, Math.round(width * ratio));
    canvas.height = Math.max(1, Math.round(height * ratio));
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    return { pen, width, height };
  }

  // Segments overlap, so each one speaks for its middle, and of those that fall on one pixel the
  // best; the ends carry on to the video's ends. Pairs of [x, level], level 0 to 1.
  function spots({ starts, ends, low, high }, scores, width, duration) {
    const level = (score) => Math.min(1, Math.max(0, (score - low) / Math.max(1e-6, high - low))) ** CONTRAST;
    const best = new Map();
    scores.forEach((score, i) => {
      const x = Math.round(((starts[i] + ends[i]) / 2 / duration) * width);
      best.set(x, Math.max(best.get(x) ?? 0, level(score)));
    });
    const found = [...best];
    return found.length ? [[0, found[0][1]], ...found, [width, found.at(-1)[1]]] : [];
  }

  function trace(pen, places, y) {
    pen.beginPath();
    pen.moveTo(places[0][0], y(places[0][1]));
    for (let i = 1; i < places.length; i += 1) {
      const [before, here] = [places[i - 1], places[i]];
      const half = (before[0] + here[0]) / 2;
      pen.bezierCurveTo(half, y(before[1]), half, y(here[1]), here[0], y(here[1]));
    }
  }

  function shade(pen, height, colours) {
    const paint = pen.createLinearGradient(0, height, 0, 0);
    colours.forEach((colour, i) => paint.addColorStop(i / Math.max(1, colours.length - 1), colour));
    return paint;
  }

  function fill(pen, width, height, paint, alpha) {
    pen.lineTo(width, height);
    pen.lineTo(0, height);
    pen.globalAlpha = alpha;
    pen.fillStyle = paint;
    pen.fill();
    pen.globalAlpha = 1;
  }

  // view: {heat: {starts, ends, curves, low, high} or null, duration, ticks: [{at, step}]}; seconds.
  function draw(canvas, { heat, duration, ticks }) {
    const { pen, width, height } = prepare(canvas);
    const style = getComputedStyle(canvas);
    const colour = (name) => style.getPropertyValue(name).trim();
    const y = (level) => height - 3 - level * (height - 9);
    pen.clearRect(0, 0, width, height);
    if (!duration || !width) return;
    const curves = heat?.curves ?? [];
    for (const { step, scores } of curves) {
      const places = spots(heat, scores, width, duration);
      if (!places.length) continue;
      const own = colour(STEPS[step % STEPS.length]);
      trace(pen, places, y);
      if (curves.length === 1) fill(pen, width, height, shade(pen, height, RAMP.map(colour)), 1);
      else {
        fill(pen, width, height, own, 0.16);
        trace(pen, places, y);
        pen.strokeStyle = own;
        pen.lineWidth = 2;
        pen.setLineDash(DASHES[step % DASHES.length]);
        pen.stroke();
      }
    }
    for (const { at, step } of ticks) {
      pen.fillStyle = colour(curves.length > 1 ? STEPS[step % STEPS.length] : "--ps-accent");
      pen.fillRect((at / duration) * width - 1, height - 4, 3, 4);
    }
  }

  // Which colour and pattern stands for which step; nothing where there is but one.
  function legend(curves) {
    return (curves.length < 2 ? [] : curves).map(({ label, step }) =>
      el("li", {}, el("span", { class: "ps-swatch", "data-step": step % STEPS.length }), el("span", { dir: "auto" }, label)));
  }

  return { draw, legend };
})();

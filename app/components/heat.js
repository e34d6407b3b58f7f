// Draws a query's heat over a whole video: one curve through its segments, with the play-head.
window.prism.heat ??= (() => {
  const CONTRAST = 1.8; // above 1, so that what is almost as good looks clearly cooler
  const RAMP = ["--ps-heat-0", "--ps-heat-1", "--ps-heat-2", "--ps-heat-3"];

  function prepare(canvas) {
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = canvas;
    canvas.width = Math.max(1, Math.round(width * ratio));
    canvas.height = Math.max(1, Math.round(height * ratio));
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    return { pen, width, height };
  }

  // Segments overlap, so each one speaks for its middle; the ends carry on to the video's ends.
  function points(segments, scale, duration) {
    const { low, high } = scale;
    const share = (score) => Math.min(1, Math.max(0, (score - low) / Math.max(1e-6, high - low)));
    const level = (score) => share(score) ** CONTRAST;
    const middle = segments.map((one) => [(one.start + one.end) / 2, level(one.score)]);
    if (!middle.length) return [];
    return [[0, middle[0][1]], ...middle, [duration, middle.at(-1)[1]]];
  }

  function curve(pen, spots, x, y) {
    pen.moveTo(x(spots[0][0]), y(spots[0][1]));
    for (let i = 1; i < spots.length; i += 1) {
      const [before, here] = [spots[i - 1], spots[i]];
      const half = (x(before[0]) + x(here[0])) / 2;
      pen.bezierCurveTo(half, y(before[1]), half, y(here[1]), x(here[0]), y(here[1]));
    }
  }

  function ramp(pen, style, height) {
    const paint = pen.createLinearGradient(0, height, 0, 0);
    RAMP.forEach((name, i) => {
      paint.addColorStop(i / (RAMP.length - 1), style.getPropertyValue(name).trim());
    });
    return paint;
  }

  // view: {segments, scale: {low, high}, duration, time, marks, hover}; all times in seconds.
  function draw(canvas, view) {
    const { pen, width, height } = prepare(canvas);
    const style = getComputedStyle(canvas);
    const x = (seconds) => (seconds / Math.max(view.duration, 1e-6)) * width;
    const y = (level) => height - 3 - level * (height - 9);
    const spots = points(view.segments, view.scale, view.duration);
    pen.clearRect(0, 0, width, height);
    if (spots.length) {
      pen.beginPath();
      curve(pen, spots, x, y);
      pen.lineTo(width, height);
      pen.lineTo(0, height);
      pen.fillStyle = ramp(pen, style, height);
      pen.fill();
    }
    pen.fillStyle = style.getPropertyValue("--ps-accent").trim();
    for (const mark of view.marks) pen.fillRect(x(mark) - 1, height - 3, 3, 3);
    if (view.hover !== null) line(pen, x(view.hover), height, style.getPropertyValue("--ps-muted"));
    line(pen, x(view.time), height, style.getPropertyValue("--ps-text"), 2);
  }

  function line(pen, x, height, colour, width = 1) {
    pen.fillStyle = colour.trim();
    pen.fillRect(x - width / 2, 0, width, height);
  }

  // Makes an element a time line: click, drag and keys ask for seconds, hovering tells of them.
  function seekable(element, duration, current, seek, hover) {
    const seconds = (event) => {
      const box = element.getBoundingClientRect();
      return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * duration();
    };
    element.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      element.setPointerCapture(event.pointerId);
      seek(seconds(event));
    });
    element.addEventListener("pointermove", (event) => {
      if (element.hasPointerCapture(event.pointerId)) seek(seconds(event));
      hover(seconds(event));
    });
    element.addEventListener("pointerleave", () => hover(null));
    element.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: 10, PageDown: -10 };
      const ends = { Home: 0, End: duration() };
      const target = ends[event.key] ?? (event.key in steps ? current() + steps[event.key] : null);
      if (target === null) return;
      event.preventDefault();
      seek(Math.min(duration(), Math.max(0, target)));
    });
  }

  return { draw, seekable };
})();

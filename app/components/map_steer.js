// Moves about on the map: by wheel, by one finger or two, by pointer and by keys; and draws a line
// around points while that is what dragging means. Knows the canvas, and nothing of what is on it.
window.prism.mapSteer ??= (() => {
  const STEP = 60; // pixels that an arrow key moves
  const CLOSER = 1.5;
  const CLICK = 5; // pixels that a click may stray

  // told: {moved(), hovered(left, top) or hovered(null), chosen(left, top), drawn(line)}; the line is
  // in places of the map. `drawing()` says whether dragging draws.
  function attach(canvas, view, told) {
    const held = new Map(); // pointers that are down, by id
    let line = null;
    let strayed = 0;

    const place = (event) => {
      const edge = canvas.getBoundingClientRect();
      return [event.clientX - edge.left, event.clientY - edge.top];
    };

    function down(event) {
      if (event.button > 0) return;
      canvas.setPointerCapture(event.pointerId);
    told.hovered(null);
      held.set(event.pointerId, place(event));
      strayed = held.size > 1 ? Infinity : 0;
      line = told.drawing() && held.size === 1 ? [view.toMap(...place(event))] : null;
    }

    function move(event) {
      const [left, top] = place(event);
      const before = held.get(event.pointerId);
      if (!before) return event.pointerType === "mouse" && told.hovered(left, top);
      const other = [...held].find(([id]) => id !== event.pointerId)?.[1];
      strayed += Math.hypot(left - before[0], top - before[1]);
      held.set(event.pointerId, [left, top]);
      if (other) pinch(before, [left, top], other);
      else if (line) line.push(view.toMap(left, top));
      else if (strayed > CLICK) view.pan(left - before[0], top - before[1]);
      told.moved();
    }

    function pinch(before, now, other) {
      const apart = (point) => Math.max(10, Math.hypot(point[0] - other[0], point[1] - other[1]));
      view.zoomBy(apart(now) / apart(before), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
      view.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
    }

    function up(event) {
      if (!held.delete(event.pointerId)) return;
      const drawn = line;
      line = null;
      if (event.type === "pointerup" && strayed <= CLICK) told.chosen(...place(event));
      else if (event.type === "pointerup" && drawn && drawn.length > 2) told.drawn(drawn);
      told.moved();
    }

    function wheel(event) {
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 30 : 1;
      view.zoomBy(Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.0016)), ...place(event));
      told.moved();
      told.hovered(...place(event));
    }

    function key(event) {
      const moves = { ArrowLeft: [STEP, 0], ArrowRight: [-STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] };
      const zooms = { "+": CLOSER, "=": CLOSER, "-": 1 / CLOSER };
      const middle = [view.width / 2, view.height / 2];
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (moves[event.key]) view.pan(...moves[event.key]);
      else if (zooms[event.key]) view.zoomBy(zooms[event.key]);
      else if (event.key === "0") view.look(0.5, 0.5, 1);
      else if (event.key === "Enter") return told.chosen(...middle);
      else return;
      event.preventDefault();
      event.stopPropagation();
      told.moved();
      told.hovered(...middle);
    }

    canvas.addEventListener("pointerdown", down);
    canvas.addEventListener("pointermove", move);
    canvas.addEventListener("pointerup", up);
    canvas.addEventListener("pointercancel", up);
    canvas.addEventListener("pointerleave", () => told.hovered(null));
    canvas.addEventListener("wheel", wheel, { passive: false });
    canvas.addEventListener("keydown", key);
    return { line: () => line };
  }

  return { attach };
})();

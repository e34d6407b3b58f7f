// The map as one sees it: points, pictures, the line that is drawn around some of them, and a card
// beside the point under the pointer. Knows how it is drawn anew, and asks its owner what points mean.
window.prism.mapCanvas ??= (() => {
  const { el, t, clock, mapView, mapPaint, mapPictures, mapSteer } = window.prism;
  const REACH = 16; // pixels around the pointer in which a point is meant
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");

  // owner: {opened(i), chosen(rows)}.
  function create(owner) {
    const canvas = el("canvas", { tabindex: "0", role: "application", "aria-describedby": "ps-map-keys" });
    const face = el("img", { alt: "", width: 168, height: 95 });
    const [name, time] = [el("strong", {}), el("span", {})];
    const card = el("div", { class: "ps-map-card", hidden: true }, face, name, time);
    const spoken = el("p", { class: "ps-unseen", role: "status" });
    const keys = el("p", { class: "ps-unseen", id: "ps-map-keys" }, t("map.keys"));
    const whole = el("div", { class: "ps-map-view" }, canvas, card, keys, spoken);
    const view = mapView.create();
    let points = null;
    let pictures = null;
    let meant = null; // {number: share} of the points that answer the question, or null
    let chosen = null; // a Set of rows, or null
    let paints = null;
    let later = [];
    let look = null;
    let under = -1;
    let due = false;
    const shown = { pictures: true, drawing: false };

    const steer = mapSteer.attach(canvas, view, {
      moved: draw,
      drawing: () => shown.drawing,
      hovered: (left, top) => hover(left === null ? -1 : at(left, top)),
      chosen: (left, top) => at(left, top) >= 0 && owner.opened(at(left, top)),
      drawn: (line) => owner.chosen(points.inside(line)),
    });

    function at(left, top) {
      if (!points) return -1;
      return points.near(...view.toMap(left, top), view.size().map((side) => REACH / side));
    }

    function hover(i) {
      if (i === under) return;
      under = i;
      card.hidden = i < 0;
      canvas.classList.toggle("ps-on-point", i >= 0);
      if (i >= 0) tell(i);
      draw();
    }

    function tell(i) {
      face.src = points.poster(i);
      name.textContent = points.video(i).title;
      time.textContent = points.time(i).map(clock).join("–");
      const words = t("map.point", { title: points.video(i).title, time: clock(points.time(i)[0]) });
      if (document.activeElement === canvas) spoken.textContent = words;
    }

    function set(given) {
      points = given;
      pictures = mapPictures.create(points, draw);
      [under, chosen, meant] = [-1, null, null];
      card.hidden = true;
      canvas.setAttribute("aria-label", t("map.name", { count: points.count, videos: points.videos.length }));
      colour();
    }

    function mark(hot, rows) {
      meant = hot;
      chosen = rows && new Set(rows);
      colour();
    }

    function colour() {
      if (!points) return;
      look = mapPaint.palette(canvas);
      const every = points.videos.map((_, number) => look.video(number));
      paints = new Int32Array(points.count);
      for (let i = 0; i < points.count; i += 1) {
        const plain = (chosen && !chosen.has(i)) || (meant && !meant.has(i));
        paints[i] = plain ? look.faint : meant ? look.hot(meant.get(i)) : every[points.number(i)];
      }
      const bright = meant ? [...meant.keys()].filter((i) => !chosen || chosen.has(i)) : (chosen ?? []);
      later = [...bright].sort((one, other) => (meant?.get(one) ?? 0) - (meant?.get(other) ?? 0));
      draw();
    }

    function draw() {
      if (due || !points) return;
      due = true;
      requestAnimationFrame(() => {
        due = false;
        if (view.width > 1) paint();
      });
    }

    function paint() {
      const pen = mapPaint.draw(canvas, view, points, paints, later, look.ground);
      const style = getComputedStyle(canvas);
      const plain = !meant && !chosen;
      if (shown.pictures && plain) pictures.draw(pen, view, style.getPropertyValue("--ps-surface"));
      outline(pen, style.getPropertyValue("--ps-accent"));
      if (under >= 0) ring(pen, style.getPropertyValue("--ps-text"));
    }

    function outline(pen, paint) {
      const line = steer.line();
      if (!line) return;
      pen.beginPath();
      line.forEach(([x, y], i) => pen[i ? "lineTo" : "moveTo"](...view.toScreen(x, y)));
      pen.closePath();
      pen.globalAlpha = 0.12;
      pen.fillStyle = paint;
      pen.fill();
      pen.globalAlpha = 1;
      pen.lineWidth = 2;
      pen.strokeStyle = paint;
      pen.stroke();
    }

    function ring(pen, paint) {
      const [left, top] = view.toScreen(points.x[under], points.y[under]);
      pen.beginPath();
      pen.arc(left, top, mapPaint.radius(points.count, view.zoom) + 4, 0, 7);
      pen.lineWidth = 2;
      pen.strokeStyle = paint;
      pen.stroke();
      const right = left > view.width / 2;
      card.style.left = `${right ? left - 14 - card.offsetWidth : left + 14}px`;
      card.style.top = `${Math.max(6, Math.min(view.height - card.offsetHeight - 6, top - card.offsetHeight / 2))}px`;
    }

    // Goes to a look at the map, in a quarter of a second where motion is welcome.
    function go(target) {
      const [from, begun] = [{ x: view.x, y: view.y, zoom: view.zoom }, performance.now()];
      const step = (now) => {
        const share = calm.matches ? 1 : Math.min(1, Math.max(0, (now - begun) / 260));
        const soft = share * share * (3 - 2 * share);
        const zoom = from.zoom * (target.zoom / from.zoom) ** soft;
        view.look(from.x + (target.x - from.x) * soft, from.y + (target.y - from.y) * soft, zoom);
        draw();
        if (share < 1) requestAnimationFrame(step);
      };
      step(begun);
    }

    function inView() {
      const [[left, top], [right, bottom]] = [view.toMap(0, 0), view.toMap(view.width, view.height)];
      return points.inside([[left, top], [right, top], [right, bottom], [left, bottom]]);
    }

    function change(what, value) {
      shown[what] = value;
      canvas.classList.toggle("ps-drawing", shown.drawing);
      draw();
    }

    new ResizeObserver(() => {
      view.resize(canvas.clientWidth, canvas.clientHeight);
      view.look(view.x, view.y);
      draw();
    }).observe(canvas);
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => setTimeout(colour, 50));
    canvas.addEventListener("blur", () => hover(-1));

    return {
      whole, set, mark, go, inView, change,
      zoom: (times) => go({ x: view.x, y: view.y, zoom: view.zoom * times }),
      all: () => go({ x: 0.5, y: 0.5, zoom: 1 }),
      around: (box) => go(view.around(box)),
    };
  }

  return { create };
})();

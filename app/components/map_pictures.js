// Small pictures on the map, as many as find room: they say what is where. Which ones does not change
// while one moves about, only when one comes closer. Knows nothing of the points but their pictures.
window.prism.mapPictures ??= (() => {
  const [WIDE, HIGH, ROOM] = [72, 48, 150]; // pixels of the screen: of a picture, and between two
  const SMALL = [600, 0.66]; // narrower than so many pixels, they are smaller
  const KEPT = 400;

  function create(points, ready) {
    const images = new Map(); // by point, the longest unused first
    const first = points.groups().map((group) => group.face);
    const rank = order(points.count, first);
    let chosen = { level: null, rows: [] };
    let [wide, high, room] = [WIDE, HIGH, ROOM];

    function fit({ width }) {
      const scale = width < SMALL[0] ? SMALL[1] : 1;
      [wide, high, room] = [WIDE, HIGH, ROOM].map((side) => Math.round(side * scale));
    }

    // The faces of groups come first, then all points in an order that looks like chance.
    function order(count, faces) {
      const ranked = Float64Array.from({ length: count }, (_, i) => faces.length + ((i * 2654435761) % 4294967296));
      faces.forEach((face, i) => (ranked[face] = i));
      return ranked;
    }

    // For each square of the map at this zoom the point that comes first in it.
    function at(view) {
      const level = Math.round(2 * Math.log2(view.zoom)) / 2;
      const sizes = view.size(2 ** level);
      if (chosen.level === level && chosen.width === sizes[0]) return chosen.rows;
      const best = new Map();
      const [across, down] = sizes.map((side) => Math.max(1, Math.round(side / room)));
      for (let i = 0; i < points.count; i += 1) {
        const key = Math.floor(points.y[i] * down) * (across + 1) + Math.floor(points.x[i] * across);
        if (!best.has(key) || rank[i] < rank[best.get(key)]) best.set(key, i);
      }
      const rows = [...best.values()].sort((one, other) => rank[one] - rank[other]);
      chosen = { level, width: sizes[0], rows: apart(rows, sizes) };
      return chosen.rows;
    }

    // Without those that would cover another one.
    function apart(rows, [across, down]) {
      const kept = [];
      for (const i of rows) {
        const clear = (j) =>
          Math.abs(points.x[i] - points.x[j]) * across > wide + 14 || Math.abs(points.y[i] - points.y[j]) * down > high + 14;
        if (kept.every(clear)) kept.push(i);
      }
      return kept;
    }

    function image(i) {
      let found = images.get(i);
      images.delete(i);
      if (!found) {
        found = new Image();
        found.onload = ready;
        found.src = points.poster(i);
      }
      images.set(i, found);
      if (images.size > KEPT) images.delete(images.keys().next().value);
      return found;
    }

    function draw(pen, view, edge) {
      fit(view);
      for (const i of at(view)) {
        const [left, top] = view.toScreen(points.x[i], points.y[i]);
        if (left < -wide || top < -high || left > view.width + wide || top > view.height + high) continue;
        const picture = image(i);
        if (!picture.complete || !picture.naturalWidth) continue;
        const scale = Math.min(wide / picture.naturalWidth, high / picture.naturalHeight);
        const [across, down] = [picture.naturalWidth * scale, picture.naturalHeight * scale];
        frame(pen, picture, left - across / 2, top - down / 2, across, down, edge);
      }
    }

    function frame(pen, picture, left, top, wide, high, edge) {
      pen.save();
      pen.beginPath();
      pen.roundRect(left, top, wide, high, 6);
      pen.shadowColor = "rgb(10 14 30 / 35%)";
      pen.shadowBlur = 6;
      pen.shadowOffsetY = 1;
      pen.fillStyle = edge;
      pen.fill();
      pen.shadowColor = "transparent";
      pen.lineWidth = 3;
      pen.strokeStyle = edge;
      pen.stroke();
      pen.clip();
      pen.drawImage(picture, left, top, wide, high);
      pen.restore();
    }

    return { draw };
  }

  return { create };
})();

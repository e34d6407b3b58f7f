// The points of the map as the server sent them: where they are, which is near a place, which lie
// within a line, and which stretches of which videos they are. Knows nothing of the screen.
window.prism.mapPoints ??= (() => {
  const CELLS = 128;

  const cell = (value) => Math.min(CELLS - 1, Math.max(0, Math.floor(value * CELLS)));

  // Rows of points by the square of the map that they lie in.
  function squares(x, y) {
    const found = new Map();
    for (let i = 0; i < x.length; i += 1) {
      const key = cell(y[i]) * CELLS + cell(x[i]);
      if (found.has(key)) found.get(key).push(i);
      else found.set(key, [i]);
    }
    return found;
  }

  function create(map) {
    const x = Float32Array.from(map.x, (value) => value / map.size);
    const y = Float32Array.from(map.y, (value) => value / map.size);
    const held = squares(x, y);

    // The point nearest to a place, no further than [across, down]; -1 if there is none.
    function near(px, py, [across, down]) {
      let [best, least] = [-1, 1];
      for (let row = cell(py - down); row <= cell(py + down); row += 1) {
        for (let column = cell(px - across); column <= cell(px + across); column += 1) {
          for (const i of held.get(row * CELLS + column) ?? []) {
            const away = Math.hypot((x[i] - px) / across, (y[i] - py) / down);
            if (away < least) [best, least] = [i, away];
          }
        }
      }
      return best;
    }

    // The points inside a closed line [[x, y], ...]: a ray from them crosses it an odd number of times.
    function inside(line) {
      const chosen = [];
      for (let i = 0; i < x.length; i += 1) {
        let odd = false;
        for (let a = 0, b = line.length - 1; a < line.length; b = a, a += 1) {
          const [[ax, ay], [bx, by]] = [line[a], line[b]];
          if (ay > y[i] !== by > y[i] && x[i] < ((bx - ax) * (y[i] - ay)) / (by - ay) + ax) odd = !odd;
        }
        if (odd) chosen.push(i);
      }
      return chosen;
    }

    // Those points as stretches (seconds) of videos, by video id; what touches is joined. Of each segment
    // the middle half: all of it would hold the middle of a neighbour, too, which shares its frames.
    function stretches(chosen) {
      const found = {};
      const byTime = [...chosen].sort((one, other) => map.video[one] - map.video[other] || map.start[one] - map.start[other]);
      for (const i of byTime) {
        const list = (found[map.videos[map.video[i]].video_id] ??= []);
        const quarter = (map.end[i] - map.start[i]) / 4;
        const [from, to] = [map.start[i] + quarter, map.end[i] - quarter];
        const last = list.at(-1);
        if (last && from <= last[1]) last[1] = Math.max(last[1], to);
        else list.push([from, to]);
      }
      return found;
    }

    // The groups, largest first: how many, the box around them, and the point nearest to their middle.
    function groups() {
      const found = [];
      for (let i = 0; i < x.length; i += 1) (found[map.group[i]] ??= []).push(i);
      return found.filter(Boolean).map((rows) => {
        const mean = (values) => rows.reduce((sum, i) => sum + values[i], 0) / rows.length;
        const [mx, my] = [mean(x), mean(y)];
        const away = (i) => Math.hypot(x[i] - mx, y[i] - my);
        const face = rows.reduce((best, i) => (away(i) < away(best) ? i : best), rows[0]);
        const [xs, ys] = [rows.map((i) => x[i]).sort((a, b) => a - b), rows.map((i) => y[i]).sort((a, b) => a - b)];
        const [low, high] = [Math.floor(rows.length * 0.03), Math.ceil(rows.length * 0.97) - 1];
        return { count: rows.length, face, box: [xs[low], ys[low], xs[high], ys[high]] };
      });
    }

    return {
      x, y, near, inside, stretches, groups,
      count: x.length,
      videos: map.videos,
      video: (i) => map.videos[map.video[i]],
      number: (i) => map.video[i],
      time: (i) => [map.start[i], map.end[i]],
      poster: (i) => `/media/${map.videos[map.video[i]].video_id}/poster/${map.index[i]}.jpg`,
    };
  }

  return { create };
})();

// Which part of the map is seen: its middle and its size, in shares of the map, and how both become
// places on the screen. Pure arithmetic. The map is stretched to the canvas, as its axes mean nothing.
window.prism.mapView ??= (() => {
  const MOST = 60; // times as large as when all of it is seen
  const MARGIN = 0.06;
  const WIDEST = 1.8; // times as wide as high; beyond that the sides stay empty

  const within = (value, low, high) => Math.min(high, Math.max(low, value));

  function create() {
    const view = { x: 0.5, y: 0.5, zoom: 1, width: 1, height: 1 };

    // Pixels of the canvas that the whole map takes at this zoom.
    function size(zoom = view.zoom) {
      const height = Math.min(view.height, view.width) * (1 - 2 * MARGIN);
      const width = Math.min(view.width * (1 - 2 * MARGIN), height * WIDEST);
      return [width * zoom, height * zoom];
    }

    function toScreen(x, y) {
      const [width, height] = size();
      return [(x - view.x) * width + view.width / 2, (y - view.y) * height + view.height / 2];
    }

    function toMap(left, top) {
      const [width, height] = size();
      return [view.x + (left - view.width / 2) / width, view.y + (top - view.height / 2) / height];
    }

    function resize(width, height) {
      Object.assign(view, { width: Math.max(1, width), height: Math.max(1, height) });
    }

    // Looks at this place; the map's edge never leaves the middle of the canvas.
    function look(x, y, zoom = view.zoom) {
      view.zoom = within(zoom, 1, MOST);
      const slack = 0.5 / view.zoom; // seen as a whole it stays where it is
      view.x = within(x, Math.min(0.5, slack), Math.max(0.5, 1 - slack));
      view.y = within(y, Math.min(0.5, slack), Math.max(0.5, 1 - slack));
    }

    function pan(dx, dy) {
      const [width, height] = size();
      look(view.x - dx / width, view.y - dy / height);
    }

    // Enlarges so that what is under this point of the canvas stays there.
    function zoom(times, left = view.width / 2, top = view.height / 2) {
      const [x, y] = toMap(left, top);
      const next = within(view.zoom * times, 1, MOST);
      const [width, height] = size(next);
      look(x - (left - view.width / 2) / width, y - (top - view.height / 2) / height, next);
    }

    // The look at a stretch of the map that shows it with some room around.
    function around([left, top, right, bottom]) {
      const wide = Math.max(right - left, bottom - top, 0.02);
      return { x: (left + right) / 2, y: (top + bottom) / 2, zoom: within(0.7 / wide, 1, MOST) };
    }

    return Object.assign(view, { size, toScreen, toMap, resize, look, pan, zoomBy: zoom, around, MOST });
  }

  return { create };
})();

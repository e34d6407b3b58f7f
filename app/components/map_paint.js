// Paints the points of the map, a hundred thousand in some milliseconds: each is a small stamp, mixed
// into the canvas's pixels by hand. Knows colours and places, and nothing of what a point stands for.
window.prism.mapPaint ??= (() => {
  const RAMP = ["--ps-heat-1", "--ps-heat-2", "--ps-heat-3"];
  const GOLDEN = 137.508; // degrees between two hues: no two neighbours are alike

  // Any colour of the styles as [r, g, b].
  function colour(canvas, name) {
    const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    probe.fillStyle = getComputedStyle(canvas).getPropertyValue(name).trim() || "#888888";
    probe.fillRect(0, 0, 1, 1);
    return [...probe.getImageData(0, 0, 1, 1).data.slice(0, 3)];
  }

  const mix = (one, other, share) => one.map((value, i) => Math.round(value + (other[i] - value) * share));
  const packed = ([r, g, b]) => (255 << 24) | (b << 16) | (g << 8) | r;
  const bright = ([r, g, b]) => 0.3 * r + 0.59 * g + 0.11 * b > 128;

  function hue(number, light) {
    const [turn, lightness] = [(number * GOLDEN + 255) % 360, light ? 0.47 : 0.66];
    const amount = 0.6 * Math.min(lightness, 1 - lightness);
    return [0, 8, 4].map((n) => {
      const k = (n + turn / 30) % 12;
      return Math.round(255 * (lightness - amount * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
    });
  }

  // The colours that the page's look gives: of videos, of heat (0 to 1), of what is not meant.
  function palette(canvas) {
    const ground = colour(canvas, "--ps-surface");
    const light = bright(ground);
    const heat = RAMP.map((name) => colour(canvas, name));
    const faint = mix(ground, colour(canvas, "--ps-muted"), light ? 0.3 : 0.36);
    return {
      ground, faint: packed(faint),
      video: (number) => packed(hue(number, light)),
      hot: (share) => {
        const place = share * (heat.length - 1);
        const low = Math.min(heat.length - 2, Math.floor(place));
        return packed(mix(heat[low], heat[low + 1], place - low));
      },
    };
  }

  // Half the width of a point, in pixels of the screen.
  function radius(count, zoom) {
    const base = count > 40000 ? 1.1 : count > 8000 ? 1.7 : count > 1500 ? 2.4 : 3.4;
    return Math.min(6.5, base * zoom ** 0.35);
  }

  // How much each pixel of a round stamp is covered, 0 to 255.
  function stamp(half) {
    const reach = Math.ceil(half + 0.5);
    const side = 2 * reach + 1;
    const cover = new Uint8Array(side * side);
    for (let y = -reach; y <= reach; y += 1) {
      for (let x = -reach; x <= reach; x += 1) {
        const edge = half + 0.5 - Math.hypot(x, y);
        cover[(y + reach) * side + x + reach] = 255 * Math.min(1, Math.max(0, edge));
      }
    }
    return { cover, reach, side };
  }

  function put(pixels, width, x, y, { cover, reach, side }, paint) {
    const [r, g, b] = [paint & 255, (paint >> 8) & 255, (paint >> 16) & 255];
    for (let row = 0, k = 0; row < side; row += 1) {
      let at = (y - reach + row) * width + x - reach;
      for (let column = 0; column < side; column += 1, at += 1, k += 1) {
        const share = cover[k];
        if (!share) continue;
        if (share === 255) {
          pixels[at] = paint;
          continue;
        }
        const was = pixels[at];
        const rest = 255 - share;
        const red = ((was & 255) * rest + r * share) / 255;
        const green = (((was >> 8) & 255) * rest + g * share) / 255;
        const blue = (((was >> 16) & 255) * rest + b * share) / 255;
        pixels[at] = (255 << 24) | (blue << 16) | (green << 8) | red;
      }
    }
  }

  // points: {x, y} of the map (0 to 1); paints: a packed colour each; later: which come on top, larger.
  function draw(canvas, view, points, paints, later, ground) {
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    const [width, height] = [Math.round(view.width * ratio), Math.round(view.height * ratio)];
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const pen = canvas.getContext("2d");
    const image = pen.createImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer).fill(packed(ground));
    const half = radius(points.x.length, view.zoom) * ratio;
    const [across, down] = view.size().map((side) => side * ratio);
    const [left, top] = [width / 2 - view.x * across, height / 2 - view.y * down];
    const one = (mark, i) => {
      const [x, y] = [Math.round(points.x[i] * across + left), Math.round(points.y[i] * down + top)];
      const { reach } = mark;
      if (x < reach || y < reach || x >= width - reach || y >= height - reach) return;
      put(pixels, width, x, y, mark, paints[i]);
    };
    const small = stamp(half);
    for (let i = 0; i < paints.length; i += 1) one(small, i);
    const large = stamp(half * 1.35 + 0.5 * ratio);
    for (const i of later) one(large, i);
    pen.putImageData(image, 0, 0);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    return pen;
  }

  return { palette, draw, radius };
})();

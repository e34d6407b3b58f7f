// The frames of one segment, from one picture that holds them as equal tiles, row by row in a square
// as near as can be. Knows how to fetch such a strip once it is wanted, and to show one of its tiles.
window.prism.strip ??= (() => {
  const { el } = window.prism;
  const REST = 120; // milliseconds that a pointer stays before its frames are fetched
  const fetched = new Map(); // address -> whether its picture came, as a promise

  function fetchOnce(address) {
    if (!fetched.has(address)) {
      fetched.set(address, new Promise((tell) => {
        const picture = new Image();
        picture.onload = () => tell(true);
        picture.onerror = () => tell(false);
        picture.src = address;
      }));
    }
    return fetched.get(address);
  }

  function tile(element, { strip, frames }, number) {
    const columns = Math.ceil(Math.sqrt(frames));
    const rows = Math.ceil(frames / columns);
    const share = (place, count) => `${count > 1 ? (100 * place) / (count - 1) : 0}%`;
    element.style.backgroundImage = `url("${strip}")`;
    element.style.backgroundSize = `${100 * columns}% ${100 * rows}%`;
    element.style.backgroundPosition = `${share(number % columns, columns)} ${share(Math.floor(number / columns), rows)}`;
  }

  const at = (share, frames) => Math.min(frames - 1, Math.max(0, Math.floor(share * frames)));

  // Lays a segment's frames over its picture: the pointer's place chooses one, `step` goes through
  // them by keys. Without a strip the picture stays.
  function over(picture, segment) {
    const sheet = el("span", { class: "ps-frames", hidden: true });
    const place = el("span", { class: "ps-frame-at", hidden: true });
    let timer = null;
    let share = 0;
    let number = -1;

    function show(now) {
      number = now;
      tile(sheet, segment, number);
      place.style.left = `${(100 * number) / segment.frames}%`;
      place.style.width = `${100 / segment.frames}%`;
      sheet.hidden = place.hidden = false;
    }

    async function begin() {
      const wanted = timer;
      if (await fetchOnce(segment.strip) && wanted === timer) show(at(share, segment.frames));
    }

    function follow(event) {
      if (event.pointerType === "touch" || !segment.strip) return;
      const box = picture.getBoundingClientRect();
      share = (event.clientX - box.left) / Math.max(1, box.width);
      timer ??= setTimeout(begin, REST);
      if (number >= 0) show(at(share, segment.frames));
    }

    function end() {
      clearTimeout(timer);
      timer = null;
      number = -1;
      sheet.hidden = place.hidden = true;
    }

    async function step(by) {
      if (!segment.strip || !(await fetchOnce(segment.strip))) return;
      show((number + by + segment.frames) % segment.frames);
    }

    picture.addEventListener("pointermove", follow);
    picture.addEventListener("pointerleave", end);
    picture.append(sheet, place);
    return { step, end };
  }

  // The frame of a segment at a share (0 to 1) of it, drawn into an element; false where there is none.
  async function still(element, segment, share) {
    if (!segment?.strip || !(await fetchOnce(segment.strip))) return false;
    tile(element, segment, at(share, segment.frames));
    return true;
  }

  return { over, still };
})();

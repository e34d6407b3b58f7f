// The segments of a video side by side, with the one that is seen now in sight. Only those in sight
// are elements, so that a film of hours is as light as a short one.
window.prism.neighbours ??= (() => {
  const { el, clock, t } = window.prism;
  const STEP = 108; // pixels from one to the next, as in the style
  const SPARE = 4; // how many are kept ready on either side
  const still = window.matchMedia("(prefers-reduced-motion: reduce)");

  // choose(segment): what a click does.
  function create(choose) {
    const track = el("div", { class: "ps-track-inner" });
    const whole = el("div", { class: "ps-neighbours", role: "group", "aria-label": t("player.neighbours"), hidden: true }, track);
    const drawn = new Map(); // place in the video -> its button
    let segments = [];
    let current = -1;

    function show(list) {
      segments = list;
      current = -1;
      drawn.clear();
      track.replaceChildren();
      track.style.width = `${STEP * segments.length}px`;
      whole.hidden = segments.length < 2;
      whole.scrollLeft = 0;
      draw();
    }

    function button(place) {
      const { start, poster } = segments[place];
      const picture = el("img", { src: poster, alt: "", loading: "lazy", decoding: "async", draggable: "false" });
      picture.addEventListener("error", () => picture.classList.add("ps-missing"));
      const one = el("button", { type: "button", class: "ps-neighbour", tabindex: "-1", "aria-label": t("player.segment", { time: clock(start) }), onclick: () => choose(segments[place]) },
        picture, el("span", {}, clock(start)));
      one.style.left = `${STEP * place}px`;
      return one;
    }

    function draw() {
      const first = Math.max(0, Math.floor(whole.scrollLeft / STEP) - SPARE);
      const last = Math.min(segments.length - 1, Math.ceil((whole.scrollLeft + whole.clientWidth) / STEP) + SPARE);
      for (const [place, one] of drawn) {
        if ((place >= first && place <= last) || one.contains(document.activeElement)) continue;
        one.remove();
        drawn.delete(place);
      }
      for (let place = first; place <= last; place += 1) {
        if (drawn.has(place)) continue;
        const one = button(place);
        drawn.set(place, one);
        track.append(one);
      }
      mark();
    }

    function mark() {
      for (const [place, one] of drawn) {
        one.tabIndex = place === Math.max(0, current) ? 0 : -1;
        if (place === current) one.setAttribute("aria-current", "true");
        else one.removeAttribute("aria-current");
      }
    }

    // Overlapping segments share a time: the one that began last stands for it.
    function of(seconds) {
      let [low, high] = [0, segments.length - 1];
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (segments[middle].start <= seconds + 0.01) low = middle;
        else high = middle - 1;
      }
      return low;
    }

    function follow(seconds) {
      if (!segments.length) return;
      const now = of(seconds);
      if (now === current) return;
      current = now;
      mark();
      if (!whole.matches(":hover, :focus-within")) centre(still.matches ? "auto" : "smooth"); // else a person looks around in it
    }

    function centre(behavior) {
      whole.scrollTo({ left: STEP * current - (whole.clientWidth - STEP) / 2, behavior });
    }

    whole.addEventListener("scroll", draw, { passive: true });
    whole.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      const place = [...drawn].find(([, one]) => one === document.activeElement)?.[0];
      if (!step || place === undefined || !segments[place + step]) return;
      event.preventDefault();
      drawn.get(place + step)?.focus();
    });
    new ResizeObserver(() => {
      centre("instant");
      draw();
    }).observe(whole);
    return { whole, show, follow, at: (seconds) => segments[of(seconds)] ?? null };
  }

  return { create };
})();

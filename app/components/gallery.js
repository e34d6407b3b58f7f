// The cards in their even cells: which are shown, in what order, which one the keyboard is at, and
// what is true of each. Knows nothing of how moments are found.
window.prism.gallery ??= (() => {
  const { el, on, t, journey, card: cards, cardActs, flip, keys } = window.prism;
  const KEYS = { m: "more", l: "like", x: "dislike", a: "add", s: "choose" };
  const ARROWS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"];
  const WIDEST = 20; // cards in a row, at most
  const CELLS = [4 / 5, 4 / 3, 16 / 9]; // the shapes that a cell may have

  // opened(moment); near(moment): it may soon be opened; acts: see cardActs, each called with a moment; chosen: a Set of keys.
  function create({ opened, near, acts, chosen }) {
    const grid = el("ol", { class: "ps-cards", "aria-label": t("grid.name") });
    const shown = new Map(); // name -> card, in the order of the list
    const wrapped = Object.entries(acts).map(([name, act]) => [name, ({ moment }) => act(moment)]);
    const bar = cardActs.create(Object.fromEntries(wrapped));
    let at = null; // the card that Tab goes to

    const name = (moment) => [cards.key(moment), ...moment.steps.map((step) => step.index)].join(":");
    const list = () => [...shown.values()];

    // Puts these moments, after those that are there or in their place. Cards that stay are kept as
    // they are; `same` lets them glide to their new places.
    function put(moments, { append = false, same = false } = {}) {
      const focus = grid.contains(document.activeElement) ? document.activeElement : null;
      const place = list().indexOf(current());
      const kept = new Map(append ? shown : []);
      for (const moment of moments) kept.set(name(moment), renewed(moment));
      shown.clear();
      for (const [key, card] of kept) shown.set(key, card);
      if (append) grid.append(...items().slice(grid.childElementCount));
      else {
        shape(moments);
        const change = () => grid.replaceChildren(...items());
        if (same) flip(() => [...grid.children], change);
        else change();
      }
      const next = focus?.isConnected ? focus : focus && list()[Math.min(place, list().length - 1)]?.button;
      next?.focus({ preventScroll: true }); // where a card is gone, the one in its place has the keyboard
      if (!list().includes(at)) rove(list()[0]);
      mark();
    }

    function renewed(moment) {
      const old = shown.get(name(moment));
      old?.patch(moment);
      return old ?? cards.create(moment, opened);
    }

    // The list's elements: the cards, each video's under its title where they stand by video.
    function items() {
      const grouped = journey.now.view.group === "video";
      grid.classList.toggle("ps-grouped", grouped);
      let before = null;
      return list().flatMap(({ item, moment }) => {
        const first = grouped && moment.video_id !== before;
        before = moment.video_id;
        return first ? [el("li", { class: "ps-group" }, el("h2", { dir: "auto" }, moment.title)), item] : [item];
      });
    }

    // Even cells, in the shape that most of the found videos have; as wide as a sequence needs it.
    function shape(moments) {
      const sized = moments.filter((one) => one.width && one.height);
      const aspects = sized.map((one) => one.width / one.height).sort((a, b) => a - b);
      const usual = aspects[aspects.length >> 1] ?? CELLS.at(-1);
      const near = CELLS.reduce((a, b) => (Math.abs(b - usual) < Math.abs(a - usual) ? b : a));
      const steps = Math.min(3, Math.max(1, moments[0]?.steps.length ?? 1));
      grid.style.setProperty("--ps-one", near);
      grid.style.setProperty("--ps-cell", near * steps);
      grid.classList.toggle("ps-long", steps > 1);
    }

    function mark() {
      const { likes, dislikes } = journey.now;
      for (const card of shown.values()) {
        const [{ video_id, play_at }, key] = [card.moment, cards.key(card.moment)];
        const is = { liked: likes.includes(key), disliked: dislikes.includes(key), chosen: chosen.has(key) };
        const seen = video_id === journey.video && Math.abs(play_at - journey.at) < 0.06;
        cards.mark(card, seen, Object.keys(is).filter((one) => is[one]));
      }
      bar.tell();
    }

    function clear(...others) {
      shown.clear();
      at = null;
      grid.replaceChildren(...others);
    }

    const of = (element) => list().find(({ item }) => item === element.closest?.(".ps-item"));

    function rove(card) {
      if (at) at.button.tabIndex = -1;
      at = card ?? null;
      if (at) at.button.tabIndex = 0;
    }

    // The card that the keyboard is at, or null.
    const current = () => (grid.contains(document.activeElement) ? of(document.activeElement) ?? null : null);

    // The card whose moment is in the player, else the first one.
    const cued = () => list().find(({ button }) => button.hasAttribute("aria-current")) ?? list()[0];

    // Nothing has the keyboard, and there are cards that could.
    const idle = () => document.activeElement === document.body && grid.offsetParent !== null && shown.size > 0;

    // To the card beside, or to the nearest one of the next row. False at the edge.
    function go(key) {
      const here = current();
      if (!here) return idle() && reach(cued());
      const all = list();
      const place = all.indexOf(here);
      if (key === "ArrowRight" || key === "ArrowLeft") return reach(all[place + (key === "ArrowRight" ? 1 : -1)]);
      const { offsetTop: top, offsetLeft: left } = here.item;
      const others = key === "ArrowDown" ? all.slice(place + 1) : all.slice(0, place).reverse();
      const first = others.findIndex(({ item }) => item.offsetTop !== top);
      if (first < 0) return false;
      const row = others.slice(first, first + WIDEST).filter(({ item }) => item.offsetTop === others[first].item.offsetTop);
      const off = ({ item }) => Math.abs(item.offsetLeft - left);
      return reach(row.reduce((a, b) => (off(b) < off(a) ? b : a)));
    }

    function reach(card) {
      if (!card) return false;
      card.button.focus();
      card.item.scrollIntoView({ block: "nearest" });
      return true;
    }

    function reached(card) {
      bar.go(card);
      near(card.moment);
    }

    const bind = (key, name, act) => keys.bind(key, { group: "results", name, act });
    const withCard = (act) => () => (current() ? void act(current()) : false);
    ARROWS.forEach((key) => bind(key, "move", () => go(key)));
    bind("Enter", "open", () => (idle() ? cued().button.click() : false)); // else a button's own meaning
    bind("p", "frames", withCard(({ scrub }) => scrub.step(1)));
    for (const [key, act] of Object.entries(KEYS)) bind(key, act, withCard(({ moment }) => acts[act](moment)));
    on("reach", () => reach(cued()));
    grid.addEventListener("focusin", (event) => {
      const card = of(event.target);
      if (!card) return;
      rove(card);
      reached(card);
    });
    grid.addEventListener("pointerover", (event) => {
      const card = event.pointerType !== "touch" && of(event.target);
      if (card) reached(card);
    });
    return { grid, put, mark, clear, count: () => shown.size, moments: () => list().map((one) => one.moment) };
  }

  return { create };
})();

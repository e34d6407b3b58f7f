// Moves elements from where they were to where they are now, so that eyes can follow a new order.
window.prism.flip ??= (() => {
  const TIME = 220; // milliseconds
  const SEEN = 1500; // pixels from the window within which moving is worth its work
  const still = window.matchMedia("(prefers-reduced-motion: reduce)");

  // Calls `change`, which puts the elements of `items()` into another order.
  function flip(items, change) {
    if (still.matches) return change();
    const before = new Map(items().map((one) => [one, one.getBoundingClientRect()]));
    change();
    for (const one of items()) {
      const [was, is] = [before.get(one), one.getBoundingClientRect()];
      if (!near(is) && !(was && near(was))) continue;
      const [x, y] = was ? [was.left - is.left, was.top - is.top] : [0, 0];
      if (!was) one.animate([{ opacity: 0 }, { opacity: 1 }], { duration: TIME });
      else if (x || y) one.animate([{ transform: `translate(${x}px, ${y}px)` }, { transform: "none" }], { duration: TIME, easing: "ease-out" });
    }
  }

  const near = (box) => box.bottom > -SEEN && box.top < innerHeight + SEEN;

  return flip;
})();

// Chips: what was asked for, a piece each, with its picture and a button that takes it away. And how
// a row of them is drawn anew without anyone losing their place.
window.prism.chips ??= (() => {
  const { el, icon, iconButton, t } = window.prism;

  // parts: {poster, sign: beside or instead of it, what: the content, name: what is read out, more:
  // buttons, remove: called for the cross}.
  function chip({ sign = null, poster = null, what, name, remove, look = "", more = [] }) {
    const picture = poster && el("img", { src: poster, alt: "", draggable: "false" });
    picture?.addEventListener("error", () => picture.remove());
    const gone = iconButton("close", t("chips.remove", { name }), remove, { class: "ps-icon-button ps-chip-remove" });
    const text = typeof what === "string" ? el("span", { class: "ps-chip-text", dir: "auto", title: what }, what) : what;
    return el("span", { class: `ps-chip ${look}` }, picture, sign && icon(sign), text, ...more, gone);
  }

  // Draws a part of the page anew; what stays keeps the focus, and what goes gives it to its neighbour.
  function redraw(root, draw) {
    const held = root.contains(document.activeElement) ? document.activeElement : null;
    const place = held ? stops(root).indexOf(held) : -1;
    root.replaceChildren(...draw());
    if (!held || document.activeElement === held) return;
    const next = held.isConnected ? held : stops(root)[Math.min(place, stops(root).length - 1)];
    next?.focus({ preventScroll: true });
  }

  const stops = (root) => [...root.querySelectorAll("button, input, select")];

  return { chip, redraw };
})();

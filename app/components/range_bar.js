// What can be done with a marked range: search by it, ask for it too, keep it, tag it, share it.
window.prism.rangeBar ??= (() => {
  const { el, iconButton, number, range, t } = window.prism;

  // acts: {search, add, clip, tag, link, clear}, each called with its button; condition(): the range
  // as a question names it, which it is dragged as.
  function create(acts, condition) {
    const time = el("span", { class: "ps-range-time", draggable: "true", title: t("range.drag") });
    const named = (name) => {
      const button = el("button", { type: "button", class: "ps-small", onclick: () => acts[name](button) }, t(`range.${name}`));
      return button;
    };
    const whole = el("div", { class: "ps-range-bar", role: "group", "aria-label": t("range.name"), hidden: true },
      time, iconButton("close", t("range.clear"), acts.clear),
      el("div", { class: "ps-range-acts" }, ...["search", "add", "clip", "tag", "link"].map(named)));

    function show(stretch) {
      whole.hidden = !stretch;
      if (!stretch) return;
      const [start, end] = [range.exact(stretch.start), range.exact(stretch.end)];
      time.textContent = t("range.time", { start, end, length: number(Math.round(10 * (stretch.end - stretch.start)) / 10) });
    }

    time.addEventListener("dragstart", (event) => {
      event.dataTransfer.setData("text/x-prism-moment", condition());
      event.dataTransfer.setData("text/plain", time.textContent);
    });
    return { whole, show };
  }

  return { create };
})();

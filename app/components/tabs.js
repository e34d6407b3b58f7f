// The tabs: one row of buttons that shows one panel of the page (page.py) at a time. Which one it is
// stands in the journey, and so in the address. Knows nothing of what the panels hold.
window.prism.tabs ??= (() => {
  const { el, icon, on, t, journey } = window.prism;
  const PICTURES = { search: "search", classes: "classes", map: "map", library: "film" };
  const NAMES = Object.keys(PICTURES);
  const panel = (name) => document.getElementById(`ps-panel-${name}`);

  const buttons = NAMES.map((name) =>
    el("button", {
      type: "button", role: "tab", id: `ps-tab-${name}`, "aria-controls": `ps-panel-${name}`,
      onclick: () => journey.show(name),
    }, icon(PICTURES[name]), el("span", {}, t(`tabs.${name}`))));
  const view = el("div", { class: "ps-tabs", role: "tablist", "aria-label": t("tabs.name") }, ...buttons);

  function turn() {
    const shown = NAMES.includes(journey.tab) ? journey.tab : NAMES[0];
    NAMES.forEach((name, i) => {
      buttons[i].setAttribute("aria-selected", String(name === shown));
      buttons[i].tabIndex = name === shown ? 0 : -1;
      panel(name).hidden = name !== shown;
    });
  }

  // Gradio draws the panels, a little later than what stands above them.
  function begin() {
    if (!NAMES.every(panel)) return requestAnimationFrame(begin);
    for (const name of NAMES) {
      panel(name).setAttribute("role", "tabpanel");
      panel(name).setAttribute("aria-labelledby", `ps-tab-${name}`);
    }
    turn();
    on("tab", turn);
  }

  view.addEventListener("keydown", (event) => {
    const here = buttons.indexOf(document.activeElement);
    const places = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: -1 };
    if (!(event.key in places)) return;
    event.preventDefault();
    const next = buttons.at(places[event.key] % buttons.length);
    next.focus();
    next.click();
  });
  begin();
  return { view };
})();

// Panels that open beside their button, and from the bottom edge on a phone. A panel is filled anew
// each time, closes at Escape or a tap elsewhere, and gives the focus back. Knows nothing of what it holds.
window.prism.popover ??= (() => {
  const { el } = window.prism;
  const FIRST = "[autofocus], button:not(:disabled), input, select, textarea, a[href]";

  // fill(panel) draws what the button opens; panel.hidePopover() closes it. The role "menu" moves the
  // focus to the first entry at once; any other panel takes the focus itself.
  function attach(button, fill, { role = "dialog", label = null, look = "" } = {}) {
    const panel = el("div", { class: `ps-part ps-popover ${look}`, popover: "auto", role, tabindex: "-1" });
    button.setAttribute("aria-haspopup", role === "menu" ? "menu" : "dialog");
    button.setAttribute("aria-expanded", "false");
    button.addEventListener("click", (event) => {
      if (panel.matches(":popover-open")) return; // the browser closes it by itself
      event.preventDefault(); // it would open it later than the next key may come
      button.popoverTargetElement = panel;
      button.closest("dialog, main").append(panel); // what lies outside an open dialog is out of reach
      panel.setAttribute("aria-label", label ?? button.getAttribute("aria-label") ?? button.textContent);
      panel.style.visibility = "hidden"; // until it is measured
      fill(panel);
      panel.showPopover();
      place(button, panel);
      focus(panel);
    });
    panel.addEventListener("toggle", (event) => toggled(button, panel, event.newState === "open"));
    new ResizeObserver(() => place(button, panel)).observe(panel);
    return panel;
  }

  function toggled(button, panel, open) {
    button.setAttribute("aria-expanded", String(open));
    if (!open) panel.remove();
  }

  function focus(panel) {
    const direct = panel.getAttribute("role") !== "dialog";
    const target = panel.querySelector(direct ? FIRST : "[autofocus]") ?? panel;
    target.focus({ preventScroll: true });
  }

  // Below the button where there is room, else above it; never past the window's edges.
  function place(button, panel) {
    if (!panel.isConnected) return;
    panel.style.left = 0; // else the window's edge would squeeze what is measured
    const [edge, box] = [button.getBoundingClientRect(), panel.getBoundingClientRect()];
    const below = edge.bottom + box.height + 8 < innerHeight || edge.top < box.height + 8;
    const wide = document.documentElement.clientWidth - 8;
    const start = edge.left + box.width < wide ? edge.left : edge.right - box.width;
    panel.style.top = `${scrollY + (below ? edge.bottom + 4 : edge.top - box.height - 4)}px`;
    panel.style.left = `${scrollX + Math.max(8, Math.min(start, wide - box.width))}px`;
    panel.style.visibility = "";
  }

  return { attach };
})();

// One small menu that many buttons share. It opens beside its button, is steered by keys, pointer or
// touch, closes at Escape or a tap elsewhere, and asks before what cannot be undone.
window.prism.menu ??= (() => {
  const { el, icon } = window.prism;
  const sheet = el("div", { class: "ps-part ps-menu", popover: "auto" });
  let owner = null;

  // items(): [{text, picture, act, danger, ask: {question, detail, yes, no}}], asked for at each opening.
  function attach(button, items) {
    button.setAttribute("aria-haspopup", "menu");
    opens(button, () => list(button, items()));
  }

  // ask(): {question, detail, yes, act}, which the button puts to the person at once.
  function confirm(button, ask) {
    button.setAttribute("aria-haspopup", "dialog");
    opens(button, () => put(ask()));
  }

  function opens(button, fill) {
    button.popoverTargetElement = sheet; // so that a second click closes it
    button.addEventListener("click", () => {
      if (!sheet.isConnected) document.querySelector(".gradio-container").append(sheet);
      if (sheet.matches(":popover-open")) return;
      owner = button;
      sheet.style.visibility = "hidden"; // until it is measured
      fill();
    });
  }

  function list(button, items) {
    sheet.setAttribute("role", "menu");
    sheet.setAttribute("aria-label", button.getAttribute("aria-label"));
    sheet.replaceChildren(...items.map(entry));
  }

  function entry({ text, picture, act, danger, ask }) {
    const choose = () => (ask ? put({ ...ask, act }) : done(act));
    const look = danger ? "ps-entry ps-bad" : "ps-entry";
    return el("button", { type: "button", role: "menuitem", class: look, onclick: choose }, icon(picture), text);
  }

  function put({ question, detail, yes, no = "Keep", act }) {
    const keep = el("button", { type: "button", class: "ps-button", onclick: () => done(null) }, no);
    const go = el("button", { type: "button", class: "ps-button ps-danger", onclick: () => done(act) }, yes);
    sheet.setAttribute("role", "alertdialog");
    sheet.setAttribute("aria-label", question);
    sheet.replaceChildren(el("p", { class: "ps-question" }, question), el("p", { class: "ps-hint" }, detail), el("div", {}, keep, go));
    if (sheet.matches(":popover-open")) show();
  }

  function done(act) {
    sheet.hidePopover();
    act?.();
  }

  function show() {
    sheet.style.left = 0; // else the window's edge would squeeze what is measured
    const [edge, box] = [owner.getBoundingClientRect(), sheet.getBoundingClientRect()];
    const fits = edge.bottom + box.height + 8 < innerHeight || edge.top < box.height + 8;
    const left = Math.max(8, Math.min(edge.right, document.documentElement.clientWidth - 8) - box.width);
    sheet.style.top = `${scrollY + (fits ? edge.bottom + 4 : edge.top - box.height - 4)}px`;
    sheet.style.left = `${scrollX + left}px`;
    sheet.style.visibility = "";
    sheet.querySelector("button").focus({ preventScroll: true });
  }

  sheet.addEventListener("toggle", (event) => {
    if (event.newState === "open") show();
  });
  sheet.addEventListener("keydown", (event) => {
    const buttons = [...sheet.querySelectorAll("button")];
    const here = buttons.indexOf(document.activeElement);
    const places = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: -1 };
    if (event.key === "Tab" && sheet.getAttribute("role") === "menu") sheet.hidePopover();
    if (!(event.key in places)) return;
    event.preventDefault();
    buttons.at(places[event.key] % buttons.length).focus();
  });

  // What a button stood for is gone: so is its menu.
  function forget(button) {
    if (owner === button && sheet.matches(":popover-open")) sheet.hidePopover();
  }

  return { attach, confirm, forget };
})();

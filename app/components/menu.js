// Menus of what can be done, and the question before what cannot be undone; both in a popover.
window.prism.menu ??= (() => {
  const { el, icon, popover, t } = window.prism;

  // items(): [{text, picture, act, danger, lang, ask: {question, detail, yes, no}}], asked for at each
  // opening; `lang` is the language of the text where it is another one.
  function attach(button, items) {
    const sheet = popover.attach(button, () => list(sheet, items()), { role: "menu", look: "ps-menu" });
    steer(sheet);
  }

  // ask(): {question, detail, yes, no, act}, which the button puts to the person at once.
  function confirm(button, ask) {
    const sheet = popover.attach(button, () => put(sheet, ask()), { role: "alertdialog", look: "ps-menu" });
    steer(sheet);
  }

  function list(sheet, items) {
    sheet.setAttribute("role", "menu");
    sheet.replaceChildren(...items.map((item) => entry(sheet, item)));
  }

  function entry(sheet, { text, picture, act, danger, ask, lang }) {
    const choose = () => (ask ? put(sheet, { ...ask, act }) : done(sheet, act));
    const look = danger ? "ps-entry ps-bad" : "ps-entry";
    return el("button", { type: "button", role: "menuitem", class: look, lang, onclick: choose },
      picture ? icon(picture) : el("span", { class: "ps-icon" }), text);
  }

  function put(sheet, { question, detail, yes, no = t("menu.keep"), act }) {
    const keep = el("button", { type: "button", class: "ps-button", onclick: () => done(sheet, null) }, no);
    const go = el("button", { type: "button", class: "ps-button ps-danger", onclick: () => done(sheet, act) }, yes);
    sheet.setAttribute("role", "alertdialog");
    sheet.setAttribute("aria-label", question);
    sheet.replaceChildren(el("p", { class: "ps-question" }, question), el("p", { class: "ps-hint" }, detail), el("div", {}, keep, go));
    if (sheet.matches(":popover-open")) keep.focus();
  }

  function done(sheet, act) {
    sheet.hidePopover();
    act?.();
  }

  function steer(sheet) {
    sheet.addEventListener("keydown", (event) => {
      const buttons = [...sheet.querySelectorAll("button")];
      const here = buttons.indexOf(document.activeElement);
      const places = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: -1 };
      if (event.key === "Tab" && sheet.getAttribute("role") === "menu") sheet.hidePopover();
      if (!(event.key in places)) return;
      event.preventDefault();
      buttons.at(places[event.key] % buttons.length).focus();
    });
  }

  // What a button stood for is gone: so is its menu.
  function forget(button) {
    const sheet = button.popoverTargetElement;
    if (sheet?.matches(":popover-open")) sheet.hidePopover();
  }

  return { attach, confirm, forget };
})();

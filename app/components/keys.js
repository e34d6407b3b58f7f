// The keyboard: which key does what, and the dialog that tells it. Components bind their keys here,
// and nobody else listens for single keys. Knows not what the keys do.
window.prism.keys ??= (() => {
  const { el, iconButton, dialog, emit, journey, t } = window.prism;
  const TYPING = "input, textarea, select, [contenteditable=true]";
  const PRESSED = "button, a, summary, [role=slider]"; // what Space presses; not what plays already
  const SIGNS = { " ": t("keys.space"), Enter: "⏎", ArrowRight: "→", ArrowLeft: "←", ArrowUp: "↑", ArrowDown: "↓" };
  const KEPT = "prismsearch.keys";
  const GROUPS = ["page", "results", "player"]; // whose turn it is first
  const bindings = [];
  let off = kept();

  function kept() {
    try {
      return localStorage.getItem(KEPT) === "off";
    } catch {
      return false; // this browser lets the page keep nothing
    }
  }

  // Single keys get in the way of those who steer by voice, so that they can be turned off.
  function turn(on) {
    off = !on;
    try {
      localStorage.setItem(KEPT, on ? "on" : "off");
    } catch {
      // it holds until the page is left
    }
  }

  // bind("l", {group: "results", name: "like", act}): act(event) answers false where it has nothing
  // to act on; then the next binding of that key is asked, or the key keeps its own meaning.
  function bind(key, { group, name, act }) {
    bindings.push({ key, group, name, act });
    bindings.sort((a, b) => GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group));
  }

  function busy(event) {
    const { target } = event;
    if (off || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return true;
    if (target.closest?.(TYPING) && target.type !== "checkbox") return true;
    if (document.querySelector("dialog[open]") || document.querySelector("[popover]:popover-open")) return true;
    return event.key === " " && Boolean(target.closest?.(PRESSED)) && !target.closest("[aria-current]");
  }

  document.addEventListener("keydown", (event) => {
    if (busy(event)) return;
    const done = bindings.some(({ key, act }) => key === event.key && act(event) !== false);
    if (done) event.preventDefault();
  });

  function rows(group) {
    const names = [...new Set(bindings.filter((one) => one.group === group).map((one) => one.name))];
    return names.map((name) => {
      const mine = bindings.filter((one) => one.group === group && one.name === name);
      const signs = [...new Set(mine.map(({ key }) => SIGNS[key] ?? key))];
      return el("div", {}, el("dt", {}, ...signs.map((sign) => el("kbd", {}, sign))), el("dd", {}, t(`keys.${name}`)));
    });
  }

  function tell() {
    const sections = GROUPS.map((group) =>
      el("section", {}, el("h3", {}, t(`keys.in.${group}`)), el("dl", {}, ...rows(group))));
    const choice = el("input", { type: "checkbox", checked: !off, onchange: () => turn(choice.checked) });
    const all = [el("div", { class: "ps-key-groups" }, ...sections), el("label", { class: "ps-key-choice" }, choice, t("keys.use"))];
    dialog.open(t("keys.title"), all, { look: "ps-keys" });
  }

  bind("?", { group: "page", name: "help", act: tell });
  bind("/", {
    group: "page",
    name: "search",
    act() {
      journey.show("search");
      emit("focus");
    },
  });

  // A button that opens the help, for those who do not guess the key.
  const button = () => iconButton("keys", t("keys.title"), tell);

  return { bind, button };
})();

// What can be done with the moment in the player, as buttons and as keys: like it, ask with it, loop
// it, keep it. Knows not how any of it is done.
window.prism.momentTools ??= (() => {
  const { el, iconButton, journey, keys, t } = window.prism;
  const GROUPS = [
    { like: "like", dislike: "dislike", more: "similar", add: "plus" },
    { loop: "loop", mark: "range" },
    { clip: "download", link: "link" },
  ];
  const STATES = ["like", "dislike", "loop", "mark"]; // on or off
  const KEYS = { l: "like", x: "dislike", m: "more", a: "add", o: "loop" };

  // acts: one for each tool's name, called with its button.
  function create(acts) {
    const buttons = {};
    const groups = GROUPS.map((tools) => {
      for (const [name, sign] of Object.entries(tools)) {
        buttons[name] = iconButton(sign, t(`player.${name}`), () => acts[name](buttons[name]));
        if (STATES.includes(name)) press(name, false);
      }
      return el("span", { class: "ps-tool-group" }, ...Object.keys(tools).map((name) => buttons[name]));
    });
    const whole = el("div", { class: "ps-tools", role: "group", "aria-label": t("player.tools") }, ...groups);

    function press(name, on) {
      buttons[name].setAttribute("aria-pressed", String(on));
    }

    for (const [key, name] of Object.entries(KEYS)) bind(key, name, () => buttons[name].click());
    return { whole, buttons, press };
  }

  // A key that means something as long as the player is open.
  function bind(key, name, act) {
    keys.bind(key, { group: "player", name, act: () => (journey.video ? void act() : false) });
  }

  return { create, bind };
})();

// How much a condition counts and in which role: a button that shows its weight, and the panel behind
// it. Knows no chip and no box; both put the button where they like.
window.prism.weighing ??= (() => {
  const { el, iconButton, icon, t, number, journey, popover } = window.prism;
  const WEIGHTS = [0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5];
  const ROLES = ["and", "not", "then"];

  const said = (weight) => t("weighing.times", { weight: number(weight) });

  // condition() and place() are asked for whenever they are needed: chips move.
  function button(condition, place, name) {
    const text = el("span", { class: "ps-weight" });
    const whole = el("button", { type: "button", class: "ps-icon-button ps-weigh", title: t("weighing.name", { name }), "aria-label": t("weighing.name", { name }) }, text);
    const tell = () => {
      const weight = condition()?.weight ?? 1;
      text.replaceChildren(weight === 1 ? icon("more") : said(weight));
      whole.classList.toggle("ps-weighed", weight !== 1);
    };
    popover.attach(whole, (panel) => fill(panel, condition, place, name), { label: t("weighing.name", { name }), look: "ps-weighing" });
    tell();
    return { button: whole, tell };
  }

  function fill(panel, condition, place, name) {
    const shown = el("output", { "aria-live": "polite" }, said(condition().weight));
    const step = (direction) => {
      const now = condition().weight;
      const next = direction > 0 ? WEIGHTS.find((one) => one > now) : WEIGHTS.findLast((one) => one < now);
      if (next === undefined) return;
      journey.set(place(), { weight: next });
      shown.textContent = said(next);
    };
    const rows = [
      el("p", { class: "ps-panel-name" }, name),
      el("div", { class: "ps-panel-row" }, el("span", {}, t("weighing.weight")),
        el("span", { class: "ps-stepper" },
          iconButton("minus", t("weighing.less"), () => step(-1)), shown, iconButton("plus", t("weighing.more"), () => step(1)))),
    ];
    if (condition().role !== "q") rows.push(roles(panel, condition, place));
    panel.replaceChildren(...rows);
  }

  function roles(panel, condition, place) {
    const choose = (role) => {
      panel.hidePopover();
      journey.set(place(), { role });
    };
    const pill = (role) =>
      el("button", { type: "button", class: "ps-pill", "aria-pressed": String(condition().role === role), onclick: () => choose(role) }, t(`weighing.role.${role}`));
    return el("div", { class: "ps-pills", role: "group", "aria-label": t("weighing.role") }, ...ROLES.map(pill));
  }

  return { button };
})();

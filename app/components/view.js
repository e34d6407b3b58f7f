// How results are ordered and how many show: the order, moments a video, together by video or not, and
// how good they must be. Knows the address's words for it, not what is found.
window.prism.view ??= (() => {
  const { el, icon, iconButton, t, number, on, journey, popover } = window.prism;
  const SORTS = ["best", "newest", "oldest", "title", "time"];
  const LEAST = ["", "10", "1", "0.1"]; // percent of the library; none: all of it
  const [USUAL, MOST] = [3, 50]; // moments of a video

  // Where filters alone chose what is shown, nothing is better than another.
  const usualOrder = () => (journey.asked() && !journey.sought() ? "newest" : "best");
  const orders = () => SORTS.slice(usualOrder() === "best" ? 0 : 1);

  const set = (name, value) => journey.to({ view: { ...journey.now.view, [name]: value || null } });

  function pills(panel, name, values, say, usual) {
    const now = journey.now.view[name] ?? usual;
    const pill = (value) => {
      const choose = () => (set(name, value === usual ? null : value), fill(panel, name));
      return el("button", { type: "button", class: "ps-pill", "aria-pressed": String(value === now), "data-name": name, onclick: choose }, say(value));
    };
    return row(t(`view.${name}`), el("div", { class: "ps-pills", role: "group", "aria-label": t(`view.${name}`) }, ...values.map(pill)));
  }

  const row = (title, control) => el("div", { class: "ps-view-row" }, el("h2", {}, title), control);

  function stepper() {
    const shown = el("output", { "aria-live": "polite" });
    const tell = () => (shown.textContent = number(now()));
    const now = () => Number(journey.now.view.per_video ?? USUAL);
    const step = (by) => () => {
      const next = Math.min(MOST, Math.max(1, now() + by));
      if (next !== now()) set("per_video", next === USUAL ? null : String(next));
      tell();
    };
    tell();
    return el("span", { class: "ps-stepper" }, iconButton("minus", t("view.fewer"), step(-1)), shown, iconButton("plus", t("view.more"), step(1)));
  }

  // Drawn anew after a choice; the focus stays at the row where it was made.
  function fill(panel, chosen = null) {
    panel.replaceChildren(
      pills(panel, "sort", orders(), (one) => t(`view.sort.${one}`), usualOrder()),
      pills(panel, "least", LEAST, (one) => (one ? t("view.least.best", { percent: number(Number(one)) }) : t("view.least.all")), ""),
      pills(panel, "group", ["", "video"], (one) => t(one ? "view.group.video" : "view.group.flat"), ""),
      row(t("view.per_video"), stepper()),
    );
    if (chosen) panel.querySelector(`[data-name="${chosen}"][aria-pressed="true"]`)?.focus();
  }

  // The button that opens the panel; it says in which order results are.
  function button() {
    const text = el("span", {});
    const whole = el("button", { type: "button", class: "ps-tool" }, icon("sort"), text);
    const tell = () => {
      const { sort, group } = journey.now.view;
      const order = orders().includes(sort) ? sort : usualOrder();
      text.textContent = t(`view.sort.${order}`);
      whole.setAttribute("aria-label", t("view.name", { order: text.textContent }));
      whole.classList.toggle("ps-on", order !== usualOrder() || Boolean(group));
    };
    popover.attach(whole, (panel) => fill(panel), { label: t("view.title"), look: "ps-view" });
    on("query", tell);
    tell();
    return whole;
  }

  return { button };
})();

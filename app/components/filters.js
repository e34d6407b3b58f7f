// The panel of filters: what the library can be narrowed to, with how many videos each choice leaves.
// A choice takes effect at once. Knows the choices from the API; the journey keeps what is chosen.
window.prism.filters ??= (() => {
  const { el, icon, iconButton, t, number, latest, on, journey, question, popover, faces, chips, filterValues: values } = window.prism;
  const SHOWN = 8; // choices of a kind before one asks for more
  const ask = latest();

  const panelOf = (button) => popover.attach(button, open, { label: t("filters.name"), look: "ps-filters" });
  let shown = null; // {panel, order, all, words}: the open panel and what stays as it is while it is open

  function open(panel) {
    shown = { panel, order: {}, all: new Set(), words: "", lists: {} };
    const find = el("input", { type: "search", class: "ps-input ps-find", placeholder: t("filters.find"), "aria-label": t("filters.find") });
    find.addEventListener("input", () => {
      shown.words = find.value.trim();
      refresh();
    });
    const { lists } = shown;
    for (const name of ["video", "folder", "tag", "duration", "part", "recorded", "added"]) lists[name] = el("div", { class: "ps-choices" });
    panel.replaceChildren(
      el("div", { class: "ps-filter-columns" },
        section("video", find, lists.video), section("folder", lists.folder), section("tag", lists.tag),
        section("duration", lists.duration, lengths()), section("part", lists.part),
        section("recorded", lists.recorded, dates("recorded")), section("added", lists.added, dates("added"))),
      footer(panel),
    );
    draw("part", Object.values(values.PARTS).map((value) => ({ value, text: values.say("part", value) })));
    panel.setAttribute("aria-busy", "true");
    refresh();
  }

  function section(name, ...parts) {
    const title = el("h2", { id: `ps-filter-${name}` }, t(`filters.${name}`));
    return el("section", { "aria-labelledby": title.id, class: `ps-filter-${name}` }, title, ...parts);
  }

  function footer(panel) {
    const clear = el("button", { type: "button", class: "ps-link", onclick: () => journey.to({ filters: {} }) }, t("filters.clear"));
    const done = el("button", { type: "button", class: "ps-button ps-primary", onclick: () => panel.hidePopover() }, t("filters.done"));
    shown.trouble = el("p", { class: "ps-hint", role: "status" });
    return el("div", { class: "ps-panel-foot" }, clear, shown.trouble, done);
  }

  async function refresh() {
    const mine = shown;
    if (!mine?.panel.isConnected) return;
    const asked = new URLSearchParams(question.write({ ...question.empty(), filters: journey.now.filters }));
    if (mine.words) asked.set("words", mine.words);
    try {
      const found = await ask(`facets?${asked}`);
      if (mine === shown) tell(found);
    } catch (error) {
      if (error.name !== "AbortError") mine.trouble.textContent = error.message;
    }
  }

  function tell(found) {
    shown.trouble.textContent = "";
    shown.panel.removeAttribute("aria-busy");
    found.videos.forEach((one) => faces.remember(`video:${one.video_id}`, { label: one.title, poster: null }));
    draw("video", found.videos.map((one) => ({ value: one.video_id, text: one.title })), shown.words === "");
    draw("folder", found.folders.map((one) => ({ value: one.folder, text: one.folder, count: one.count })));
    draw("tag", found.tags.map((one) => ({ value: one.tag, text: one.tag, count: one.count })));
    draw("duration", found.durations.map((one) => ranged(values.between(one.from, one.to), values.length, one.count)));
    for (const name of ["recorded", "added"]) {
      draw(name, found[name].map((one) => ranged(values.dates(one.from, one.to), values.days, one.count)));
    }
    draw("part", Object.values(values.PARTS).map((value) => ({ value, text: values.say("part", value) })));
  }

  const ranged = (value, say, count) => ({ value, text: say(value), count });
  const chosen = (name) => [journey.now.filters[name] ?? []].flat();

  // The choices of one kind, in the order in which they were first seen; chosen ones stay although none is left.
  function draw(name, offered, steady = true) {
    const list = shown.lists[name];
    const absent = chosen(name).filter((value) => !offered.some((one) => one.value === value));
    const whole = [...offered, ...absent.map((value) => ({ value, text: values.say(name, value), count: name === "part" ? undefined : 0 }))];
    const order = (shown.order[name] ??= new Map());
    whole.forEach(({ value }) => order.has(value) || order.set(value, order.size));
    if (steady) whole.sort((a, b) => order.get(a.value) - order.get(b.value));
    const some = shown.all.has(name) ? whole : whole.slice(0, SHOWN);
    const rest = whole.length - some.length;
    list.closest("section").hidden = !whole.length && !(name === "video" && shown.words);
    chips.redraw(list, () => [
      ...some.map((one) => choice(name, one)),
      ...(rest > 0 ? [el("button", { type: "button", class: "ps-link", onclick: () => (shown.all.add(name), refresh()) }, t("filters.more", { count: rest }))] : []),
      ...(whole.length ? [] : [el("p", { class: "ps-hint" }, t("filters.none"))]),
    ]);
  }

  function choice(name, { value, text, count }) {
    const box = el("input", { type: "checkbox", checked: chosen(name).includes(value) });
    box.addEventListener("change", () =>
      name === "part" ? journey.filter("part", box.checked ? value : null) : journey.toggle(name, value));
    const many = count === undefined ? null : el("span", { class: "ps-count" }, number(count));
    const look = count === 0 && !box.checked ? "ps-choice ps-none" : "ps-choice";
    return el("label", { class: look }, box, el("span", { class: "ps-choice-text", dir: "auto", title: text }, text), many);
  }

  // Lengths of one's own, written as on a clock.
  function lengths() {
    const [from, to] = ["from", "to"].map((side) =>
      el("input", { type: "text", class: "ps-input", inputmode: "numeric", placeholder: side === "from" ? "0:00" : "1:30", "aria-label": t(`filters.duration.${side}`) }));
    return own("duration", from, to, () => {
      const [low, high] = [values.seconds(from.value), values.seconds(to.value)];
      return low === null && high === null ? null : values.between(low, high);
    });
  }

  function dates(name) {
    const [from, to] = ["from", "to"].map((side) => el("input", { type: "date", class: "ps-input", "aria-label": t(`filters.${name}.${side}`) }));
    return own(name, from, to, () => (from.value || to.value ? values.dates(from.value, to.value) : null));
  }

  function own(name, from, to, read) {
    const add = () => {
      const value = read();
      if (value && !chosen(name).includes(value)) journey.toggle(name, value);
      from.value = to.value = "";
    };
    const go = iconButton("plus", t(`filters.${name}.own`), add);
    const row = el("div", { class: "ps-own" }, from, el("span", { "aria-hidden": "true" }, "–"), to, go);
    row.addEventListener("keydown", (event) => event.key === "Enter" && (event.preventDefault(), add()));
    return row;
  }

  // The button that opens the panel, with how many filters are set.
  function button() {
    const count = el("span", { class: "ps-badge", hidden: true });
    const whole = el("button", { type: "button", class: "ps-tool" }, icon("filter"), el("span", {}, t("filters.name")), count);
    const tell = () => {
      const set = Object.values(journey.now.filters).flat().filter(Boolean).length;
      count.hidden = !set;
      count.textContent = number(set);
      whole.setAttribute("aria-label", set ? t("filters.set", { count: set }) : t("filters.name"));
    };
    panelOf(whole);
    on("query", () => (tell(), refresh()));
    tell();
    return whole;
  }

  return { button };
})();

// What holds beside the conditions, as chips that can be undone: liked and disliked moments, filters,
// and how much of the library may show at all.
window.prism.narrowed ??= (() => {
  const { el, t, number, on, journey, question, faces, chips, filterValues: values } = window.prism;
  const SIGNS = { video: "film", folder: "folder", tag: "tag", duration: "clock", part: "range", added: "clock", recorded: "clock", within: "map" };

  function moment(one, name, undo) {
    const face = faces.of(`moment:${one}`);
    const label = face?.label ?? t("conditions.moment");
    return chips.chip({ poster: face?.poster, sign: name, what: label, name: t(`narrowed.${name}`, { label }), remove: () => undo(one), look: `ps-chip-${name}` });
  }

  function filter(name, value) {
    const text = values.say(name, value);
    const remove = () => (name === "part" ? journey.filter("part", null) : journey.toggle(name, value));
    return chips.chip({ sign: SIGNS[name], what: text, name: text, remove });
  }

  function least(percent) {
    const text = t("narrowed.least", { percent: number(Number(percent)) });
    return chips.chip({ sign: "best", what: text, name: text, remove: () => journey.to({ view: { ...journey.now.view, least: null } }) });
  }

  function all() {
    const { likes, dislikes, filters, view } = journey.now;
    const set = [...question.LISTS, "part"].flatMap((name) => [filters[name] ?? []].flat().map((value) => filter(name, value)));
    return [
      ...likes.map((one) => moment(one, "like", journey.like)),
      ...dislikes.map((one) => moment(one, "dislike", journey.dislike)),
      ...set,
      ...(view.least ? [least(view.least)] : []),
    ];
  }

  function clear() {
    const { view } = journey.now;
    journey.to({ likes: [], dislikes: [], filters: {}, view: { ...view, least: null } });
  }

  function create() {
    const root = el("div", { class: "ps-narrowed", role: "group", "aria-label": t("narrowed.name"), hidden: true });
    const draw = () => {
      const set = all();
      const undo = el("button", { type: "button", class: "ps-link", onclick: clear }, t("narrowed.clear"));
      chips.redraw(root, () => (set.length > 1 ? [...set, undo] : set));
      root.hidden = !set.length;
    };
    on("query", draw);
    on("faces", draw);
    draw();
    return root;
  }

  return { create };
})();

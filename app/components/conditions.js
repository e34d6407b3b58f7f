// The conditions of a question beside the words in the box: a row of chips for each step, and a chip
// that is being written. Changes go to the journey; what is drawn comes from there.
window.prism.conditions ??= (() => {
  const { el, icon, iconButton, t, journey, question, faces, chips, weighing, filterValues, on } = window.prism;
  const SIGNS = { clip: "film", moment: "similar", range: "range" };
  const GAPS = [5, 15, 30, 60, 120, 300, 900, 3600]; // seconds

  // The place of the condition that the box shows: the first step's first words, or -1.
  function boxed() {
    const [first = []] = question.steps(journey.now);
    return first.find((one) => one.kind === "words" && one.role !== "not")?.at ?? -1;
  }

  // An input as wide as its words; keep(words) is called once they are settled.
  function words(value, label, keep) {
    const input = el("input", { type: "text", class: "ps-chip-words", value, "aria-label": label, maxlength: 500, size: fit(value), autocomplete: "off" });
    input.addEventListener("input", () => (input.size = fit(input.value)));
    input.addEventListener("change", () => keep(input.value.trim()));
    input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") input.value = value;
      if (event.key === "Enter" || event.key === "Escape") input.blur();
    });
    return input;
  }

  const fit = (text) => Math.min(48, Math.max(6, text.length + 1));

  // One condition as a chip that lives on as long as it means the same; `at` moves.
  function piece(one) {
    const held = { ...one, weight: null };
    const face = one.kind === "words" ? null : faces.of(question.text({ ...one, weight: 1 }));
    const name = faces.name(one);
    const what = one.kind === "words" ? words(one.value, t("conditions.words"), rename) : name;
    const more = weighing.button(() => journey.now.conditions[held.at], () => held.at, name);
    held.whole = chips.chip({
      sign: SIGNS[one.kind], poster: face?.poster, what, name, more: [more.button],
      look: one.role === "not" ? "ps-chip-not" : "", remove: () => journey.remove(held.at),
    });
    held.tell = () => more.tell();
    held.known = face !== null || one.kind === "words";

    function rename(value) {
      if (value === held.value) return;
      if (!value) return journey.remove(held.at);
      held.value = value;
      journey.set(held.at, { value });
    }
    return held;
  }

  function create({ pick }) {
    const root = el("div", { class: "ps-steps" });
    let pieces = [];
    let draft = null; // {role, step, chip}: a condition that is being written
    let drawn = null;

    function of(one) {
      const same = (held) => ["role", "kind", "value"].every((key) => held[key] === one[key]) && held.known;
      const found = pieces.find(same);
      pieces = pieces.filter((held) => held !== found);
      return Object.assign(found ?? piece(one), { at: one.at });
    }

    function draw() {
      const box = boxed();
      const steps = question.steps(journey.now);
      const kept = steps.map((parts) => parts.filter(({ at }) => at !== box).map(of));
      pieces = kept.flat();
      pieces.forEach((held) => held.tell());
      const shape = JSON.stringify([kept, box, steps.length, draft, journey.now.gap]);
      if (shape === drawn) return;
      drawn = shape;
      if (draft?.role === "then") kept.push([]);
      chips.redraw(root, () => kept.map((held, i) => row(held, i, kept.length, box)).filter(Boolean));
      root.hidden = !root.children.length;
    }

    function row(held, i, count, box) {
      const writing = draft && draft.step === i;
      if (!i && !held.length && !writing) return null;
      const led = held.map((one, n) => [lead(one, n === 0 && (i || box < 0)), one.whole]).flat();
      const parts = [...(i ? opening(i, held.length > 0) : []), ...led, ...(writing ? [lead(draft, draft.role === "then"), draft.chip] : [])];
      const add = count > 1 && !writing && held.length + !i && iconButton("plus", t("conditions.more", { place: i + 1 }), () => write("and", i), { class: "ps-icon-button ps-step-more" });
      return el("div", { class: "ps-step-row", role: "group", "aria-label": t("conditions.step", { place: i + 1 }), style: `--ps-step: var(--ps-step-${i % 4})` }, ...parts.filter(Boolean), add || null);
    }

    // "then", how soon, and a way to let it happen before.
    function opening(i, swappable) {
      const then = el("span", { class: "ps-lead ps-then" }, t("conditions.then"));
      const swap = swappable ? iconButton("earlier", t("conditions.earlier", { place: i + 1 }), () => journey.earlier(i), { class: "ps-icon-button ps-step-earlier" }) : null;
      return [then, i === 1 ? gap() : null, swap];
    }

    function gap() {
      const now = journey.now.gap ?? 60;
      const offered = [...new Set([...GAPS, now])].sort((a, b) => a - b);
      const options = offered.map((one) => el("option", { value: one, selected: one === now }, t("conditions.within", { time: filterValues.time(one) })));
      const choose = el("select", { class: "ps-gap", "aria-label": t("conditions.gap") }, ...options);
      choose.addEventListener("change", () => journey.to({ gap: Number(choose.value) === 60 ? null : Number(choose.value) }));
      return choose;
    }

    function lead({ role }, first) {
      if (role === "not") return el("span", { class: "ps-lead" }, t("conditions.without"));
      return first ? null : el("span", { class: "ps-lead" }, t("conditions.and"));
    }

    // A chip to write in, or to fill with an example; it goes when it is left empty.
    function write(role, step = Math.max(0, question.steps(journey.now).length - (role === "then" ? 0 : 1))) {
      const input = words("", t(`conditions.new.${role}`), (value) => {
        if (!value) return drop();
        draft = null;
        journey.add({ kind: "words", value }, role, role === "then" ? null : step);
      });
      input.placeholder = t(`conditions.hint.${role}`);
      input.addEventListener("blur", () => setTimeout(() => !input.value && !chip.contains(document.activeElement) && drop(), 150));
      const example = iconButton("film", t("search.example"), () => pick(role, step), { class: "ps-icon-button ps-chip-remove" });
      const chip = chips.chip({ what: input, name: t("conditions.draft"), remove: drop, look: "ps-chip-draft", more: [example] });
      draft = { role, step, chip };
      draw();
      input.focus();

      function drop() {
        if (draft?.chip !== chip) return;
        draft = null;
        draw();
      }
    }

    on("query", draw);
    on("faces", draw);
    draw();
    return { root, write, drop: () => ((draft = null), draw()) };
  }

  return { create, boxed };
})();

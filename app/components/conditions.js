// The conditions of a question beside the words in the box: a row of chips for each step, and a chip
// that is being written. Changes go to the journey; what is drawn comes from there.
window.prism.conditions ??= (() => {
  const { el, iconButton, t, journey, question, faces, chips, weighing, filterValues, on } = window.prism;
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
      if (event.key === "Enter") keep(input.value.trim());
      if (event.key !== "Escape") return;
      input.value = value;
      input.blur();
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
      sign: face?.poster ? null : SIGNS[one.kind], poster: face?.poster, what, name, more: [more.button],
      look: one.role === "not" ? "ps-chip-not" : "", remove: () => journey.remove(held.at),
    });
    held.tell = () => more.tell();
    held.known = face !== null || one.kind === "words";

    function rename(value) {
      if (value === held.value) return;
      held.value = value; // told twice, it is done once
      held.known = false; // its buttons have names of their own: another chip takes its place
      if (value) journey.set(held.at, { value });
      else journey.remove(held.at);
    }
    return held;
  }

  // The letter under which results and heat show a step, in its colour.
  const letter = (i) =>
    el("span", { class: "ps-letter", style: `--ps-step: var(--ps-step-${i % 4})`, "aria-hidden": "true" }, String.fromCharCode(65 + i));

  function create({ pick }) {
    const root = el("div", { class: "ps-steps" });
    let pieces = [];
    let draft = null; // {role, step, chip, number}: a condition that is being written
    let drafts = 0;
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
      const many = count > 1;
      const parts = held.map((one, n) => led(one, n === 0 && (i || box < 0), one.whole));
      if (writing) parts.push(led(draft, draft.role === "then", draft.chip));
      const tools = [many && !writing && grow(i), many && i > 0 && held.length > 0 && swap(i)];
      const name = many ? t("conditions.step", { place: i + 1 }) : t("conditions.beside");
      return el("div", { class: "ps-step-row", role: "group", "aria-label": name },
        ...[many && letter(i), ...(i ? [then(), i === 1 && gap()] : []), ...parts, ...tools].filter(Boolean));
    }

    const then = () => el("span", { class: "ps-lead ps-then" }, t("conditions.then"));
    const swap = (i) => iconButton("earlier", t("conditions.earlier", { place: i + 1 }), () => journey.earlier(i));
    const grow = (i) => iconButton("plus", t("conditions.more", { place: i + 1 }), () => write("and", i));

    function gap() {
      const now = journey.now.gap ?? 60;
      const offered = [...new Set([...GAPS, now])].sort((a, b) => a - b);
      const options = offered.map((one) => el("option", { value: one, selected: one === now }, t("conditions.within", { time: filterValues.time(one) })));
      const choose = el("select", { class: "ps-gap", "aria-label": t("conditions.gap") }, ...options);
      choose.addEventListener("change", () => journey.to({ gap: Number(choose.value) === 60 ? null : Number(choose.value) }));
      return choose;
    }

    // A chip after the word that says how it belongs to what stands before it; they wrap as one.
    function led({ role }, first, chip) {
      const word = role === "not" ? t("conditions.without") : first ? null : t("conditions.and");
      return word ? el("span", { class: "ps-led" }, el("span", { class: "ps-lead" }, word), chip) : chip;
    }

    // A chip to write in, or to fill with an example; it goes when it is left empty.
    function write(role, step = Math.max(0, question.steps(journey.now).length - (role === "then" ? 0 : 1))) {
      const input = words("", t(`conditions.new.${role}`), (value) => {
        if (!value || draft?.chip !== chip) return drop();
        draft = null;
        journey.add({ kind: "words", value }, role, role === "then" ? null : step);
      });
      input.placeholder = t(`conditions.hint.${role}`);
      input.addEventListener("blur", () => setTimeout(() => !input.value && !chip.contains(document.activeElement) && drop(), 150));
      const example = iconButton("film", t("search.example"), () => pick(role, step), { class: "ps-icon-button ps-chip-remove" });
      const chip = chips.chip({ what: input, name: t("conditions.draft"), remove: drop, look: "ps-chip-draft", more: [example] });
      draft = { role, step, chip, number: (drafts += 1) };
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

  return { create, boxed, letter };
})();

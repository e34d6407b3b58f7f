// The asking half of the search page, put together: the box for words, what is asked beside them, and
// the tools. Words go to the journey; each part draws itself from there.
const { el, icon, iconButton, on, t, journey, question } = window.prism;
const { conditions, offering, narrowed, filters, view, remembering, typing, weighing, sharing } = window.prism;
const root = element.querySelector(".ps-search-bar");

const input = el("input", {
  type: "search", name: "q", id: "ps-words", autocomplete: "off", maxlength: 500, enterkeyhint: "search",
  spellcheck: "false", "aria-label": t("search.placeholder"), "aria-describedby": "ps-reads",
});
const clear = iconButton("close", t("search.clear"), empty, { class: "ps-icon-button ps-clear", hidden: true });
const before = iconButton("clock", t("history.name"), () => (input.focus(), memory.open()), { class: "ps-icon-button ps-before-open" });
const example = iconButton("film", t("search.example"), () => offers.pick());
const slash = el("kbd", { title: t("search.slash"), "aria-hidden": "true" }, "/");
const go = el("button", { type: "submit", class: "ps-button ps-primary", "aria-label": t("search.go") }, icon("search"), el("span", {}, t("search.go")));
const weigh = weighing.button(boxed, conditions.boxed, t("conditions.words"));
const sign = el("span", { class: "ps-sign" }, icon("search"));
const widen = iconButton("plus", t("conditions.more", { place: 1 }), () => steps.write("and", 0), { class: "ps-icon-button ps-widen", hidden: true });
const field = el("label", { class: "ps-field" }, sign, input, slash, weigh.button, widen, clear, before, example);
const box = el("div", { class: "ps-box" }, field);
const form = el("form", { role: "search" }, box, go);
const memory = remembering.below(input, box);
box.append(memory.list);

const trouble = el("p", { class: "ps-error", role: "alert", hidden: true });
const notice = el("span", { class: "ps-hint ps-notice", role: "status" });
const reads = el("span", { class: "ps-hint", id: "ps-reads" });
const split = el("button", { type: "button", class: "ps-link ps-split", hidden: true });
const offers = offering.create({ say });
const steps = conditions.create({ pick: offers.pick });
const grow = ["and", "then", "not"].map((role) =>
  el("button", { type: "button", class: "ps-tool ps-grow", "aria-label": t(`search.add.${role}`), onclick: () => more(role) }, icon("plus"), el("span", {}, t(`search.short.${role}`))));
const keep = remembering.saveButton((message) => say(message, false), say);
const copy = sharing.button((message) => say(message, false), say);
const tools = el("div", { class: "ps-tools" }, ...grow, filters.button(), view.button(), keep, copy, notice, reads);
root.replaceChildren(form, steps.root, offers.root, tools, narrowed.create(), split, trouble);
offers.receive(root);

let timer = null;
let quiet = null;

function boxed() {
  return journey.now.conditions[conditions.boxed()];
}

function say(message, bad = true) {
  clearTimeout(quiet);
  trouble.textContent = bad ? message || "" : "";
  trouble.hidden = !trouble.textContent;
  notice.textContent = bad ? "" : message;
  quiet = setTimeout(() => (notice.textContent = ""), 6000);
}

// The words of the box become the question, or stop being a part of it.
function ask(how) {
  clearTimeout(timer);
  const [words, place] = [input.value.trim(), conditions.boxed()];
  if (how.typing && words === (boxed()?.value ?? "")) return;
  if (!words && place < 0) return how.typing ? null : journey.to({});
  if (!words) journey.remove(place, how);
  else if (place < 0) journey.begin({ kind: "words", value: words }, how);
  else journey.set(place, { value: words }, how);
}

// While someone types, the machine is asked as soon as it is fast enough for that.
function soon(event) {
  tell();
  clearTimeout(timer);
  const wait = typing.pause();
  if (wait !== null && !event.isComposing) timer = setTimeout(() => ask({ typing: true }), wait);
}

function empty() {
  input.value = "";
  ask({ typing: false });
  input.focus();
  if (journey.asked() !== null) memory.close(); // or it would cover what is still asked
}

// What is typed counts before more is asked for.
function more(role) {
  if (input.value.trim() !== (boxed()?.value ?? "")) ask({ typing: false });
  steps.write(role);
}

function draw() {
  const words = boxed()?.value ?? "";
  if (input.value.trim() !== words) input.value = words;
  const { conditions: all } = journey.now;
  input.placeholder = t(all.length && !words ? "search.placeholder.more" : "search.placeholder");
  const many = question.steps(journey.now).length > 1;
  weigh.button.hidden = !words || all.length < 2;
  widen.hidden = !many;
  sign.replaceChildren(many ? conditions.letter(0) : icon("search"));
  weigh.tell();
  tell();
}

// What depends on letters alone.
function tell() {
  clear.hidden = !input.value;
  const asked = journey.asked() !== null;
  grow.forEach((one) => (one.hidden = !input.value.trim() && !journey.now.conditions.length));
  keep.hidden = !asked;
  copy.hidden = !asked;
  halve();
}

// Words that speak of two steps can be asked as two; only if the person says so.
function halve() {
  const said = /^(.+?),?\s+(?:and\s+)?(then|without)\s+(.+)$/i.exec(input.value.trim());
  const alone = journey.now.conditions.length === 1 && boxed();
  split.hidden = !said || !alone;
  if (split.hidden) return;
  const [, first, word, second] = said;
  const role = word.toLowerCase() === "then" ? "then" : "not";
  split.textContent = t(`search.split.${role}`, { first, second });
  split.onclick = () => journey.to({ conditions: [{ role: "q", kind: "words", value: first, weight: 1 }, question.condition(role, `1*words:${second}`)] });
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  memory.close();
  ask({ typing: false });
});
for (const change of ["input", "compositionend"]) input.addEventListener(change, soon);
input.addEventListener("focus", () => !input.value && memory.open());
input.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented) return;
  event.preventDefault(); // a search field would empty itself
  input.blur();
});
on("query", () => {
  say("");
  draw();
});
on("focus", () => {
  input.focus();
  input.select();
});
on("status", () => {
  const model = journey.info?.model;
  const mute = model && !model.reads_words;
  reads.textContent = !model || model.toy ? "" : t(mute ? "search.wordless" : "search.english");
  input.disabled = go.disabled = Boolean(mute);
});
draw();

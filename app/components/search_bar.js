// Words or an example video in, a query out.
const { el, icon, iconButton, on, send, refusal, dropzone, journey } = window.prism;
const root = element.querySelector(".ps-search-bar");

const input = el("input", {
  type: "search", name: "q", id: "ps-words", autocomplete: "off", maxlength: 500,
  placeholder: "Describe a moment", "aria-label": "Describe a moment",
});
const picker = el("input", { type: "file", accept: "video/*,.mkv", hidden: true, tabindex: "-1" });
picker.setAttribute("aria-label", "Example video");
const example = el(
  "button",
  { type: "button", class: "ps-button ps-example", title: "Search with an example video" },
  icon("film"), el("span", {}, "Example video"),
);
const go = el("button", { type: "submit", class: "ps-button ps-primary" },
  icon("search"), el("span", {}, "Search"));
const chip = el("div", { class: "ps-chip", hidden: true });
const key = el("kbd", { title: "Press / to search", "aria-hidden": "true" }, "/");
const form = el(
  "form", { role: "search" },
  el("label", { class: "ps-field" }, icon("search"), chip, input, key), example, go, picker,
);
const reads = el("p", { class: "ps-hint", hidden: true }, "Reads English.");
const trouble = el("p", { class: "ps-error", role: "alert", hidden: true });
root.replaceChildren(form, reads, trouble);

let label = null;

function say(message) {
  trouble.textContent = message || "";
  trouble.hidden = !message;
}

const first = () => journey.now.conditions[0];

function draw() {
  const clip = first()?.kind === "clip";
  input.value = first()?.kind === "words" ? first().value : "";
  chip.hidden = !clip;
  input.placeholder = clip ? "" : "Describe a moment";
  if (!clip) return;
  chip.replaceChildren(
    icon("film"),
    el("span", {}, label || "Example video"),
    iconButton("close", "Remove the example", forget),
  );
}

function forget() {
  say("");
  journey.ask(null);
  input.focus();
}

async function give(file) {
  const problem = refusal(file, journey.info?.max_example_bytes);
  if (problem) return say(problem);
  say("");
  example.disabled = true;
  example.classList.add("ps-working");
  try {
    const sent = await send("queries", file).finished;
    label = sent.label;
    journey.ask(`clip:${sent.query_id}`);
  } catch (error) {
    say(error.message);
  } finally {
    example.disabled = false;
    example.classList.remove("ps-working");
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  say("");
  const words = input.value.trim();
  if (words || first()?.kind !== "clip") journey.ask(words ? { kind: "words", value: words } : null);
});
example.addEventListener("click", () => picker.click());
picker.addEventListener("change", () => {
  if (picker.files.length) give(picker.files[0]);
  picker.value = "";
});
dropzone(root, (files) => give(files[0]));
on("query", draw);
on("focus", () => {
  input.focus();
  input.select();
});
on("status", () => {
  const model = journey.info?.model;
  reads.hidden = !model || model.toy;
  if (!model || model.reads_words) return;
  reads.textContent = "This model reads no words: search with an example video.";
  input.disabled = go.disabled = true;
});
draw();

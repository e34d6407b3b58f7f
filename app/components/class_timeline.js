// Which classes to tell apart in which video, and the chart of them over time.
const { el, on, emit, t, kept, api, latest, classChart, journey } = window.prism;
const root = element.querySelector(".ps-class-timeline");
const [ask, list] = [latest(), latest()];
const OFFERED = 100;
const KEPT = "prismsearch.classes"; // what was typed outlives a reload

const find = el("input", { type: "search", class: "ps-input", maxlength: 200, hidden: true, placeholder: t("classes.find.hint"), "aria-label": t("classes.find") });
const choice = el("select", { id: "ps-class-video" });
const names = el("textarea", { id: "ps-classes", rows: 5, spellcheck: "false" });
const go = el("button", { type: "submit", class: "ps-button ps-primary" }, t("classes.go"));
const form = el("form", { class: "ps-class-form" },
  el("label", { for: "ps-class-video" }, t("classes.video")), find, choice,
  el("label", { for: "ps-classes" }, t("classes.names")), names,
  el("div", { class: "ps-class-go" }, go));
const trouble = el("p", { class: "ps-error", role: "alert", hidden: true });
const chart = el("div", { hidden: true });
root.replaceChildren(form, trouble, chart);

let shown = null; // {video, chart}
let time = 0;

function say(message) {
  trouble.textContent = message || "";
  trouble.hidden = !message;
}

function lines() {
  return [...new Set(names.value.split("\n").map((one) => one.trim()).filter(Boolean))];
}

// The videos to choose among: of a large library only some, and a box to find others.
async function videos() {
  if (!journey.status || root.offsetParent === null) return;
  const { model } = journey.info;
  // English in every language of the page, because the model reads nothing else.
  names.placeholder = model.toy ? "a red circle\na blue square\na green star" : "cooking\nplaying football\nriding a bicycle";
  find.hidden = journey.status.counts.done <= OFFERED;
  const question = new URLSearchParams({ state: "done", limit: OFFERED, words: find.hidden ? "" : find.value });
  const key = [question, journey.status.counts.done, journey.video].join();
  if (choice.dataset.key === key) return;
  try {
    const ready = (await list(`videos?${question}`)).videos;
    if (journey.video && !ready.some((one) => one.video_id === journey.video)) {
      const open = await api(`videos/${journey.video}`).catch(() => null);
      if (open) ready.unshift(open);
    }
    offer(ready);
    choice.dataset.key = key;
  } catch {
    // Called off, or gone: the next look at the library asks again.
  }
}

function offer(ready) {
  choice.replaceChildren(
    el("option", { value: "" }, ready.length ? t("classes.choose") : t("classes.choose.none")),
    ...ready.map((one) => el("option", { value: one.video_id, dir: "auto" }, one.title)));
  choice.value = journey.video ?? "";
}

async function classify() {
  const classes = lines();
  if (!journey.video) return say(t("classes.choose.first"));
  if (!classes.length) return say(t("classes.missing"));
  say("");
  go.disabled = true;
  try {
    const video = journey.video;
    const options = {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ classes }),
    };
    draw(video, await ask(`videos/${video}/classes`, options));
  } catch (error) {
    if (error.name !== "AbortError") {
      chart.hidden = true;
      say(error.message);
    }
  } finally {
    go.disabled = false;
  }
}

function draw(video, answer) {
  shown = { video, chart: classChart.create(answer, (at) => emit("seek", at)) };
  shown.chart.follow(time);
  chart.replaceChildren(shown.chart.whole);
  chart.hidden = false;
  chart.scrollIntoView({ block: "nearest" });
}

function moved() {
  videos();
  if (!shown || journey.video === shown.video) return;
  shown = null;
  chart.hidden = true;
  if (journey.video && lines().length) classify();
}

names.value = kept.read(KEPT) ?? "";
names.addEventListener("input", () => kept.keep(KEPT, names.value));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  classify();
});
names.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) classify();
});
choice.addEventListener("change", () => {
  if (choice.value) journey.open(choice.value, 0, { play: false });
});
find.addEventListener("input", videos);
on("status", videos);
new IntersectionObserver(videos).observe(root);
on("open", moved);
on("close", moved);
on("time", (now) => {
  time = now.time;
  shown?.chart.follow(time);
});

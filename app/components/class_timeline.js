// The chosen video's classes over time: one coloured row a class, the player's time across all.
const { el, on, emit, t, percent, clock, api, latest, heat, journey } = window.prism;
const root = element.querySelector(".ps-class-timeline");
const [ask, list] = [latest(), latest()];
const OFFERED = 100;
const COLOURS = 8;

const find = el("input", { type: "search", class: "ps-input", hidden: true, placeholder: t("classes.find.hint"), "aria-label": t("classes.find") });
const choice = el("select", { id: "ps-class-video" });
const names = el("textarea", { id: "ps-classes", rows: 5, spellcheck: "false" });
const go = el("button", { type: "submit", class: "ps-button ps-primary" }, t("classes.go"));
const form = el("form", { class: "ps-class-form" },
  el("label", { for: "ps-class-video" }, t("classes.video")), find, choice,
  el("label", { for: "ps-classes" }, t("classes.names")), names,
  el("div", { class: "ps-class-go" }, go));
const trouble = el("p", { class: "ps-error", role: "alert", hidden: true });
const chart = el("div", { class: "ps-chart", hidden: true });
root.replaceChildren(form, trouble, chart);

let shown = null; // {video, answer, rows, length}
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
    ...ready.map((one) => el("option", { value: one.video_id }, one.title)));
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

// Where each segment speaks: from halfway to the one before it, to halfway to the next.
function bounds(answer, length) {
  const middle = answer.starts.map((start, i) => (start + answer.ends[i]) / 2);
  return middle.map((at, i) => [
    i ? (middle[i - 1] + at) / 2 : 0,
    i + 1 < middle.length ? (at + middle[i + 1]) / 2 : length,
  ]);
}

function row(name, column, cells, answer, length) {
  const track = el("div", { class: "ps-track" });
  cells.forEach(([from, to], i) => {
    const share = answer.probabilities[i][column];
    const cell = el("span", { class: "ps-cell", title: t("classes.cell", { from: clock(from), to: clock(to), share: percent(share) }) });
    cell.style.cssText = `left:${(100 * from) / length}%;width:${(100 * (to - from)) / length}%;height:${100 * share}%`;
    track.append(cell);
  });
  const value = el("span", { class: "ps-share" });
  const label = el("span", { class: "ps-class-name", title: name }, el("i"), el("span", { dir: "auto" }, name));
  const whole = el("div", { class: `ps-class-row ps-hue-${column % COLOURS}` }, label, track, value);
  return { whole, track, value, column };
}

function draw(video, answer) {
  const length = Math.max(...answer.ends);
  const cells = bounds(answer, length);
  const rows = answer.classes.map((name, i) => row(name, i, cells, answer, length));
  const head = el("div", { class: "ps-head", "aria-hidden": "true" });
  const tracks = el("div", {
    class: "ps-rows", role: "slider", tabindex: "0", "aria-valuemin": "0",
    "aria-valuemax": length.toFixed(1), "aria-label": t("classes.time"),
  }, ...rows.map((one) => one.whole), head);
  heat.seekable(line(tracks, rows), () => length, () => time, (at) => emit("seek", at), () => {});
  shown = { video, answer, rows, length, cells, head, tracks };
  chart.replaceChildren(
    el("p", { class: "ps-hint" }, t("classes.how")),
    tracks,
    el("div", { class: "ps-scale", "aria-hidden": "true" },
      el("span", {}, clock(0)), el("span", {}, clock(length / 2)), el("span", {}, clock(length))));
  chart.hidden = false;
  follow();
}

// The rows' tracks share their left and right edges: seeking measures against the first of them.
function line(tracks, rows) {
  tracks.getBoundingClientRect = () => {
    const edge = rows[0].track.getBoundingClientRect();
    return edge;
  };
  return tracks;
}

function follow() {
  if (!shown) return;
  const { rows, length, cells, answer, head, tracks } = shown;
  const here = Math.max(0, cells.findIndex(([from, to]) => time >= from && time < to));
  const best = Math.max(...answer.probabilities[here]);
  for (const { whole, value, column } of rows) {
    const share = answer.probabilities[here][column];
    value.textContent = percent(share);
    whole.classList.toggle("ps-top", share === best);
  }
  head.style.setProperty("--ps-at", Math.min(1, time / length));
  tracks.setAttribute("aria-valuenow", time.toFixed(1));
  tracks.setAttribute("aria-valuetext", clock(time));
}

function moved() {
  videos();
  if (!shown || journey.video === shown.video) return;
  shown = null;
  chart.hidden = true;
  if (journey.video && lines().length) classify();
}

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
  follow();
});

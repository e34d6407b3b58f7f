// What the query found, as pictures; or why there is nothing to see yet.
const { el, icon, on, emit, clock, amount, latest, journey } = window.prism;
const root = element.querySelector(".ps-moment-grid");
const ask = latest();
const wide = window.matchMedia("(min-width: 1000px)");

const line = el("p", { class: "ps-status", role: "status" });
const grid = el("ol", { class: "ps-cards", "aria-label": "Moments" });
const empty = el("div", { class: "ps-empty" });
root.replaceChildren(line, grid, empty);
let found = null;

function card(moment, low, high) {
  const strength = high > low ? (moment.score - low) / (high - low) : 1;
  const picture = el("img", { src: moment.poster, alt: "", loading: "lazy", width: 320, height: 180 });
  picture.addEventListener("error", () => picture.classList.add("ps-missing"));
  const bar = el("span", { class: "ps-bar" }, el("span", {}));
  bar.firstChild.style.width = `${Math.round(18 + 82 * strength)}%`;
  const stretch = `${clock(moment.start)} to ${clock(moment.end)}`;
  const name = `${moment.rank}. ${moment.title}, ${stretch}`;
  const button = el(
    "button", { type: "button", class: "ps-card", "aria-label": name, title: stretch },
    el("span", { class: "ps-picture" },
      picture,
      el("span", { class: "ps-play" }, icon("play")),
      el("span", { class: "ps-time" }, clock(moment.play_at))),
    el("span", { class: "ps-name" }, moment.title),
    el("span", { class: "ps-rank", title: "Similarity of the query and this moment (cosine)" },
      el("span", { class: "ps-place" }, `${moment.rank}`), bar,
      el("span", { class: "ps-score" }, moment.score.toFixed(3))),
  );
  button.addEventListener("click", () => journey.open(moment.video_id, moment.play_at));
  return el("li", { "data-video": moment.video_id, "data-at": moment.play_at }, button);
}

function mark() {
  for (const item of grid.children) {
    const near = Math.abs(Number(item.dataset.at) - journey.at) < 0.06;
    const current = item.dataset.video === journey.video && near;
    if (current) item.firstChild.setAttribute("aria-current", "true");
    else item.firstChild.removeAttribute("aria-current");
  }
}

function span(ms) {
  return ms < 1000 ? `${Math.max(1, Math.round(ms))} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function draw(answer) {
  const scores = answer.moments.map((one) => one.score);
  const [low, high] = [Math.min(...scores), Math.max(...scores)];
  grid.replaceChildren(...answer.moments.map((one) => card(one, low, high)));
  const count = amount(answer.moments.length, "moment");
  line.textContent = scores.length ? `${count}, best first, in ${span(answer.took_ms)}` : "";
  mark();
  explain();
}

function ghosts() {
  const blank = () => el("li", { class: "ps-ghost", "aria-hidden": "true" }, el("span"), el("span"));
  grid.replaceChildren(...Array.from({ length: 8 }, blank));
}

// The best moment is shown, not played, where there is room and the person chose no other video.
function cue(answer) {
  const best = answer.moments[0];
  if (!best || !wide.matches || (journey.video && !journey.cued)) return;
  journey.open(best.video_id, best.play_at, { cue: true });
}

async function search() {
  const asked = journey.asked();
  found = null;
  if (!asked) {
    grid.replaceChildren();
    line.textContent = "";
    return explain();
  }
  clear();
  const slow = setTimeout(ghosts, grid.childElementCount ? 300 : 80);
  root.setAttribute("aria-busy", "true");
  try {
    found = await ask(`search?${asked}`);
    emit("results", found);
    draw(found);
    cue(found);
  } catch (error) {
    if (error.name === "AbortError") return;
    grid.replaceChildren();
    line.textContent = "";
    clear(note("warn", "That did not work", error.message));
  } finally {
    clearTimeout(slow);
    root.removeAttribute("aria-busy");
  }
}

function note(picture, title, ...words) {
  return el("div", { class: "ps-note" }, icon(picture), el("h2", {}, title), el("p", {}, ...words));
}

function suggestions() {
  const words = journey.info?.suggestions ?? [];
  if (!words.length) return null;
  const button = (one) =>
    el("button", { type: "button", class: "ps-suggestion", onclick: () => journey.search(one) }, one);
  return el("div", { class: "ps-suggestions" }, ...words.map(button));
}

function toLibrary(text) {
  const onclick = () => journey.show("Library");
  return el("button", { type: "button", class: "ps-button", onclick }, text);
}

// What to say where nothing is shown; drawn anew only when it changes, as a person may be in it.
function explain() {
  const parts = reasons();
  const words = parts.map((one) => one.textContent).join();
  if (empty.dataset.words !== words) empty.replaceChildren(...parts);
  empty.dataset.words = words;
}

function clear(...parts) {
  empty.dataset.words = "";
  empty.replaceChildren(...parts);
}

function reasons() {
  const { status, info } = journey;
  if (!status || (found && found.moments.length) || (journey.asked() && !found)) return [];
  if (!status.videos) {
    if (info.read_only) return [note("film", "Your library is empty", "This library holds no videos.")];
    return [note("film", "Your library is empty", "Add videos, then search inside them."), toLibrary("Add videos")];
  }
  if (!status.segments) return [unready(status), toLibrary("Open the library")];
  if (journey.asked()) return [note("search", "Nothing found", "No indexed moment answers this query.")];
  const title = `Search inside ${amount(status.videos, "video")}`;
  const words = note("search", title, "Describe what happens, or give an example video.");
  return [words, suggestions()].filter(Boolean);
}

function unready({ counts, videos }) {
  if (counts.failed === videos) return note("warn", "No video could be indexed", "The Library tab says why for each of them.");
  return note("film", "Nothing here yet", "The first videos are being indexed. Moments can be found as soon as they are ready.");
}

// Videos that were finished after the search are offered, not pushed under the person's eyes.
function grown(status) {
  explain();
  if (!found) return;
  const more = status.counts.done - found.videos_done;
  if (more <= 0) return;
  if (!found.moments.length) return search();
  const again = el("button", { type: "button", class: "ps-link", onclick: search }, "Search again");
  line.replaceChildren(`${amount(more, "more video")} indexed since. `, again);
}

grid.addEventListener("keydown", (event) => {
  const cards = [...grid.querySelectorAll(".ps-card")];
  const here = cards.indexOf(event.target.closest(".ps-card"));
  const columns = getComputedStyle(grid).gridTemplateColumns.split(" ").length;
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
  if (here < 0 || !step || !cards[here + step]) return;
  event.preventDefault();
  cards[here + step].focus();
});
on("query", search);
on("open", mark);
on("close", mark);
on("status", grown);
if (journey.asked()) search();
else explain();

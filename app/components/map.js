// The map of the library: makes it on request, shows it, and turns what is chosen on it into a search.
const { el, icon, iconButton, bar, on, api, latest, t, number, percent, journey, mapPoints, mapCanvas } = window.prism;
const root = element.querySelector(".ps-map");
const ask = latest();

const state = el("p", { class: "ps-status", role: "status" });
const line = bar(t("map.making"));
const anew = el("button", { type: "button", class: "ps-link", hidden: true, onclick: make }, t("map.anew"));
const trouble = el("p", { class: "ps-error", role: "alert", hidden: true });
const start = el("button", { type: "button", class: "ps-button ps-primary", onclick: make }, t("map.make"));
const empty = el("div", { class: "ps-note" }, icon("map"), el("h2", {}, t("map.title")), el("p", {}, t("map.what")), start);
const canvas = mapCanvas.create({ opened, chosen });
const heat = toggle("best", t("map.heat"), () => colour());
const pictures = toggle("film", t("map.pictures"), (pressed) => canvas.change("pictures", pressed), true);
const lasso = toggle("lasso", t("map.lasso"), (pressed) => canvas.change("drawing", pressed));
const view = el("button", { type: "button", class: "ps-pill", onclick: () => chosen(canvas.inView()) }, icon("range"), t("map.view"));
const zooms = el("div", { class: "ps-map-zoom", role: "group", "aria-label": t("map.zoom") },
  iconButton("plus", t("map.closer"), () => canvas.zoom(1.6)),
  iconButton("minus", t("map.further"), () => canvas.zoom(1 / 1.6)),
  iconButton("whole", t("map.all"), () => canvas.all()));
const picked = el("span", { role: "status" });
const within = el("button", { type: "button", class: "ps-button ps-primary", onclick: search }, icon("search"), t("map.search"));
const choice = el("div", { class: "ps-map-choice", hidden: true }, picked, within,
  iconButton("close", t("map.clear"), () => chosen(null)));
const tools = el("div", { class: "ps-map-tools", role: "group", "aria-label": t("map.tools") }, lasso.button, view, pictures.button, heat.button);
canvas.whole.append(zooms, choice);
const groups = el("ul", { class: "ps-map-groups", "aria-label": t("map.groups") });
const board = el("section", { "aria-label": t("tabs.map"), hidden: true }, tools, canvas.whole, groups);
root.replaceChildren(el("div", { class: "ps-map-state" }, state, anew), line.whole, trouble, empty, board);

let points = null;
let made = null; // when the map that is shown was made
let rows = null; // what is chosen on it
let asked = null; // the question whose matches are known, and they
let asking = false;

function toggle(picture, words, act, pressed = false) {
  const button = el("button", { type: "button", class: "ps-pill", "aria-pressed": String(pressed) }, icon(picture), words);
  const press = (on) => {
    button.setAttribute("aria-pressed", String(on));
    act(on);
  };
  button.addEventListener("click", () => press(button.getAttribute("aria-pressed") !== "true"));
  return { button, press, pressed: () => button.getAttribute("aria-pressed") === "true" };
}

function say(message) {
  trouble.textContent = message || "";
  trouble.hidden = !message;
}

async function make() {
  start.disabled = true;
  try {
    tell(await api("map?points=false", { method: "POST" }));
  } catch (error) {
    say(error.message);
  } finally {
    start.disabled = false;
  }
}

// Asks how far the map is as long as the tab is seen, and for the points when there are new ones.
async function look() {
  if (asking || root.offsetParent === null) return;
  asking = true;
  try {
    let map = await api("map?points=false");
    if (map.made_at !== null && (map.made_at !== made || gone(map))) {
      map = await api("map");
      take(map);
    }
    tell(map);
  } catch (error) {
    say(error.message);
  } finally {
    asking = false;
  }
}

const gone = (map) => map.count !== points?.count;

function take(map) {
  made = map.made_at;
  points = mapPoints.create(map);
  canvas.set(points);
  choice.hidden = true;
  rows = null;
  asked = null;
  groups.replaceChildren(...points.groups().slice(0, 24).map(group));
  colour();
}

function tell(map) {
  const making = map.state === "making";
  empty.hidden = map.made_at !== null || making;
  board.hidden = map.made_at === null;
  line.whole.hidden = !making;
  line.set(map.share);
  anew.hidden = making || !map.stale || map.made_at === null;
  say(map.message);
  const count = points?.count ?? 0;
  const words = making
    ? t("map.making.share", { share: percent(map.share) })
    : [t("map.count", { count, videos: points?.videos.length ?? 0 }), map.stale ? t("map.stale", { count: map.stale }) : null].filter(Boolean).join(" ");
  state.textContent = map.made_at === null && !making ? "" : words;
  if (making) setTimeout(look, 700);
}

function group({ count, face, box }) {
  const picture = el("img", { src: points.poster(face), alt: "", width: 96, height: 54, loading: "lazy" });
  const name = t("map.group", { count, title: points.video(face).title });
  return el("li", {}, el("button", { type: "button", "aria-label": name, title: name, onclick: () => canvas.around(box) },
    picture, el("span", {}, number(count))));
}

function opened(i) {
  const [from, to] = points.time(i);
  journey.open(points.video(i).video_id, from + (to - from) / 4);
}

function chosen(found) {
  rows = found && found.length ? found : null;
  lasso.press(false);
  choice.hidden = !rows;
  if (rows) {
    const videos = new Set(rows.map((i) => points.number(i))).size;
    picked.textContent = t("map.picked", { count: rows.length, videos });
    within.focus();
  }
  paint();
}

async function search() {
  try {
    const body = JSON.stringify({ videos: points.stretches(rows) });
    const headers = { "Content-Type": "application/json" };
    const { selection } = await api("selections", { method: "POST", headers, body });
    chosen(null);
    journey.within(selection);
  } catch (error) {
    say(error.message);
  }
}

// What answers the question of the page now; its filters hold here as well.
async function colour() {
  const question = journey.asked();
  heat.button.hidden = !question;
  if (!points || root.offsetParent === null) return;
  if (question && heat.pressed() && asked?.question !== question) {
    try {
      const found = await ask(`search?${plain(question)}`);
      asked = { question, matches: matches(found.moments) };
    } catch (error) {
      if (error.name === "AbortError") return; // something else is asked by now
      say(error.message);
    }
  }
  paint();
}

function plain(question) {
  const words = new URLSearchParams(question);
  for (const name of ["limit", "per_video", "group", "sort"]) words.delete(name);
  return `${words}&limit=200&per_video=50`;
}

// The points in what was found, each with its heat: 1 for the best, 0 for the last.
function matches(moments) {
  const found = new Map();
  const places = new Map(points.videos.map((video, i) => [video.video_id, i]));
  const rowsOf = new Map();
  for (let i = 0; i < points.count; i += 1) {
    if (!rowsOf.has(points.number(i))) rowsOf.set(points.number(i), []);
    rowsOf.get(points.number(i)).push(i);
  }
  moments.forEach((moment, rank) => {
    const warmth = 1 - rank / Math.max(1, moments.length - 1);
    for (const i of rowsOf.get(places.get(moment.video_id)) ?? []) {
      const [from, to] = points.time(i);
      if ((from + to) / 2 < moment.start || (from + to) / 2 > moment.end) continue;
      found.set(i, Math.max(warmth, found.get(i) ?? 0));
    }
  });
  return found;
}

function paint() {
  const known = heat.pressed() && asked?.question === journey.asked();
  canvas.mark(known ? asked.matches : null, rows);
}

on("query", () => heat.press(Boolean(journey.asked())));
on("status", look);
on("removed", look);
new IntersectionObserver(() => {
  look();
  colour();
}).observe(root); // the tab is turned to
heat.press(Boolean(journey.asked()));

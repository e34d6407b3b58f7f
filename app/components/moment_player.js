// One video at its moment: the picture, the question's heat below it, what can be done with the
// moment or with a marked range, the segments around it, and its tags.
const { el, icon, iconButton, on, emit, clock, api, latest, t, journey } = window.prism;
const { card, loop: loops, momentTools, neighbours, range, rangeBar, saving, screen, strip, tagging, timeline } = window.prism;
const root = element.querySelector(".ps-moment-player");
const ask = latest();

let known = null; // the video's row, for its length before its own data has come
let heat = null; // the question held against this video
let found = []; // every moment that the list shows
let judged = null; // what was liked or disliked last, which may have left the list

const trouble = el("p", { class: "ps-error", role: "alert", hidden: true });
const title = el("h2", { class: "ps-title", dir: "auto" });
const place = el("span", { class: "ps-now" });
const legend = el("ul", { class: "ps-legend", "aria-label": t("player.legend"), hidden: true });
const jumps = el("div", { class: "ps-moments", role: "group", "aria-label": t("player.moments") });
const view = screen.create({ say, changed: tell });
const { video } = view;
const strips = neighbours.create((segment) => view.seek(segment.start));
const tags = tagging.create({ seek: view.seek, say });
const line = timeline.create({ duration, time: view.time, seek: view.seek, still, mark: (start, end) => marked.set(start, end) });
const marked = range.create({ line: line.whole, duration, changed: ranged });
const tools = momentTools.create({
  like: () => judge(journey.like),
  dislike: () => judge(journey.dislike),
  more: () => journey.moreLike(here()),
  add: () => journey.add(`moment:${here()}`),
  loop: () => loop.toggle(),
  mark: toggleRange,
  clip: keep,
  link: (button) => copyLink(button, view.time()),
});
const unfold = iconButton("more", t("player.details"), fold, { class: "ps-icon-button ps-unfold", "aria-expanded": "false" });
tools.whole.append(unfold);
const loop = loops.create({ video, stretch, changed: (on) => tools.press("loop", on) });
const bar = rangeBar.create({
  search: () => journey.ask(condition()),
  add: () => journey.add(condition()),
  clip: keep,
  tag: () => tags.ask(marked.get()),
  link: (button) => copyLink(button, marked.get().start),
  clear: () => marked.clear(),
}, condition);
root.replaceChildren(
  el("section", { "aria-label": t("player.name") },
    view.stage, line.whole, trouble,
    el("div", { class: "ps-caption" }, title, place, iconButton("close", t("player.close"), () => journey.close())),
    tools.whole,
    el("div", { class: "ps-details" }, legend, bar.whole, jumps, strips.whole, tags.whole)),
);

function duration() {
  return Number.isFinite(video.duration) && video.duration > 0 ? video.duration : known?.duration || 0;
}

function tell() {
  place.textContent = `${clock(view.time())} / ${clock(duration())}`;
  line.tell();
  strips.follow(view.time());
  verdict();
}

function say(message, again) {
  trouble.textContent = message || "";
  trouble.hidden = !message;
  if (again) trouble.append(" ", el("button", { type: "button", class: "ps-again", onclick: again }, t("player.again")));
}

const mine = () => found.filter((one) => one.video_id === journey.video);
const at = (seconds) => ({ start, end }) => start <= seconds && seconds <= end;
const parts = (one) => (one.steps.length ? one.steps : [one]);

// The segment that is seen now: the judged one, a found one, else that of this time.
const seen = () => [judged, ...mine().flatMap(parts)].filter(Boolean).find(at(view.time())) ?? strips.at(view.time());

// The same as a question names it.
const here = () => `${journey.video}:${seen()?.index ?? 0}`;

// The verdict stays with its moment, so that giving it again takes it back.
function judge(give) {
  judged = seen();
  give(here());
}

// What loops, and what is kept: the marked range, else the moment.
function stretch() {
  const { start, end } = marked.get() ?? mine().find(at(view.time())) ?? strips.at(view.time()) ?? { start: 0, end: duration() };
  return { start, end };
}

function condition() {
  const { start, end } = marked.get();
  return `range:${journey.video}:${start.toFixed(2)}-${end.toFixed(2)}`;
}

function open({ video: id, at: seconds, play }) {
  root.classList.remove("ps-gone");
  judged = null;
  document.body.classList.add("ps-open");
  const other = known?.video_id !== id;
  if (other) clear();
  name(known ?? mine()[0]);
  view.open(id, { at: seconds, play, poster: mine().flatMap(parts).find(at(seconds))?.poster });
  loop.take();
  list();
  warm();
  if (other) learn(id);
}

function name(row) {
  title.textContent = row?.title ?? "";
  title.title = card.short(title.textContent);
  if (row?.width && row.height) root.style.setProperty("--ps-aspect", row.width / row.height);
}

function clear() {
  known = heat = null;
  marked.clear();
  strips.show([]);
}

async function learn(id) {
  try {
    const row = await api(`videos/${id}`);
    const all = row.segments_done ? await api(`videos/${id}/segments`) : { segments: [] };
    if (journey.video !== id) return;
    known = row;
    name(row);
    strips.show(all.segments.map((one) => ({ ...one, frames: all.frames })));
    tell();
    await tags.open(id);
  } catch (error) {
    fail(id, error);
  }
}

async function check() {
  const id = journey.video;
  await new Promise((done) => setTimeout(done, 500)); // who removed it here lets go of it first
  if (id && journey.video === id) await api(`videos/${id}`).catch((error) => fail(id, error));
}

function fail(id, error) {
  if (journey.video !== id) return;
  if (error.code === "unknown_video") lose(error.message);
  else say(error.message);
}

// The video is not in the library: a sentence stands where it was, and nothing can be done with it.
function lose(message) {
  journey.close({ gone: true });
  document.body.classList.add("ps-open");
  root.classList.add("ps-gone");
  name({ title: message });
}

async function warm() {
  const [asked, id] = [journey.sought(), journey.video];
  const answer = asked && id ? await ask(`videos/${id}/heatmap?${asked}`).catch((error) => error) : null;
  if (answer?.name === "AbortError" || journey.video !== id) return;
  if (answer instanceof Error) say(answer.message);
  heat = answer?.curves?.length ? answer : null;
  root.classList.toggle("ps-cold", !heat);
  line.show({ heat });
  const words = window.prism.heat.legend(heat?.curves ?? []);
  legend.hidden = !words.length;
  legend.replaceChildren(...words);
}

function list() {
  const all = mine().sort((a, b) => a.start - b.start);
  const peaks = (one) => parts(one).map(({ peak }, step) => ({ at: peak, step }));
  line.show({ ticks: all.flatMap(peaks) });
  jumps.hidden = all.length < 2;
  jumps.replaceChildren(...all.map((one) =>
    el("button", { type: "button", class: "ps-jump", title: t("player.jump", { rank: one.rank }), onclick: () => journey.open(one.video_id, one.play_at) },
      icon("play"), clock(one.play_at))));
  verdict();
}

function verdict() {
  if (!journey.video) return;
  tools.press("like", journey.now.likes.includes(here()));
  tools.press("dislike", journey.now.dislikes.includes(here()));
}

async function still(element, seconds) {
  const segment = strips.at(seconds);
  return strip.still(element, segment, segment && (seconds - segment.start) / (segment.end - segment.start));
}

// On a phone only the picture and its tools are shown until the rest is asked for.
function fold() {
  unfold.setAttribute("aria-expanded", String(root.classList.toggle("ps-unfolded")));
}

function toggleRange() {
  if (marked.get()) return marked.clear();
  const { start, end } = stretch();
  marked.set(start, end);
}

function ranged(now) {
  bar.show(now);
  tools.press("mark", Boolean(now));
  if (!now) tags.choose(null);
  loop.take();
}

async function keep(button) {
  say("");
  await saving.clip(button, journey.video, stretch()).catch((error) => say(error.message));
}

async function copyLink(button, seconds) {
  journey.moved(seconds);
  const before = [...button.childNodes];
  try {
    await navigator.clipboard.writeText(location.href);
    button.replaceChildren(icon("done"));
    setTimeout(() => button.replaceChildren(...before), 1500);
  } catch {
    say(t("player.link.bar"));
  }
}

function close() {
  document.body.classList.remove("ps-open");
  root.classList.remove("ps-gone");
  view.close();
  clear();
}

for (const change of ["timeupdate", "seeked", "durationchange"]) {
  video.addEventListener(change, () => {
    tell();
    emit("time", { time: view.time(), duration: duration() });
  });
}
for (const change of ["pause", "seeked"]) {
  video.addEventListener(change, () => {
    if (journey.video && view.settled()) journey.moved(video.currentTime);
  });
}
(function glide() {
  if (!video.paused) {
    loop.look();
    line.move();
  }
  requestAnimationFrame(glide);
})();
momentTools.bind(" ", "play", view.toggle);
momentTools.bind(",", "frame", () => view.step(-1));
momentTools.bind(".", "frame", () => view.step(1));
momentTools.bind("[", "range", () => marked.put("start", view.time()));
momentTools.bind("]", "range", () => marked.put("end", view.time()));
on("open", open);
on("close", close);
on("seek", view.seek);
on("query", () => {
  if (journey.video) warm();
});
on("moments", (moments) => {
  found = moments;
  if (journey.video) list();
});
on("fewer", check);
on("removed", (id) => {
  if (journey.video === id) journey.close();
});
if (journey.video) open({ video: journey.video, at: journey.at, play: false });

// One video at its moment, with the query's heat over the whole of it and its other moments.
const { el, icon, iconButton, on, emit, clock, api, latest, heat, journey, playback } = window.prism;
const root = element.querySelector(".ps-moment-player");
const ask = latest();

const video = el("video", { controls: true, playsinline: true, preload: "auto", tabindex: "0" });
const canvas = el("canvas", {
  class: "ps-heat", role: "slider", tabindex: "0", "aria-valuemin": "0",
  "aria-label": "Time in the video, under the query's heat",
});
const bubble = el("span", { class: "ps-bubble", hidden: true, "aria-hidden": "true" });
const title = el("h2", { class: "ps-title" });
const place = el("span", { class: "ps-now" });
const moments = el("div", { class: "ps-moments", role: "group", "aria-label": "Moments in this video" });
const trouble = el("p", { class: "ps-error", role: "alert", hidden: true });
const preparing = el("span", { role: "status" });
const percent = el("span", { "aria-hidden": "true" }); // read out at every change it would be a nuisance
const bar = el("progress", { max: "1", "aria-label": "How much of the copy is prepared" });
const prepare = el("button", { type: "button", class: "ps-button", onclick: watch }, "Prepare it");
const veil = el("div", { class: "ps-veil", hidden: true }, el("p", {}, preparing, percent), bar, prepare);
const copy = iconButton("link", "Copy a link to this moment", copyLink);
const shut = iconButton("close", "Close the player", () => journey.close());
root.replaceChildren(
  el("section", { "aria-label": "Player" },
    el("div", { class: "ps-stage" }, video, veil),
    el("div", { class: "ps-line" }, canvas, bubble),
    trouble,
    el("div", { class: "ps-caption" }, title, place, copy, shut),
    moments),
);

let wanted = null; // seconds to be at as soon as the video can seek
let shown = null; // the id of the video that is in the player, or will be
let eager = false; // whether it is to play as soon as it can
let distrusted = null; // the id of a video that this browser could not play as it was
let leave = () => {}; // stops listening for a copy
let known = null; // the video's row, for its length before its own data has come
let results = null;
const view = { segments: [], scale: { low: 0, high: 1 }, duration: 0, time: 0, marks: [], hover: null };

function duration() {
  return Number.isFinite(video.duration) && video.duration > 0 ? video.duration : known?.duration || 0;
}

function draw() {
  view.duration = duration();
  view.time = wanted ?? video.currentTime;
  canvas.setAttribute("aria-valuemax", view.duration.toFixed(1));
  canvas.setAttribute("aria-valuenow", view.time.toFixed(1));
  canvas.setAttribute("aria-valuetext", `${clock(view.time)} of ${clock(view.duration)}`);
  place.textContent = `${clock(view.time)} / ${clock(view.duration)}`;
  if (canvas.clientWidth) heat.draw(canvas, view);
}

function say(message, again) {
  trouble.textContent = message || "";
  trouble.hidden = !message;
  if (again) trouble.append(" ", el("button", { type: "button", class: "ps-again", onclick: again }, "Try again"));
}

function seek(seconds) {
  if (video.readyState >= 1) {
    wanted = null;
    video.currentTime = seconds;
  } else wanted = seconds;
  draw();
}

async function open({ video: id, at, play }) {
  document.body.classList.add("ps-open");
  say("");
  eager = play;
  if (shown !== id) {
    known = null;
    view.segments = [];
    load(id, { wants: play });
  } else if (play && !video.getAttribute("src")) load(id, { wants: true });
  seek(at);
  start();
  name(id);
  list();
  warm();
}

// Show the video as soon as there is something that this browser plays.
function load(id, { wants }) {
  leave();
  empty();
  say("");
  shown = id;
  const poster = results?.moments.find((one) => one.video_id === id)?.poster;
  if (poster) video.poster = poster;
  else video.removeAttribute("poster");
  leave = playback.follow(id, { wants, failed: distrusted === id }, (now) => {
    tell(now);
    if (now.state !== "ready") return;
    video.setAttribute("src", now.address);
    start();
  });
}

function tell(now) {
  cover(!["ready", "failed"].includes(now.state));
  const words = playback.words(now);
  if (preparing.textContent !== words) preparing.textContent = words;
  percent.textContent = now.state === "making" ? ` ${Math.floor(100 * now.share)}\u00a0%` : "";
  bar.hidden = now.state !== "making";
  bar.value = now.share ?? 0;
  prepare.hidden = now.state !== "needed";
  if (now.state === "failed") say(now.message, watch);
}

function watch() {
  eager = true;
  load(shown, { wants: true });
}

function start() {
  // Refused without a gesture: then it stays at its moment.
  if (eager && video.getAttribute("src")) video.play().catch(() => {});
}

// Over the moment's picture goes what is said while there is nothing to play.
function cover(covered) {
  veil.hidden = !covered;
  video.controls = !covered;
}

function empty() {
  cover(false);
  if (!video.getAttribute("src")) return;
  wanted ??= video.currentTime;
  video.removeAttribute("src");
  video.load();
}

// What it got does not play here: perhaps its copy was cleared away, else a better one is needed.
async function recover() {
  const id = shown;
  const was = video.getAttribute("src");
  if (distrusted === id) return say("Your browser cannot play this video. Searching it works all the same.");
  const wants = eager || video.played.length > 0;
  wanted ??= video.currentTime;
  const now = await api(`videos/${id}/playable`).catch(() => null);
  if (shown !== id || video.getAttribute("src") !== was) return;
  if (now?.address === was) distrusted = id;
  load(id, { wants });
}

async function name(id) {
  title.textContent = results?.moments.find((one) => one.video_id === id)?.title ?? "";
  if (known?.video_id === id) return;
  try {
    known = await api(`videos/${id}`);
  } catch (error) {
    if (journey.video === id) say(error.message);
    return;
  }
  if (journey.video !== id) return;
  title.textContent = known.title;
  draw();
}

async function warm() {
  const asked = journey.asked();
  const id = journey.video;
  root.classList.toggle("ps-cold", !asked);
  if (!asked || !id) {
    view.segments = [];
    return draw();
  }
  try {
    view.segments = (await ask(`videos/${id}/heatmap?${asked}`)).segments;
    rescale();
  } catch (error) {
    if (error.name !== "AbortError" && journey.video === id) say(error.message);
  }
}

// Hot is what the best moment of the whole library reaches, so a video without it stays cool.
function rescale() {
  const scores = view.segments.map((one) => one.score);
  const best = results?.moments[0]?.score ?? -1;
  view.scale = { low: Math.min(...scores, best - 0.02), high: Math.max(...scores, best) };
  draw();
}

function list() {
  const mine = (results?.moments ?? []).filter((one) => one.video_id === journey.video);
  view.marks = mine.map((one) => one.peak);
  const buttons = mine
    .sort((a, b) => a.start - b.start)
    .map((one) =>
      el("button", {
        type: "button", class: "ps-jump",
        title: `Rank ${one.rank}, ${clock(one.start)} to ${clock(one.end)}`,
        onclick: () => journey.open(one.video_id, one.play_at),
      }, icon("play"), clock(one.play_at)));
  moments.replaceChildren(...buttons);
  moments.hidden = buttons.length < 2;
}

function close() {
  document.body.classList.remove("ps-open");
  leave();
  video.pause();
  empty();
  shown = wanted = known = null;
  view.segments = [];
  say("");
}

async function copyLink() {
  journey.moved(video.currentTime);
  try {
    await navigator.clipboard.writeText(location.href);
    copy.replaceChildren(icon("done"));
  } catch {
    say("The link is in the address bar; this browser did not let it be copied.");
  }
  setTimeout(() => copy.replaceChildren(icon("link")), 1500);
}

function hover(seconds) {
  view.hover = seconds;
  bubble.hidden = seconds === null;
  if (seconds !== null) {
    bubble.textContent = clock(seconds);
    bubble.style.left = `${(100 * seconds) / Math.max(duration(), 1e-6)}%`;
  }
  draw();
}

video.addEventListener("loadedmetadata", () => {
  if (wanted !== null) seek(Math.min(wanted, video.duration || wanted));
  draw();
});
video.addEventListener("error", () => {
  if (video.getAttribute("src")) recover();
});
video.addEventListener("play", () => {
  eager = true;
});
video.addEventListener("pause", () => {
  if (video.getAttribute("src") && !video.error) eager = false; // a person did it, or the end came
});
for (const change of ["timeupdate", "seeked", "durationchange"]) {
  video.addEventListener(change, () => {
    draw();
    emit("time", { time: wanted ?? video.currentTime, duration: duration() });
  });
}
for (const change of ["pause", "seeked"]) {
  video.addEventListener(change, () => {
    if (journey.video && video.readyState && wanted === null) journey.moved(video.currentTime);
  });
}
(function glide() {
  if (!video.paused) draw();
  requestAnimationFrame(glide);
})();
heat.seekable(canvas, duration, () => video.currentTime, seek, hover);
canvas.addEventListener("keydown", (event) => {
  if (event.key !== " ") return;
  event.preventDefault();
  if (video.paused) video.play();
  else video.pause();
});
new ResizeObserver(draw).observe(canvas);
new MutationObserver(draw).observe(document.body, { attributeFilter: ["class"] });
on("open", open);
on("close", close);
on("seek", seek);
on("query", () => {
  results = null;
  list();
  if (journey.video) warm();
});
on("results", (found) => {
  results = found;
  if (!journey.video) return;
  list();
  if (view.segments.length) rescale();
});
on("removed", (id) => {
  if (journey.video === id) journey.close();
});
if (journey.video) open({ video: journey.video, at: journey.at, play: false });

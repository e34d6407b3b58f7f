// One video at its moment, with the query's heat over the whole of it and its other moments.
const { el, icon, iconButton, on, emit, clock, api, latest, heat, journey } = window.prism;
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
const copy = iconButton("link", "Copy a link to this moment", copyLink);
const shut = iconButton("close", "Close the player", () => journey.close());
root.replaceChildren(
  el("section", { "aria-label": "Player" },
    video,
    el("div", { class: "ps-line" }, canvas, bubble),
    trouble,
    el("div", { class: "ps-caption" }, title, place, copy, shut),
    moments),
);

let wanted = null; // seconds to be at as soon as the video can seek
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

function say(message) {
  trouble.textContent = message || "";
  trouble.hidden = !message;
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
  const address = `/media/${id}/video`;
  if (video.getAttribute("src") !== address) {
    known = null;
    view.segments = [];
    video.setAttribute("src", address);
  }
  seek(at);
  if (play) video.play().catch(() => {}); // refused without a gesture: it stays at its moment
  name(id);
  list();
  warm();
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
  video.pause();
  video.removeAttribute("src");
  video.load();
  view.segments = [];
  known = null;
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
  if (!video.getAttribute("src")) return;
  say("Your browser cannot play this video's format. Searching it works all the same.");
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

// The library: a drop zone, the files on their way, and how far each video got.
const { el, icon, iconButton, bar, on, api, dropzone, clock, bytes, amount, journey, uploads } = window.prism;
const root = element.querySelector(".ps-video-table");
const STATES = { queued: "Waiting", indexing: "Indexing", done: "Ready", failed: "Failed" };

const picker = el("input", { type: "file", accept: "video/*,.mkv", multiple: true, hidden: true, tabindex: "-1" });
picker.setAttribute("aria-label", "Videos to add");
const pick = el("button", { type: "button", class: "ps-button ps-primary", onclick: () => picker.click() }, "Choose files");
const zone = el("div", { class: "ps-drop", hidden: true },
  icon("upload"), el("p", {}, "Drop videos here, or"), pick, el("p", { class: "ps-hint" }), picker);
const locked = el("p", { class: "ps-hint", hidden: true }, "This library is read-only: videos cannot be added or removed here.");
const trouble = el("p", { class: "ps-error", role: "alert", hidden: true });
const summary = el("p", { class: "ps-status", role: "status" });
const list = el("ul", { class: "ps-videos", "aria-label": "Videos" });
root.replaceChildren(zone, locked, uploads.list, trouble, summary, list);

const rows = new Map(); // by video id
const paces = new Map(); // when each video was first seen indexing, and how far it was then

function say(message) {
  trouble.textContent = message || "";
  trouble.hidden = !message;
}

function take(files) {
  say("");
  uploads.add(files);
}

function left(video) {
  const share = video.segments_done;
  const pace = paces.get(video.video_id);
  if (video.state !== "indexing") paces.delete(video.video_id);
  else if (!pace) paces.set(video.video_id, { since: Date.now(), from: share });
  else if (share > pace.from) {
    const each = (Date.now() - pace.since) / (share - pace.from);
    const seconds = Math.ceil((each * (video.segments_planned - share)) / 1000);
    return seconds < 90 ? `about ${seconds} s left` : `about ${Math.round(seconds / 60)} min left`;
  }
  return null;
}

function facts(video) {
  const size = video.width ? `${video.width}×${video.height}` : null;
  const length = video.duration ? clock(video.duration) : null;
  return [length, size, bytes(video.size)].filter(Boolean).join(" · ");
}

function describe(video) {
  if (video.state === "failed") return video.note || "It could not be indexed.";
  if (video.state === "indexing" && video.segments_planned) {
    const done = `${video.segments_done} of ${amount(video.segments_planned, "segment")}`;
    return [done, left(video)].filter(Boolean).join(", ");
  }
  return [facts(video), video.note].filter(Boolean).join(" · ");
}

function create(video) {
  const progress = bar(`Indexing ${video.title}`);
  const chip = el("span", { class: "ps-chip-state" });
  const words = el("span", { class: "ps-words" });
  const picture = el("img", { alt: "", width: 96, height: 54, loading: "lazy" });
  picture.addEventListener("error", () => picture.classList.add("ps-missing"));
  const open = el("button", { type: "button", class: "ps-open-video", onclick: () => journey.open(video.video_id, 0) },
    el("span", { class: "ps-thumb" }, picture),
    el("span", { class: "ps-about" }, el("span", { class: "ps-name" }, video.title), words));
  const tools = el("span", { class: "ps-tools" });
  const whole = el("li", { "data-video": video.video_id }, open, chip, tools, progress.whole);
  return { whole, progress, chip, words, picture, tools };
}

function calm(row, video) {
  if (journey.info?.read_only) return row.tools.replaceChildren();
  const trash = iconButton("trash", `Remove ${video.title}`, () => confirm(row, video));
  const again = el("button", { type: "button", class: "ps-button", onclick: () => retry(video) }, "Try again");
  row.tools.replaceChildren(...(video.state === "failed" ? [again, trash] : [trash]));
}

async function retry(video) {
  say("");
  try {
    await api(`videos/${video.video_id}/retry`, { method: "POST" });
    await journey.refresh();
  } catch (error) {
    say(error.message);
  }
}

function confirm(row, video) {
  const yes = el("button", { type: "button", class: "ps-button ps-danger", onclick: () => remove(row, video) }, "Remove");
  const no = el("button", { type: "button", class: "ps-button", onclick: () => calm(row, video) }, "Keep");
  row.tools.replaceChildren(yes, no);
  no.focus();
}

async function remove(row, video) {
  say("");
  try {
    await api(`videos/${video.video_id}`, { method: "DELETE" });
    await journey.refresh();
  } catch (error) {
    calm(row, video);
    say(error.message);
  }
}

function patch(row, video) {
  row.whole.className = `ps-is-${video.state}`;
  if (row.state !== video.state) calm(row, video);
  row.state = video.state;
  row.chip.textContent = video.state === "done" && video.note ? "Partly ready" : STATES[video.state];
  row.words.textContent = describe(video);
  row.progress.whole.hidden = !["queued", "indexing"].includes(video.state);
  row.progress.set(video.segments_planned ? video.segments_done / video.segments_planned : 0);
  if (video.segments_done && !row.picture.src) row.picture.src = `/media/${video.video_id}/poster/0.jpg`;
}

function draw(videos) {
  if (journey.info) {
    zone.hidden = journey.info.read_only;
    locked.hidden = !journey.info.read_only;
    const limit = bytes(journey.info.max_upload_bytes);
    zone.querySelector(".ps-hint").textContent = `Up to ${limit} each. They stay on this machine.`;
  }
  const here = new Set(videos.map((one) => one.video_id));
  for (const [id, row] of rows) {
    if (here.has(id)) continue;
    row.whole.remove();
    rows.delete(id);
  }
  for (const video of videos) {
    if (!rows.has(video.video_id)) {
      rows.set(video.video_id, create(video));
      list.prepend(rows.get(video.video_id).whole);
    }
    patch(rows.get(video.video_id), video);
  }
  const ready = videos.filter((one) => one.state === "done").length;
  summary.textContent = videos.length ? `${amount(videos.length, "video")}, ${ready} ready` : "No videos yet.";
}

picker.addEventListener("change", () => {
  take([...picker.files]);
  picker.value = "";
});
dropzone(root, (files) => {
  if (!journey.info?.read_only) take(files);
});
journey.watch(() => root.offsetParent !== null);
on("library", draw);
if (journey.videos) draw(journey.videos);

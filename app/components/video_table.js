// The library: a drop zone, the files on their way, and every video, a hundred at a time. Only what
// is on the screen is asked for again.
const { el, icon, on, t, api, dropzone, menu, bytes, number, journey, uploads, videoRow } = window.prism;
const root = element.querySelector(".ps-video-table");
const CHUNK = 100;
const STATES = ["all", "queued", "indexing", "done", "failed", "cancelled", "missing"];

const picker = el("input", { type: "file", accept: "video/*,.mkv", multiple: true, hidden: true, tabindex: "-1" });
picker.setAttribute("aria-label", t("library.picker"));
const pick = el("button", { type: "button", class: "ps-button ps-primary", onclick: () => picker.click() }, t("library.choose"));
const zone = el("div", { class: "ps-drop", hidden: true },
  icon("upload"), el("p", {}, t("library.drop")), pick, el("p", { class: "ps-hint" }), picker);
const locked = el("p", { class: "ps-hint", hidden: true }, t("library.locked"));
const followed = el("p", { class: "ps-hint ps-followed", hidden: true });
const chips = STATES.map((state) => filter(state === "all" ? "" : state, t(`state.${state}`)));
const find = el("input", { type: "search", class: "ps-input", maxlength: 200, placeholder: t("library.find.hint"), "aria-label": t("library.find") });
const again = el("button", { type: "button", class: "ps-button", hidden: true, onclick: retryAll }, t("library.again"));
const bench = el("div", { class: "ps-bench", hidden: true },
  el("div", { class: "ps-filters", role: "group", "aria-label": t("library.which") }, ...chips.map((one) => one.button)), find, again);
const trouble = el("p", { class: "ps-error", role: "alert", hidden: true });
const list = el("ul", { class: "ps-videos", "aria-label": t("library.videos") });
const nothing = el("p", { class: "ps-status", role: "status", hidden: true });
const shown = el("span", { class: "ps-hint" });
const further = el("div", { class: "ps-further", hidden: true },
  el("button", { type: "button", class: "ps-button", onclick: reach }, t("library.more", { count: CHUNK })), shown);
root.replaceChildren(zone, locked, followed, uploads.view, bench, trouble, list, nothing, further);

const rows = new Map(); // by video id
const asked = { state: "", words: "" };
let chunks = [[]]; // ids in order, a hundred each, as far as the person wanted to see
let total = null;
let turn = 0; // answers to an older question are dropped

function say(message) {
  trouble.textContent = message || "";
  trouble.hidden = !message;
}

function filter(state, name) {
  const count = el("span", { class: "ps-count" });
  const button = el("button", { type: "button", class: "ps-filter", "aria-pressed": String(!state), onclick: () => choose({ state }) }, name, count);
  return { state, button, count };
}

function choose(change) {
  Object.assign(asked, change);
  turn += 1;
  chunks = [[]];
  for (const { state, button } of chips) button.setAttribute("aria-pressed", String(state === asked.state));
  refresh();
}

function reach() {
  chunks.push([]);
  load(chunks.length - 1);
}

async function load(place) {
  const mine = turn;
  const question = new URLSearchParams({ ...asked, offset: place * CHUNK, limit: CHUNK });
  if (!asked.state) question.delete("state");
  try {
    const page = await api(`videos?${question}`);
    if (mine === turn) take(place, page);
    say("");
  } catch (error) {
    if (mine === turn) say(error.message);
  }
}

// What moved into this hundred is no longer in another one.
function take(place, page) {
  const here = new Set(page.videos.map((one) => one.video_id));
  chunks = chunks.map((ids, i) => (i === place ? [...here] : ids.filter((id) => !here.has(id))));
  while (chunks.length > 1 && CHUNK * (chunks.length - 1) >= page.total) chunks.pop();
  total = page.total;
  for (const video of page.videos) {
    if (!rows.has(video.video_id)) rows.set(video.video_id, videoRow.create(video));
    videoRow.patch(rows.get(video.video_id), video);
  }
  arrange(chunks.flat());
  count(page.counts);
  tell();
}

function arrange(ids) {
  const wanted = new Set(ids);
  for (const [id, row] of rows) {
    if (wanted.has(id)) continue;
    menu.forget(row.more);
    row.whole.remove();
    rows.delete(id);
  }
  const focused = document.activeElement;
  let next = list.firstElementChild;
  for (const id of ids) {
    const line = rows.get(id).whole;
    if (next && next !== line && next.nextElementSibling === line) {
      list.append(next); // it moved down: nothing else has to
      next = line;
    }
    if (next === line) next = next.nextElementSibling;
    else list.insertBefore(line, next);
  }
  if (focused !== document.activeElement && list.contains(focused)) focused.focus({ preventScroll: true });
}

function tell() {
  const some = asked.state || asked.words;
  nothing.hidden = total > 0;
  nothing.textContent = some ? t("library.none.such") : t("library.none");
  further.hidden = total <= chunks.length * CHUNK;
  shown.textContent = t("library.shown", { shown: rows.size, total });
}

// The hundreds that can be seen now; the first one as long as there is nothing to see.
function visible() {
  const edge = (id) => rows.get(id).whole.getBoundingClientRect();
  const places = chunks.flatMap((ids, i) => {
    const seen = ids.length ? edge(ids[0]).top < innerHeight && edge(ids.at(-1)).bottom > 0 : i === chunks.length - 1;
    return seen ? [i] : [];
  });
  return places.length ? places : [0];
}

function refresh() {
  if (root.offsetParent !== null) visible().forEach(load);
}

function folders(all) {
  const named = all.map(({ name, there }) => (there ? name : t("library.folder.away", { name })));
  return named.length ? t("library.folders", { count: all.length, names: named.join(", ") }) : "";
}

function draw(status) {
  const fixed = journey.info.read_only;
  followed.textContent = folders(journey.info.folders);
  followed.hidden = !followed.textContent;
  zone.hidden = fixed;
  locked.hidden = !fixed;
  zone.querySelector(".ps-hint").textContent = t("library.limit", { size: bytes(journey.info.max_upload_bytes) });
  again.hidden = fixed || !status.counts.failed || !["", "failed"].includes(asked.state);
  refresh();
}

function count(counts) {
  const all = Object.values(counts).reduce((sum, many) => sum + many, 0);
  bench.hidden = !all;
  for (const chip of chips) {
    const many = chip.state ? counts[chip.state] : all;
    chip.count.textContent = number(many);
    chip.button.classList.toggle("ps-none", !many);
    chip.button.hidden = chip.state === "missing" && !many && asked.state !== "missing";
  }
}

async function retryAll() {
  say("");
  try {
    await api("retry", { method: "POST" });
    await journey.refresh();
  } catch (error) {
    say(error.message);
  }
}

picker.addEventListener("change", () => {
  uploads.add([...picker.files]);
  picker.value = "";
});
dropzone(root, (files) => {
  if (!journey.info?.read_only) uploads.add(files);
});
let typing = null;
find.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => choose({ words: find.value.trim() }), 150);
});
new IntersectionObserver(() => journey.refresh()).observe(root);
journey.watch(() => root.offsetParent !== null);
on("status", draw);
if (journey.status) draw(journey.status);

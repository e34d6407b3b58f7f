// Videos that are in the library twice, wholly or in part: looks for them, shows them side by side with
// the stretches that agree, and lets one of them stay.
const { el, icon, bar, on, emit, api, t, clock, amount, bytes, span, percent, menu, journey } = window.prism;
const root = element.querySelector(".ps-duplicates");

const state = el("span", { class: "ps-hint", role: "status" });
const find = el("button", { type: "button", class: "ps-button", onclick: seek }, icon("search"), t("twice.find"));
const fold = el("button", { type: "button", class: "ps-button", hidden: true, "aria-expanded": "false", "aria-controls": "ps-twice", onclick: () => unfold(list.hidden) });
const line = bar(t("twice.looking"));
const trouble = el("p", { class: "ps-error", role: "alert", hidden: true });
const list = el("ul", { id: "ps-twice", "aria-label": t("twice.name"), hidden: true });
const board = el("section", { "aria-label": t("twice.name"), hidden: true },
  el("div", { class: "ps-twice-top" }, el("p", {}, el("strong", {}, t("twice.name")), state), fold, find),
  line.whole, trouble, list);
root.replaceChildren(board);

let asking = false;
let shown = ""; // what is drawn, so that nothing is drawn anew under a person's eyes

function say(message) {
  trouble.textContent = message || "";
  trouble.hidden = !message;
}

function unfold(open) {
  list.hidden = !open || !list.childElementCount;
  fold.setAttribute("aria-expanded", String(open));
  fold.textContent = t(open ? "twice.hide" : "twice.show");
}

async function seek() {
  find.disabled = true;
  await ask("duplicates", { method: "POST" });
  find.disabled = false;
  if (!list.childElementCount) unfold(true);
}

async function look() {
  board.hidden = !journey.status?.segments;
  if (asking || board.hidden || root.offsetParent === null) return;
  asking = true;
  await ask("duplicates");
  asking = false;
}

async function ask(path, options) {
  try {
    tell(await api(path, options));
    return true;
  } catch (error) {
    say(error.message);
    return false;
  }
}

function tell(found) {
  const making = found.state === "making";
  const never = found.made_at === null;
  line.whole.hidden = !making;
  line.set(found.share);
  find.hidden = making;
  find.className = never || found.stale ? "ps-button" : "ps-button ps-quietly"; // nothing calls for it
  find.lastChild.textContent = t(never ? "twice.find" : "twice.again");
  fold.hidden = !found.groups.length;
  state.textContent = words(found, making, never);
  say(found.message);
  draw(found.groups);
  if (making) setTimeout(look, 700);
}

function words({ share, groups, stale }, making, never) {
  if (making) return t("twice.far", { share: percent(share) });
  if (never) return t("twice.what");
  const newer = stale ? t("twice.stale", { count: stale }) : null;
  return [groups.length ? t("twice.found", { count: groups.length }) : t("twice.none"), newer].filter(Boolean).join(" ");
}

function draw(groups) {
  const now = JSON.stringify(groups);
  if (now === shown) return;
  shown = now;
  for (const button of list.querySelectorAll(".ps-keep")) menu.forget(button);
  list.replaceChildren(...groups.map(group));
  if (!groups.length) list.hidden = true;
  else unfold(fold.getAttribute("aria-expanded") === "true");
}

function group(found) {
  const length = Math.max(...found.parts.map((part) => part.a_end - part.a_start));
  const title = found.keep
    ? t("twice.same", { count: found.videos.length })
    : t("twice.part", { time: span(length) });
  return el("li", {}, el("h2", {}, title), el("ul", { class: "ps-twice-videos" }, ...found.videos.map((one) => video(one, found))));
}

function video({ video: one, replaces }, found) {
  const parts = found.parts.flatMap((part, i) => stretches(part, i, one.video_id));
  const longest = parts.reduce((best, part) => (part.end - part.start > best.end - best.start ? part : best));
  const picture = el("img", { src: longest.poster, alt: "", loading: "lazy", width: 320, height: 180 });
  const facts = [one.duration ? clock(one.duration) : null, one.width ? `${one.width}×${one.height}` : null, bytes(one.size), t(one.managed ? "twice.uploaded" : "twice.folder")];
  const better = found.keep === one.video_id ? el("span", { class: "ps-twice-chip" }, t(`twice.why.${found.why}`)) : null;
  return el("li", {},
    el("span", { class: "ps-twice-face" }, picture, better),
    el("strong", { class: "ps-name", dir: "auto" }, one.title),
    el("span", { class: "ps-hint" }, facts.filter(Boolean).join(" · ")),
    el("div", { class: "ps-twice-line", role: "group", "aria-label": t("twice.parts", { title: one.title }) }, ...parts.map((part) => stretch(part, one))),
    replaces.length && !journey.info?.read_only ? keeper(one, replaces, found) : null);
}

// The stretches of this video in a part; a part may be of two others.
function stretches(part, i, id) {
  const side = { [part.a]: "a", [part.b]: "b" }[id];
  if (!side) return [];
  return [{ number: i % 4, start: part[`${side}_start`], end: part[`${side}_end`], poster: part[`${side}_poster`] }];
}

function stretch({ number, start, end }, one) {
  const times = { start: clock(start), end: clock(end) };
  const name = t("twice.play", { title: one.title, ...times });
  const button = el("button", { type: "button", class: `ps-part-${number}`, "aria-label": name, title: t("card.stretch", times), onclick: () => journey.open(one.video_id, start) });
  const length = Math.max(one.duration ?? end, 0.001);
  button.style.left = `${Math.min(96, (100 * start) / length)}%`;
  button.style.width = `${Math.min(100 - (100 * start) / length, (100 * (end - start)) / length)}%`;
  return button;
}

function keeper(one, replaces, found) {
  const best = found.keep === one.video_id;
  const button = el("button", { type: "button", class: `ps-button ps-keep ${best ? "ps-primary" : ""}` }, icon("done"), t("twice.keep"));
  menu.confirm(button, () => {
    const others = found.videos.map((other) => other.video).filter((other) => replaces.includes(other.video_id));
    const fate = (which, key) => (which.length ? t(key, { titles: which.map((other) => `“${other.title}”`).join(", "), count: which.length }) : null);
    const ours = others.filter((other) => other.managed);
    const theirs = others.filter((other) => !other.managed);
    return {
      question: t("twice.ask", { title: one.title, count: others.length }),
      detail: [fate(ours, "twice.deleted"), fate(theirs, "twice.left")].filter(Boolean).join(" "),
      yes: t(ours.length ? "twice.yes.delete" : "twice.yes", { count: others.length }),
      no: t("twice.no", { count: others.length }),
      act: () => keep(one.video_id, replaces, ours.length > 0),
    };
  });
  return button;
}

async function keep(id, remove, deletes) {
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify({ keep: id, remove, delete_files: deletes });
  if (!(await ask("duplicates/keep", { method: "POST", headers, body }))) return;
  for (const gone of remove) emit("removed", gone);
  journey.refresh();
}

unfold(false);
new IntersectionObserver(look).observe(root);
on("status", look);

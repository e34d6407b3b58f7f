// What the question finds: asks for it, shows it page by page as one scrolls, and says what it is, or
// why there is nothing to see.
const { el, on, emit, latest, t, number, journey } = window.prism;
const { card, gallery, keys, playback, reasons, taking } = window.prism;
const root = element.querySelector(".ps-moment-grid");
const [ask, askMore] = [latest(), latest()];
const wide = window.matchMedia("(min-width: 1000px)");
const [FIRST, NEXT, MOST] = [24, 48, 200]; // moments on the first page and on others; the API's limit
const AHEAD = "1200px"; // how far below the window the next page is asked for
const SLOW = 300; // milliseconds after which a wait is shown
const STEERS = /(^|&)(like|dislike)=[^&]*/g; // what of a question only moves the ranking

const line = el("p", { class: "ps-status", role: "status" });
const trouble = el("p", { class: "ps-error", role: "alert", hidden: true });
const weak = el("p", { class: "ps-weak", hidden: true }, t("grid.weak"));
const end = el("div", { class: "ps-end" });
const nothing = reasons.create();
const chosen = new Set(); // keys of moments that are to be taken along
let answer = null; // the newest page
let asked = null; // the question that it answers
let paging = false;
let failed = false; // and says so until something else is asked

const cards = gallery.create({
  chosen,
  near: ({ video_id }) => playback.warm(video_id),
  opened: ({ video_id, play_at }) => journey.open(video_id, play_at),
  acts: {
    choose,
    add: (moment) => journey.add(`moment:${card.key(moment)}`),
    more: (moment) => journey.moreLike(moment),
    dislike: (moment) => journey.dislike(moment),
    like: (moment) => journey.like(moment),
  },
});
const take = taking.create({
  moments: cards.moments,
  chosen: () => cards.moments().filter((one) => chosen.has(card.key(one))),
  asked: () => asked,
  clear: unchoose,
  say,
});
root.replaceChildren(el("div", { class: "ps-above" }, line, take.whole, keys.button()), trouble, weak, cards.grid, end, nothing.whole);

function say(message) {
  trouble.textContent = message;
  trouble.hidden = !message;
}

function choose(moment) {
  const key = card.key(moment);
  if (!chosen.delete(key)) chosen.add(key);
  cards.mark();
  take.tell();
}

function unchoose() {
  chosen.clear();
  cards.mark();
  take.tell();
}

function draw(how) {
  cards.put(answer.moments, how);
  weak.hidden = !answer.weak || !cards.count();
  cards.grid.classList.toggle("ps-faded", !weak.hidden);
  tell();
  take.tell();
  explain();
  emit("moments", cards.moments());
  watch();
}

function tell() {
  const ms = answer.took_ms;
  const took = ms < 1000 ? `${number(Math.max(1, Math.round(ms)))} ms` : `${number(Math.round(ms / 100) / 10)} s`;
  const count = cards.count();
  const first = journey.sought() ? "grid.first" : "grid.listed";
  const gone = answer.ignored.length ? t("grid.ignored", { count: answer.ignored.length }) : "";
  line.textContent = `${count ? t(answer.more ? first : "grid.all", { count, took }) : ""} ${gone}`.trim();
}

// The first page anew. Liking and disliking only moves cards: as many stay as there were.
async function search() {
  const question = journey.asked();
  failed = false;
  if (!question) return forget();
  const steered = asked !== null && plain(question) === plain(asked);
  cards.mark();
  const found = await wait(() => gather(question, steered ? Math.max(FIRST, cards.count()) : FIRST));
  if (!found || question !== journey.asked()) return; // something else is asked by now
  if (!steered) chosen.clear();
  if (!steered && root.getBoundingClientRect().top < 0) root.scrollIntoView();
  [answer, asked] = [found, question];
  emit("results", answer);
  draw({ same: steered });
  if (!steered) cue(); // else the next key would act on another moment than this one did
}

// The first moments as if they were one page, however many.
async function gather(question, count) {
  const found = await ask(`search?${question}&limit=${Math.min(MOST, count)}`);
  while (found.more && found.moments.length < count) {
    const limit = Math.min(MOST, count - found.moments.length);
    const { moments, more } = await ask(`search?${question}&limit=${limit}&offset=${found.moments.length}`);
    found.moments.push(...moments);
    found.more = more && moments.length > 0;
  }
  return found;
}

const plain = (question) => question.replace(STEERS, "");

async function page() {
  if (!answer?.more || paging) return;
  paging = true;
  const [before, first] = [cards.count(), answer];
  const found = await wait(() => askMore(`search?${asked}&limit=${NEXT}&offset=${before}`), end);
  paging = false;
  if (!found || answer !== first) return; // or something else was asked meanwhile
  answer = { ...found, weak: answer.weak, took_ms: answer.took_ms };
  draw({ append: true });
  if (cards.count() === before) answer.more = false; // all of it was there already
}

// What the API answers; null where it was called off, or failed, which is then said.
async function wait(work, where = root) {
  say("");
  const slow = setTimeout(() => busy(where), SLOW);
  try {
    return await work();
  } catch (error) {
    if (error.name !== "AbortError") fail(error, where);
    return null;
  } finally {
    clearTimeout(slow);
    where.removeAttribute("aria-busy");
  }
}

// What is there fades until the answer has come; where nothing is, its place is drawn.
function busy(where) {
  where.setAttribute("aria-busy", "true");
  if (where !== root || cards.count()) return;
  nothing.clear();
  const ghost = () => el("li", { class: "ps-ghost", "aria-hidden": "true" }, el("span"), el("span"));
  cards.clear(...Array.from({ length: 8 }, ghost));
}

function fail(error, where) {
  if (where === end) {
    end.replaceChildren(error.message, " ", el("button", { type: "button", class: "ps-link", onclick: page }, t("grid.again")));
    return;
  }
  forget();
  failed = true;
  nothing.fail(error, search);
}

function forget() {
  answer = asked = null;
  cards.clear();
  weak.hidden = true;
  line.textContent = "";
  unchoose();
  explain();
  emit("moments", []);
}

function explain() {
  if (failed) return;
  if (cards.count() || (journey.asked() && !answer)) nothing.clear();
  else nothing.tell(Boolean(answer));
}

// The best moment is shown, not played, where there is room and the person chose no other video.
function cue() {
  const best = cards.moments()[0];
  if (!best || !wide.matches || journey.gone || (journey.video && !journey.cued)) return;
  journey.open(best.video_id, best.play_at, { cue: true });
}

// Videos that were finished after the search are offered, not pushed under the person's eyes.
function grown(status) {
  explain();
  if (!answer) return;
  const count = status.counts.done - answer.videos_done;
  if (count <= 0) return;
  if (!cards.count()) return search();
  const again = el("button", { type: "button", class: "ps-link", onclick: search }, t("grid.anew"));
  line.replaceChildren(`${t("grid.grown", { count })} `, again);
}

const eye = new IntersectionObserver((seen) => seen.at(-1).isIntersecting && page(), { rootMargin: `0px 0px ${AHEAD}` });
function watch() {
  end.replaceChildren();
  eye.unobserve(end); // so that it tells again where the end is still in sight
  if (answer.more) eye.observe(end);
}

on("query", search);
on("open", cards.mark);
on("close", cards.mark);
on("status", grown);
on("fewer", () => answer && search());
if (journey.asked()) search();
else explain();

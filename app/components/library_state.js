// The library as a whole: how far indexing is, why it does not go on if it does not, and which index
// answers while another one is being built.
const { el, icon, iconButton, bar, on, api, menu, bytes, amount, number, percent, span, pace, journey } = window.prism;
const root = element.querySelector(".ps-library-state");

const headline = el("strong", { role: "status" });
const figures = el("span", { class: "ps-figures" });
const line = bar("The whole library");
const hold = el("button", { type: "button", class: "ps-button", onclick: toggle });
const more = iconButton("more", "What to do with all videos", null);
const reason = el("p", { class: "ps-reason", hidden: true });
const building = el("span", {});
const anew = el("button", { type: "button", class: "ps-button", onclick: () => steer("retry") }, "Try them again");
const give = el("button", { type: "button", class: "ps-button" }, "Give it up");
const beside = el("div", { class: "ps-offer", hidden: true }, building, anew, give);
const old = el("ul", { class: "ps-old", "aria-label": "Old indexes" });
const trouble = el("p", { class: "ps-error", role: "alert", hidden: true });
const board = el("section", { "aria-label": "Indexing", hidden: true },
  el("div", { class: "ps-top" }, el("p", {}, headline, figures), hold, more),
  line.whole, reason, beside, old, trouble);
root.replaceChildren(board);

let answering = null; // which index answers, and whether another is being built

function write(node, words) {
  if (node.textContent !== words) node.textContent = words;
  if (node === reason) node.hidden = !words;
}

function title({ counts, paused, waiting }) {
  if (paused) return "Paused";
  if (counts.queued + counts.indexing === 0) return counts.done ? "Ready" : "Nothing is ready";
  return waiting ? "Waiting" : "Indexing";
}

function told(status) {
  const { counts, videos } = status;
  const left = counts.queued + counts.indexing;
  if (!left) return [amount(counts.done, "video"), status.seconds_done ? span(status.seconds_done) : null];
  const settled = `${number(videos - left)} of ${amount(videos, "video")}`;
  if (status.paused || status.waiting) return [settled];
  return [settled, status.speed ? pace(status.speed) : null, status.left ? `about ${span(status.left)} left` : null];
}

function switching(built, model) {
  if (built.held) return built.held;
  const named = built.model === model ? `a new index for ${model}` : `the index for ${built.model}`;
  const left = built.left ? `, about ${span(built.left)} left` : "";
  const going = built.model === model ? "Search goes on with the current one." : `Search goes on with ${model}.`;
  return `Building ${named} beside the current one: ${percent(built.share)}${left}. ${going}`;
}

function draw(status) {
  const { counts, paused, waiting } = status;
  const left = counts.queued + counts.indexing;
  const fixed = journey.info.read_only;
  board.hidden = !status.videos;
  board.classList.remove("ps-lost");
  write(headline, title(status));
  write(figures, told(status).filter(Boolean).join(" · "));
  line.whole.hidden = !left && !status.switch;
  line.set(left ? status.share : (status.switch?.share ?? 1));
  const built = status.switch;
  write(reason, waiting && waiting !== built?.held ? waiting : "");
  beside.hidden = !built;
  if (built) write(building, switching(built, status.model));
  anew.hidden = fixed || !built?.held;
  give.hidden = fixed;
  hold.hidden = fixed;
  write(hold, paused ? "Resume" : "Pause");
  more.hidden = fixed;
  const now = `${status.model} ${status.switch !== null}`;
  if (answering !== now) leftovers();
  answering = now;
}

async function steer(path, method = "POST") {
  trouble.hidden = true;
  try {
    await api(path, { method });
    await journey.refresh();
  } catch (error) {
    trouble.textContent = error.message;
    trouble.hidden = false;
  }
}

function toggle() {
  steer(journey.status.paused ? "resume" : "pause");
}

async function leftovers() {
  const { collections } = await api("collections").catch(() => ({ collections: [] }));
  old.replaceChildren(...collections.filter((one) => one.role === "old").map(leftover));
}

function leftover({ key, model, bytes: size }) {
  const away = el("button", { type: "button", class: "ps-button" }, "Remove it");
  menu.confirm(away, () => ({
    question: `Remove the old index of ${model}?`,
    detail: "Videos stay. To search with that model again they have to be indexed again.",
    yes: "Remove",
    act: () => steer(`collections/${key}`, "DELETE").then(leftovers),
  }));
  const words = el("span", {}, `The old index of ${model} (${bytes(size)}) can be removed.`);
  return el("li", { class: "ps-offer" }, words, journey.info?.read_only ? null : away);
}

menu.confirm(give, () => {
  const { key } = journey.status.switch;
  return {
    question: "Give the new index up?",
    detail: "What is built of it is deleted. Videos stay, and search goes on with the current index.",
    yes: "Give it up",
    act: () => steer(`collections/${key}`, "DELETE"),
  };
});
menu.attach(more, () => [
  {
    text: "Index all again", picture: "again", act: () => steer("reindex"),
    ask: {
      question: `Index all ${amount(journey.status.videos, "video")} again?`,
      detail: "Each one stays searchable until its turn comes. Nothing is uploaded again.",
      yes: "Index again",
      no: "Not now",
    },
  },
]);
on("status", draw);
on("lost", (message) => {
  board.classList.add("ps-lost");
  write(headline, "No connection");
  write(figures, message);
});
if (journey.status) draw(journey.status);

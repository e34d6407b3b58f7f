// The library as a whole: how far indexing is, why it does not go on if it does not, and which index
// answers while another one is being built.
const { el, icon, iconButton, bar, on, api, menu, t, bytes, amount, percent, span, pace, journey } = window.prism;
const root = element.querySelector(".ps-library-state");

const headline = el("strong", { role: "status" });
const figures = el("span", { class: "ps-figures" });
const line = bar(t("state.bar"));
const hold = el("button", { type: "button", class: "ps-button", onclick: toggle });
const more = iconButton("more", t("state.menu"), null);
const reason = el("p", { class: "ps-reason", hidden: true });
const building = el("span", {});
const anew = el("button", { type: "button", class: "ps-button", onclick: () => steer("retry") }, t("state.anew"));
const give = el("button", { type: "button", class: "ps-button" }, t("state.give"));
const beside = el("div", { class: "ps-offer", hidden: true }, building, anew, give);
const old = el("ul", { class: "ps-old", "aria-label": t("state.old") });
const trouble = el("p", { class: "ps-error", role: "alert", hidden: true });
const board = el("section", { "aria-label": t("state.indexing"), hidden: true },
  el("div", { class: "ps-top" }, el("p", {}, headline, figures), hold, more),
  line.whole, reason, beside, old, trouble);
root.replaceChildren(board);

let answering = null; // which index answers, and whether another is being built

function write(node, words) {
  if (node.textContent !== words) node.textContent = words;
  if (node === reason) node.hidden = !words;
}

function title({ counts, paused, waiting }) {
  if (paused) return t("state.paused");
  if (counts.queued + counts.indexing === 0) return counts.done ? t("state.done") : t("state.nothing");
  return waiting ? t("state.queued") : t("state.indexing");
}

function told(status) {
  const { counts, videos } = status;
  const left = counts.queued + counts.indexing;
  if (!left) return [amount(counts.done, "video"), status.seconds_done ? span(status.seconds_done) : null];
  const settled = t("state.settled", { settled: videos - left, count: videos });
  if (status.paused || status.waiting) return [settled];
  return [settled, status.speed ? pace(status.speed) : null, status.left ? t("amount.left", { time: span(status.left) }) : null];
}

function switching(built, model) {
  if (built.held) return built.held;
  const left = built.left ? `, ${t("amount.left", { time: span(built.left) })}` : "";
  const values = { built: built.model, model, far: `${percent(built.share)}${left}` };
  return built.model === model ? t("state.building", values) : t("state.building.another", values);
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
  write(hold, paused ? t("state.resume") : t("state.pause"));
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
  const away = el("button", { type: "button", class: "ps-button" }, t("state.old.remove"));
  menu.confirm(away, () => ({
    question: t("state.old.ask", { model }),
    detail: t("state.old.detail"),
    yes: t("row.remove"),
    act: () => steer(`collections/${key}`, "DELETE").then(leftovers),
  }));
  const words = el("span", {}, t("state.old.words", { model, size: bytes(size) }));
  return el("li", { class: "ps-offer" }, words, journey.info?.read_only ? null : away);
}

menu.confirm(give, () => {
  const { key } = journey.status.switch;
  return {
    question: t("state.give.ask"),
    detail: t("state.give.detail"),
    yes: t("state.give"),
    act: () => steer(`collections/${key}`, "DELETE"),
  };
});
menu.attach(more, () => [
  {
    text: t("state.reindex"), picture: "again", act: () => steer("reindex"),
    ask: {
      question: t("state.reindex.ask", { count: journey.status.videos }),
      detail: t("state.reindex.detail"),
      yes: t("row.reindex"),
      no: t("state.reindex.no"),
    },
  },
]);
on("status", draw);
on("lost", (message) => {
  board.classList.add("ps-lost");
  write(headline, t("state.lost"));
  write(figures, message);
});
if (journey.status) draw(journey.status);

// The name, the model that serves, and one line about indexing while there is any.
const { el, on, amount, percent, journey } = window.prism;
const root = element.querySelector(".ps-masthead");

const model = el("span", { class: "ps-model" });
const state = el("span", { class: "ps-state", role: "status" });
const banner = el("p", { class: "ps-banner", hidden: true });
const home = el("a", { class: "ps-brand", href: location.pathname });
home.append(el("span", { class: "ps-prism", "aria-hidden": "true" }), "PrismSearch");
root.replaceChildren(
  el("header", {}, el("h1", {}, home), state, model),
  banner,
);

function describe(info) {
  model.textContent = info.model.toy ? "toy model" : info.model.name;
  model.title = `${info.model.description} Runs on ${info.device}.`;
  banner.hidden = !info.model.toy;
  if (!info.model.toy || banner.childNodes.length) return;
  banner.append(
    el("strong", {}, "This model knows only drawn shapes."),
    " For your own videos, use VideoPrism: ",
    el("code", {}, "prismsearch serve FOLDER"),
  );
}

function tell(status) {
  describe(journey.info);
  state.classList.toggle("ps-busy", journey.busy(status));
  state.classList.remove("ps-lost");
  state.textContent = words(status);
}

function words({ counts, paused, waiting, videos, share, switch: built }) {
  const left = counts.queued + counts.indexing;
  if (!left && !built) return amount(videos, "video");
  if (paused) return "Indexing is paused";
  if (waiting) return "Indexing waits";
  if (!left) return `New index · ${percent(built.share)}`;
  return `Indexing ${amount(left, "video")} · ${percent(share)}`;
}

on("status", tell);
on("lost", (message) => {
  state.textContent = message;
  state.classList.remove("ps-busy");
  state.classList.add("ps-lost");
});
if (journey.status) tell(journey.status);

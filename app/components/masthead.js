// The name, the model that serves, and one line about indexing while there is any.
const { el, icon, on, amount, journey } = window.prism;
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

function tell(videos) {
  if (journey.info) describe(journey.info);
  const left = videos.filter((one) => ["queued", "indexing"].includes(one.state));
  const planned = videos.reduce((sum, one) => sum + one.segments_planned, 0);
  const done = videos.reduce((sum, one) => sum + one.segments_done, 0);
  state.classList.toggle("ps-busy", left.length > 0);
  state.classList.remove("ps-lost");
  if (!left.length) state.textContent = amount(videos.length, "video");
  else {
    const share = planned ? ` · ${Math.floor((100 * done) / planned)} %` : "";
    state.textContent = `Indexing ${amount(left.length, "video")}${share}`;
  }
}

on("library", tell);
on("lost", (message) => {
  state.textContent = message;
  state.classList.add("ps-lost");
});
if (journey.videos) tell(journey.videos);

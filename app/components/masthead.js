// The name, the tabs, the model that serves, one line about indexing while there is any, and the
// choice of the page's language.
const { el, on, emit, t, iconButton, amount, percent, language, languages, nameOf, speak, tabs, menu, uploads, kept, journey } = window.prism;
const READ = "prismsearch.toy"; // kept once the person has read what the toy model is
const root = element.querySelector(".ps-masthead");

const model = el("span", { class: "ps-model" });
const state = el("span", { class: "ps-state" });
const spoken = el("span", { class: "ps-unseen", role: "status" });
const banner = el("p", { class: "ps-banner", hidden: true },
  el("span", {}, el("strong", {}, t("masthead.toy")), ` ${t("masthead.own")} `, el("code", {}, "prismsearch serve FOLDER")),
  iconButton("close", t("masthead.read"), () => {
    kept.keep(READ, "read");
    banner.hidden = true;
  }));
const home = el("a", { class: "ps-brand", href: location.pathname });
home.append(el("span", { class: "ps-prism", "aria-hidden": "true" }), "PrismSearch");
const tongue = el("button", {
  type: "button", class: "ps-button ps-tongue", "aria-label": `${t("language.choose")}: ${nameOf(language)}`,
}, language.toUpperCase());
const skip = el("button", { type: "button", class: "ps-button ps-skip", hidden: true, onclick: toResults }, t("masthead.skip"));
root.replaceChildren(
  skip,
  el("header", {}, el("h1", {}, home), tabs.view, el("div", { class: "ps-aside" }, state, spoken, model, tongue)),
  banner,
);

function toResults() {
  journey.show("search");
  emit("reach");
}

function describe(info) {
  model.textContent = info.model.toy ? t("masthead.toy.model") : info.model.name;
  model.title = t("masthead.runs", { model: info.model.name, device: info.device });
  banner.hidden = !info.model.toy || kept.read(READ) !== null;
}

function tell(status) {
  describe(journey.info);
  state.classList.toggle("ps-busy", journey.busy(status));
  state.classList.remove("ps-lost");
  const [kind, text] = words(status);
  say(kind, text);
}

// A reader of screens hears of it when something else begins, not at every per cent.
function say(kind, text) {
  if (state.textContent !== text) state.textContent = text;
  if (spoken.dataset.kind !== kind) spoken.textContent = text;
  spoken.dataset.kind = kind;
}

function words({ counts, paused, waiting, videos, share, switch: built }) {
  const left = counts.queued + counts.indexing;
  if (!left && !built) return ["rest", amount(videos, "video")];
  if (paused) return ["paused", t("masthead.paused")];
  if (waiting) return ["waiting", t("masthead.waiting")];
  if (!left) return ["switch", t("masthead.switch", { share: percent(built.share) })];
  return ["indexing", t("masthead.indexing", { count: left, share: percent(share) })];
}

// Files on their way would have to be chosen again, for the page is loaded anew.
const question = () => ({ question: t("language.uploads"), detail: t("language.uploads.detail"), yes: t("language.switch"), no: t("language.stay") });
menu.attach(tongue, () => languages.map((code) => ({
  text: nameOf(code), lang: code, picture: code === language ? "done" : null, act: () => speak(code),
  ask: uploads.busy() ? question() : null,
})));
on("moments", (moments) => (skip.hidden = !moments.length));
on("status", tell);
on("lost", (message) => {
  say("lost", message);
  state.classList.remove("ps-busy");
  state.classList.add("ps-lost");
});
if (journey.status) tell(journey.status);

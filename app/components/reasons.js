// Why there is nothing to see among the results, and what to do about it. Knows the question and the
// library's state; not where its answer is put.
window.prism.reasons ??= (() => {
  const { el, icon, journey, question, t } = window.prism;

  function note(picture, title, ...words) {
    return el("div", { class: "ps-note" }, icon(picture), el("h2", {}, title), ...words.filter(Boolean).map((one) => el("p", {}, one)));
  }

  const button = (text, onclick) => el("button", { type: "button", class: "ps-button", onclick }, text);
  const toLibrary = (key) => button(t(key), () => journey.show("library"));

  function suggestions() {
    const words = journey.info?.suggestions ?? [];
    if (!words.length) return null;
    const one = (text) =>
      el("button", { type: "button", class: "ps-suggestion", onclick: () => journey.ask({ kind: "words", value: text }) }, text);
    return el("div", { class: "ps-suggestions" }, ...words.map(one));
  }

  // Nothing to search in: the library is empty, or not ready.
  function unready({ counts, videos, segments }) {
    if (!videos) {
      const only = journey.info.read_only;
      const words = t(only ? "none.library.closed" : "none.library.add");
      return [note("film", t("none.library"), words), only ? null : toLibrary("none.add")];
    }
    if (segments) return null;
    const failed = counts.failed === videos;
    const words = failed ? note("warn", t("none.failed"), t("none.failed.why")) : note("film", t("none.yet"), t("none.yet.why"));
    return [words, toLibrary("none.open")];
  }

  // The question found nothing: what of it may hide what is there.
  function unanswered() {
    const { view } = journey.now;
    const ways = [
      question.isFiltered(journey.now) && button(t("none.filters"), () => journey.to({ filters: {} })),
      view.least && button(t("none.least"), () => journey.to({ view: { ...view, least: null } })),
    ].filter(Boolean);
    const why = question.isFiltered(journey.now) ? "none.found.filtered" : view.least ? "none.found.least" : "none.found.why";
    return [note("search", t("none.found"), t(why)), ways.length ? row(...ways) : null];
  }

  const row = (...buttons) => el("div", { class: "ps-ways" }, ...buttons.filter(Boolean));

  // The same question without what is no longer there.
  const lighten = (gone) => gone.length > 0 && button(t("grid.without"), () => journey.to(question.without(journey.now, gone)));

  function first({ videos }) {
    return [note("search", t("first.title", { count: videos }), t("first.how")), suggestions()];
  }

  function parts(answered) {
    const { status } = journey;
    if (!status) return [];
    return (unready(status) ?? (answered ? unanswered() : first(status))).filter(Boolean);
  }

  function create() {
    const whole = el("div", { class: "ps-empty" });
    let words = ""; // drawn anew only when they change, as a person may be in them

    function put(...found) {
      const now = found.map((one) => one.textContent).join();
      if (now !== words) whole.replaceChildren(...found);
      words = now;
    }

    return {
      whole,
      clear: () => put(),
      tell: (answered) => put(...parts(answered)), // answered: the question was put, and found nothing
      fail: ({ message, gone = [] }, again) => put(note("warn", t("grid.failed"), message), row(button(t("grid.again"), again), lighten(gone))),
    };
  }

  return { create };
})();

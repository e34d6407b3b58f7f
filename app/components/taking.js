// Taking results along: the list as a table, as data or for an editing program, and its clips. What
// was chosen goes, or else the whole list. Knows nothing of how either is made.
window.prism.taking ??= (() => {
  const { el, icon, menu, saving, t } = window.prism;
  const FORMATS = ["csv", "json", "edl", "fcpxml"];
  const MOST = 24; // clips in one archive, where nothing was chosen

  // moments(), chosen(): lists of moments; asked(): the question behind them; clear(): nothing is chosen
  // any more; say(message): trouble in words.
  function create({ moments, chosen, asked, clear, say }) {
    const label = el("span", {});
    const button = el("button", { type: "button", class: "ps-small ps-take" }, icon("download"), label);
    const none = el("button", { type: "button", class: "ps-link", hidden: true, onclick: clear }, t("take.clear"));
    const whole = el("span", { class: "ps-taking", hidden: true }, none, button);

    function tell() {
      const count = chosen().length;
      whole.hidden = !moments().length;
      none.hidden = !count;
      label.textContent = count ? t("take.chosen", { count }) : t("take.name");
    }

    const get = (work) => async () => {
      say("");
      await work().catch((error) => say(error.message));
    };

    function entries() {
      const mine = chosen();
      const clips = mine.length ? mine : moments().slice(0, MOST);
      const lists = FORMATS.map((format) => ({
        text: t(`take.${format}`), picture: "list", act: get(() => saving.list(button, format, { moments: mine, asked: asked() })),
      }));
      return [...lists, { text: t("take.clips", { count: clips.length }), picture: "film", act: get(() => saving.clips(button, clips)) }];
    }

    menu.attach(button, entries);
    return { whole, tell };
  }

  return { create };
})();

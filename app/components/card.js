// One found moment: its picture in the video's true aspect, its time, title and place in the list.
// Knows nothing of the cards around it. A card stays and is patched where only its place changes.
window.prism.card ??= (() => {
  const { el, icon, clock, journey, strip, t, language } = window.prism;
  const SPOKEN = 200; // characters of a title that a screen reader or a tooltip is given
  const STEPS = "ABCDEFGH";
  const SIGNS = { liked: "like", disliked: "dislike", chosen: "done" };
  const sharp = new Intl.NumberFormat(language, { maximumSignificantDigits: 2 });

  const key = (moment) => `${moment.video_id}:${moment.index}`;
  const short = (title) => (title.length > SPOKEN ? `${title.slice(0, SPOKEN)}…` : title);
  const stretch = ({ start, end }) => t("card.stretch", { start: clock(start), end: clock(end) });
  // How rare such a fit is; nothing where filters alone chose what is shown.
  const place = ({ top }) => (journey.sought() ? t("card.top", { percent: sharp.format(top) }) : "");

  // Every way of saying which frame this is: the true aspect within an even cell.
  function frame(poster, { width, height }) {
    const picture = el("img", { src: poster, alt: "", loading: "lazy", decoding: "async", draggable: "false" });
    picture.addEventListener("error", () => picture.classList.add("ps-missing"));
    const whole = el("span", { class: "ps-frame" }, picture);
    if (width && height) whole.style.setProperty("--ps-aspect", width / height);
    return whole;
  }

  function single(moment) {
    const whole = frame(moment.poster, moment);
    const scrub = strip.over(whole, moment);
    const time = el("span", { class: "ps-time" }, clock(moment.play_at));
    return { parts: [whole, time], scrub };
  }

  // A, then B: one picture each, in their order.
  function sequence(moment) {
    const parts = moment.steps.map((step, i) =>
      el("span", { class: "ps-step" },
        frame(step.poster, moment),
        el("span", { class: "ps-letter", "data-step": i % 4 }, STEPS[i] ?? i + 1),
        el("span", { class: "ps-time" }, clock(step.play_at))));
    return { parts, scrub: { step() {}, end() {} } };
  }

  function spoken(moment) {
    const times = moment.steps.length ? moment.steps.map(stretch).join(`, ${t("card.then")} `) : stretch(moment);
    const said = { title: short(moment.title), times, rank: moment.rank };
    return place(moment) ? t("card.name", { ...said, place: place(moment) }) : t("card.name.listed", said);
  }

  // opened: what a click does with the moment.
  function create(moment, opened) {
    const ordered = moment.steps.length > 0;
    const { parts, scrub } = ordered ? sequence(moment) : single(moment);
    const signs = el("span", { class: "ps-signs", "aria-hidden": "true" });
    const picture = el("span", { class: ordered ? "ps-picture ps-sequence" : "ps-picture" }, ...parts, signs);
    const [rank, top] = [el("span", { class: "ps-place" }), el("span", { class: "ps-score" })];
    const name = el("span", { class: "ps-name", dir: "auto" }, moment.title);
    const button = el("button", { type: "button", class: "ps-card", draggable: "true", tabindex: "-1" },
      picture, name, el("span", { class: "ps-rank" }, rank, top));
    const item = el("li", { class: "ps-item", "data-key": key(moment), "data-video": moment.video_id, "data-at": moment.play_at }, button);
    const card = { item, button, scrub, signs, moment, said: "", patch };

    function patch(now) {
      card.moment = now;
      rank.textContent = String(now.rank);
      top.textContent = place(now);
      button.setAttribute("aria-label", [spoken(now), card.said].filter(Boolean).join(", "));
    }

    button.title = short(moment.title);
    button.addEventListener("click", () => opened(card.moment));
    button.addEventListener("blur", scrub.end);
    button.addEventListener("dragstart", (event) => {
      event.dataTransfer.setData("text/x-prism-moment", `moment:${key(card.moment)}`);
      event.dataTransfer.setData("text/plain", `${short(card.moment.title)} ${clock(card.moment.play_at)}`);
      event.dataTransfer.effectAllowed = "copy";
    });
    patch(moment);
    return card;
  }

  // What is true of a card, of [liked, disliked, chosen]; only what changed is touched.
  function mark(card, current, verdicts) {
    if (current) card.button.setAttribute("aria-current", "true");
    else card.button.removeAttribute("aria-current");
    const said = verdicts.map((one) => t(`card.is.${one}`)).join(", ");
    if (said === card.said) return;
    card.said = said;
    card.item.dataset.is = verdicts.join(" ");
    card.signs.replaceChildren(...verdicts.map((one) => icon(SIGNS[one])));
    card.patch(card.moment);
  }

  return { create, mark, key, short, stretch };
})();

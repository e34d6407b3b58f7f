// What can be done with a card: one row of buttons for all cards, which goes to the card that a
// pointer or the focus is at, so that a thousand cards stay light.
window.prism.cardActs ??= (() => {
  const { el, iconButton, t } = window.prism;
  const SIGNS = { choose: "done", add: "plus", more: "similar", dislike: "dislike", like: "like" };
  const STATES = { choose: "chosen", dislike: "disliked", like: "liked" };

  // acts: {choose, add, more, dislike, like}, each called with the card.
  function create(acts) {
    let card = null;
    const buttons = Object.entries(SIGNS).map(([act, sign]) =>
      [act, iconButton(sign, t(`card.${act}`), () => acts[act](card), { class: `ps-icon-button ps-act-${act}` })]);
    const bar = el("span", { class: "ps-acts" }, ...buttons.map(([, button]) => button));

    function tell() {
      if (!card) return;
      const is = (card.item.dataset.is ?? "").split(" ");
      for (const [act, button] of buttons) {
        if (STATES[act]) button.setAttribute("aria-pressed", String(is.includes(STATES[act])));
      }
    }

    function go(to) {
      if (card === to || bar.querySelector(":focus-visible")) return;
      card = to;
      tell();
      card.item.append(bar);
    }

    return { go, tell, of: () => card };
  }

  return { create };
})();

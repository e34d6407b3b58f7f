// Saved and recent questions below the search box, to be asked again or forgotten; and the panel that
// saves one under a name. All by keys: down from the box, up to it again.
window.prism.remembering ??= (() => {
  const { el, icon, iconButton, t, on, emit, journey, question, faces, history: memory, popover } = window.prism;
  const PAUSE = 1500; // milliseconds without typing after which a question counts as asked
  const SHOWN = 8; // recent questions that are offered

  // A question in a few words for people.
  function describe({ conditions, likes, dislikes, filters }) {
    const leads = { q: "", and: t("conditions.and"), not: t("conditions.without"), then: t("conditions.then") };
    const asked = conditions.map((one) => `${leads[one.role]} ${faces.name(one)}`.trim()).join(" ");
    const set = likes.length + dislikes.length + Object.values(filters).flat().filter(Boolean).length;
    if (!set) return asked;
    return asked ? t("history.also", { asked, more: t("history.filters", { count: set }) }) : t("history.filters", { count: set });
  }

  // below(input, field): the list opens under the field and gives the focus back to the input.
  function below(input, field) {
    const list = el("div", { class: "ps-before", role: "group", "aria-label": t("history.name"), hidden: true });
    let saved = [];

    let wanted = false; // until it is closed, which may be before the saved ones have arrived

    const open = async () => {
      wanted = true;
      draw();
      saved = await memory.saved().catch(() => saved);
      if (wanted) draw();
    };
    const close = () => {
      wanted = false;
      list.hidden = true;
    };

    function draw() {
      const recent = memory.recent().filter((one) => one.question !== journey.asked()).slice(0, SHOWN);
      const parts = [
        saved.length ? heading(t("history.saved")) : null,
        ...saved.map((one) => line("star", one, () => memory.remove(one.name))),
        recent.length ? heading(t("history.recent"), el("button", { type: "button", class: "ps-link", onclick: () => (memory.clear(), draw(), input.focus()) }, t("history.clear"))) : null,
        ...recent.map((one) => line("clock", one, () => memory.forget(one.question))),
      ].filter(Boolean);
      list.replaceChildren(...parts);
      list.hidden = !parts.length;
    }

    const heading = (...parts) => el("div", { class: "ps-before-head" }, ...parts);

    function line(sign, { name, question: asked }, forget) {
      const ask = () => {
        close();
        journey.to(question.parse(asked));
      };
      const gone = async () => {
        await Promise.resolve(forget()).catch(() => null);
        input.focus();
        open();
      };
      const away = iconButton("close", t("history.forget", { name }), gone);
      return el("div", { class: "ps-before-line" },
        el("button", { type: "button", class: "ps-before-ask", title: name, onclick: ask }, icon(sign), el("span", { dir: "auto" }, name)), away);
    }

    const asks = () => [...list.querySelectorAll(".ps-before-ask")];
    field.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !list.hidden) {
        event.preventDefault(); // and leaves what is typed
        close();
        return input.focus();
      }
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!step || (list.hidden && step < 0)) return;
      event.preventDefault();
      if (list.hidden) return input.value ? emit("reach") : open(); // down to the results, which lie below
      const here = asks().indexOf(document.activeElement.closest(".ps-before-line")?.firstChild) + step;
      if (here < 0) input.focus();
      else asks()[Math.min(here, asks().length - 1)]?.focus();
    });
    field.addEventListener("focusout", (event) => {
      if (event.relatedTarget && !field.contains(event.relatedTarget)) close();
    });
    document.addEventListener("pointerdown", (event) => !field.contains(event.target) && close());
    input.addEventListener("input", close);
    on("query", close);
    return { list, open, close };
  }

  // The button that saves the question as it is now; tell and fail say how it went.
  function saveButton(tell, fail) {
    const whole = el("button", { type: "button", class: "ps-tool ps-quiet" }, icon("star"), el("span", {}, t("history.save")));
    popover.attach(whole, (panel) => {
      const name = el("input", { type: "text", class: "ps-input", maxlength: 100, autofocus: true, "aria-label": t("history.save.as"), value: describe(journey.now).slice(0, 100) });
      const form = el("form", { class: "ps-save" }, el("h2", {}, t("history.save.as")), name, el("button", { type: "submit", class: "ps-button ps-primary" }, t("history.save")));
      form.addEventListener("submit", async (event) => {
        event.preventDefault();
        panel.hidePopover();
        const [called, asked] = [name.value.trim(), journey.question()];
        await memory.save(called, asked).then(() => tell(t("history.kept", { name: called })), (error) => fail(error.message));
      });
      panel.replaceChildren(form);
      setTimeout(() => name.select());
    }, { label: t("history.save.as") });
    return whole;
  }

  // Recent questions are those that someone stayed at and that were answered.
  let pause = null;
  let typed = false; // nothing but typing led from the last of them to what is asked
  on("query", ({ typing }) => (typed &&= typing));
  on("results", () => {
    clearTimeout(pause);
    const asked = journey.asked();
    pause = setTimeout(() => {
      journey.settle();
      if (!asked || asked !== journey.asked()) return;
      memory.add(asked, describe(journey.now), typed);
      typed = true;
    }, PAUSE);
  });

  return { below, saveButton, describe };
})();

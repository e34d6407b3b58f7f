// The tags of the video in the player and of the stretches that were marked in it: shown as chips,
// taken off, and added with the tags that are known as suggestions.
window.prism.tagging ??= (() => {
  const { el, iconButton, api, emit, journey, clock, t } = window.prism;

  // seek(seconds): a mark's chip was chosen; say(message): trouble in words.
  function create({ seek, say }) {
    const chips = el("ul", { class: "ps-tags", "aria-label": t("tags.here") });
    const known = el("datalist", { id: "ps-known-tags" });
    const input = el("input", { type: "text", list: "ps-known-tags", maxlength: 60, autocomplete: "off", "aria-label": t("tags.add"), placeholder: t("tags.add") });
    const form = el("form", { class: "ps-tag-form" }, input, known);
    const whole = el("div", { class: "ps-tagging", hidden: true }, chips, form);
    let id = null;
    let range = null; // what a new tag is for; the whole video without

    const path = (tag) => `videos/${id}/tags/${encodeURIComponent(tag)}`;

    async function open(video) {
      id = video;
      choose(null);
      await draw();
    }

    async function draw() {
      const mine = id;
      const [tags, marks] = await Promise.all([api(`videos/${mine}/tags`), api(`videos/${mine}/marks`)]).catch(() => []);
      if (mine !== id) return;
      whole.hidden = !marks; // this server keeps no tags
      if (!marks) return;
      form.hidden = journey.info?.read_only ?? false;
      chips.replaceChildren(...tags.tags.map(ofVideo), ...marks.marks.map(ofMark));
    }

    function chip(name, off, ...parts) {
      const button = form.hidden ? null : iconButton("close", t("tags.remove", { tag: name }), off);
      return el("li", { class: "ps-tag" }, ...parts, button);
    }

    function ofVideo(tag) {
      return chip(tag, () => change(path(tag), { method: "DELETE" }), el("span", { dir: "auto" }, tag));
    }

    function ofMark({ mark_id, start, tag }) {
      const to = el("button", { type: "button", class: "ps-tag-time", title: t("tags.jump", { time: clock(start) }), onclick: () => seek(start) }, clock(start));
      return chip(tag, () => change(`marks/${mark_id}`, { method: "DELETE" }), to, el("span", { dir: "auto" }, tag));
    }

    async function change(path, options) {
      try {
        await api(path, options);
        await draw();
        emit("tagged");
      } catch (error) {
        say(error.message);
      }
    }

    // The next tag is for this stretch, {start, end}, or for the whole video.
    function choose(stretch) {
      range = stretch;
      input.placeholder = range ? t("tags.add.range") : t("tags.add");
      input.setAttribute("aria-label", input.placeholder);
    }

    function ask(stretch) {
      choose(stretch);
      input.focus();
    }

    async function add(tag) {
      const mark = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ ...range, tag }) };
      if (range) await change(`videos/${id}/marks`, mark);
      else await change(path(tag), { method: "PUT" });
    }

    input.addEventListener("focus", async () => {
      const { tags } = await api("tags").catch(() => ({ tags: [] }));
      known.replaceChildren(...tags.map(({ tag }) => el("option", { value: tag })));
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const tag = input.value.trim();
      input.value = "";
      if (tag) add(tag);
    });
    return { whole, open, choose, ask };
  }

  return { create };
})();

// Copies the link of what is seen: the whole question, the video, its time.
window.prism.sharing ??= (() => {
  const { el, icon, t } = window.prism;

  // Each reader has a language of their own, so the link names none.
  function link() {
    const address = new URL(location.href);
    address.searchParams.delete("lang");
    return address.href;
  }

  // Where a page is not served over https the clipboard is closed, but what is selected can be copied.
  function bySelection(text) {
    const area = el("textarea", { class: "ps-unseen", "aria-hidden": "true", tabindex: "-1" }, text);
    document.querySelector(".gradio-container").append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }

  async function copy(text = link()) {
    if (!navigator.clipboard) return bySelection(text);
    return navigator.clipboard.writeText(text).then(() => true, () => bySelection(text));
  }

  // tell and fail say how it went.
  function button(tell, fail) {
    const act = async () => ((await copy()) ? tell(t("sharing.copied")) : fail(t("sharing.failed")));
    return el("button", { type: "button", class: "ps-tool ps-quiet", onclick: act }, icon("link"), el("span", {}, t("sharing.name")));
  }

  return { copy, link, button };
})();

// A window over the page that wants an answer or shows something at length. It keeps the focus until
// it is closed, by its button, by Escape or by a tap beside it. Knows nothing of what it holds.
window.prism.dialog ??= (() => {
  const { el, iconButton, t } = window.prism;

  // Opens one under this title and returns its element; its close() closes it, then onclose is told.
  function open(title, children, { onclose = null, look = "" } = {}) {
    const shut = iconButton("close", t("dialog.close"), () => whole.close());
    const body = el("div", { class: "ps-dialog-body" }, ...children);
    const head = el("div", { class: "ps-dialog-head" }, el("h2", { id: "ps-dialog-title" }, title), shut);
    const whole = el("dialog", { class: `ps-part ps-dialog ${look}`, "aria-labelledby": "ps-dialog-title" }, head, body);
    whole.addEventListener("click", (event) => {
      if (event.target === whole) whole.close(); // the veil counts as the dialog itself
    });
    whole.addEventListener("close", () => {
      whole.remove();
      onclose?.();
    });
    document.querySelector(".gradio-container").append(whole);
    whole.showModal();
    return whole;
  }

  return { open };
})();

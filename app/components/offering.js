// Examples given as a question: clips and images that are chosen, dropped or pasted, and moments that
// are dragged from elsewhere on the page. Sends files, and says how far they are or why not.
window.prism.offering ??= (() => {
  const { el, icon, iconButton, bar, send, refusal, dropzone, faces, journey, t } = window.prism;
  const TAKEN = "video/*,image/*,.mkv";
  const MOMENT = "text/x-prism-moment";

  // say(message): trouble in words, or nothing.
  function create({ say }) {
    const root = el("div", { class: "ps-offers" });
    const picker = el("input", { type: "file", accept: TAKEN, multiple: true, hidden: true, tabindex: "-1", "aria-label": t("search.example.files") });
    let wanted = {};

    // role and step as for journey.add; asks the person for files.
    function pick(role = "and", step = null) {
      wanted = { role, step };
      picker.click();
    }

    picker.addEventListener("change", () => {
      give([...picker.files], wanted);
      picker.value = "";
    });

    async function give(files, { role = "and", step = null } = {}) {
      say("");
      const problems = await Promise.all(files.map((file) => one(file, role, step)));
      say(problems.filter(Boolean).join(" "));
    }

    // Sends one file and asks with it; answers what went wrong, in words.
    async function one(file, role, step) {
      const problem = strange(file) || refusal(file, journey.info?.max_example_bytes);
      if (problem) return problem;
      const progress = bar(t("offering.sending", { name: file.name }));
      const sending = send("queries", file, (share) => progress.set(share));
      const stop = iconButton("close", t("offering.stop", { name: file.name }), sending.stop, { class: "ps-icon-button ps-chip-remove" });
      const chip = el("span", { class: "ps-chip ps-chip-sending", role: "status" }, icon("film"), el("span", { class: "ps-chip-text" }, file.name), progress.whole, stop);
      root.append(chip);
      try {
        const { query_id: id, label, poster } = await sending.finished;
        faces.remember(`clip:${id}`, { label, poster: poster ?? null });
        journey.add(`clip:${id}`, role, step);
      } catch (error) {
        return error.name === "AbortError" ? null : t("offering.failed", { name: file.name, why: error.message });
      } finally {
        chip.remove();
      }
      return null;
    }

    // Files that are neither film nor picture are not sent at all; some films have no type of their own.
    function strange(file) {
      const known = /^(video|image)\//.test(file.type) || !file.type || file.type === "application/octet-stream";
      return known ? null : t("offering.strange", { name: file.name });
    }

    // Files and moments can be dropped on the element.
    function receive(element) {
      const mine = (event) => event.dataTransfer?.types.includes(MOMENT);
      const over = (state) => (event) => {
        if (!mine(event)) return;
        event.preventDefault();
        element.classList.toggle("ps-over", state);
      };
      dropzone(element, give);
      element.addEventListener("dragover", over(true));
      element.addEventListener("dragleave", over(false));
      element.addEventListener("drop", (event) => {
        over(false)(event);
        if (mine(event)) take(event.dataTransfer.getData(MOMENT));
      });
    }

    function take(condition) {
      if (/^(moment|range):[0-9a-f]{64}:[\d.-]+$/.test(condition)) journey.add(condition);
    }

    // Pictures from the clipboard; pasted text stays text.
    document.addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (!files.length || journey.tab !== "search" || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      give(files);
    });

    root.append(picker);
    return { root, pick, receive };
  }

  return { create };
})();

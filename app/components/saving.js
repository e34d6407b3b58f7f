// Fetches what the server makes for a person to keep, and hands it to the browser as a file.
window.prism.saving ??= (() => {
  const { el, sentence, t } = window.prism;

  // path: below /api/v1, from where a file comes; button: shows that it is on its way. Raises.
  async function save(button, path, options) {
    button?.classList.add("ps-working");
    button?.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(`/api/v1/${path}`, options).catch(() => null);
      if (!answer) throw new Error(t("saving.lost"));
      if (!answer.ok) throw new Error(sentence(await answer.json().catch(() => null), answer.status));
      hand(await answer.blob(), named(answer.headers.get("content-disposition") ?? ""));
    } finally {
      button?.classList.remove("ps-working");
      button?.removeAttribute("aria-busy");
    }
  }

  function hand(content, name) {
    const address = URL.createObjectURL(content);
    el("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  }

  function named(disposition) {
    const exact = /filename\*=utf-8''([^;]+)/i.exec(disposition);
    if (exact) return decodeURIComponent(exact[1]);
    return /filename="([^"]+)"/.exec(disposition)?.[1] ?? "prismsearch";
  }

  const clip = (button, id, { start, end }) =>
    save(button, `videos/${id}/clip?start=${start.toFixed(3)}&end=${end.toFixed(3)}`);

  const clips = (button, moments) =>
    save(button, "export/clips", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ moments: moments.map(({ video_id, start, end }) => ({ video_id, start, end })) }),
    });

  // The list as a file: of these moments, or of all that a question finds.
  function list(button, format, { moments, asked }) {
    const chosen = moments.map(({ video_id, start, end }) => `moment=${video_id}:${start}-${end}`).join("&");
    return save(button, `export?format=${format}&${chosen || asked}`);
  }

  return { clip, clips, list };
})();

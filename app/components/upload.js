// Files on their way to the library: which are being sent, how far each got, and what went wrong.
// Knows nothing of what becomes of a video once it has arrived.
window.prism.uploads ??= (() => {
  const { el, iconButton, bar, send, refusal, bytes, journey } = window.prism;
  const list = el("ul", { class: "ps-sending", "aria-label": "Files on their way" });
  const waiting = [];
  let busy = false;

  function add(files) {
    for (const file of files) {
      const progress = bar(`Sending ${file.name}`);
      const words = el("span", { class: "ps-words" });
      const stop = iconButton("close", `Do not send ${file.name}`, () => job.stop());
      const item = el("li", {}, el("span", { class: "ps-file" }, file.name), progress.whole, words, stop);
      const job = { file, item, words, progress, stop: () => drop(job) };
      list.append(item);
      const problem = refusal(file, journey.info?.max_upload_bytes);
      if (problem) fail(job, problem);
      else {
        words.textContent = `${bytes(file.size)}, waiting`;
        waiting.push(job);
      }
    }
    work();
  }

  function drop(job) {
    const place = waiting.indexOf(job);
    if (place >= 0) waiting.splice(place, 1);
    job.item.remove();
  }

  function fail(job, message) {
    job.item.classList.add("ps-failed");
    job.words.textContent = message;
    job.progress.whole.remove();
    job.stop = () => job.item.remove();
  }

  async function work() {
    if (busy) return;
    busy = true;
    for (let job = waiting.shift(); job; job = waiting.shift()) await deliver(job);
    busy = false;
  }

  async function deliver(job) {
    const upload = send("videos", job.file, (share) => {
      job.progress.set(share);
      job.words.textContent = share < 1 ? `${Math.round(100 * share)} % of ${bytes(job.file.size)}` : "Checking";
    });
    job.stop = () => upload.stop();
    try {
      await upload.finished;
      job.item.remove();
      await journey.refresh();
    } catch (error) {
      if (error.name === "AbortError") job.item.remove();
      else fail(job, error.message);
    }
  }

  return { list, add };
})();

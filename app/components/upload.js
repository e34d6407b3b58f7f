// Files on their way to the library. Each is sent in slices (tus 1.0.0), so that a lost connection, a
// restarted server or a closed page costs no more than what was just under way. Knows nothing of
// what becomes of a video once it has arrived.
window.prism.uploads ??= (() => {
  const { el, iconButton, bar, refusal, sentence, bytes, percent, t, kept, journey } = window.prism;
  const HOME = "/api/v1/uploads";
  const SLICE = 8 * 2 ** 20;
  const AT_ONCE = 2;
  const LONGEST_PAUSE = 15; // seconds between two tries

  const list = el("ul", { class: "ps-sending", "aria-label": t("upload.list") });
  const summary = el("p", { class: "ps-status", role: "status", hidden: true });
  const view = el("div", {}, summary, list);
  const jobs = new Map(); // by file: those that wait or are being sent
  const stale = new Map(); // by file: those that need the person, who may choose them again
  let running = 0;
  let arrived = 0;

  class Lost extends Error {} // may go better the next time
  class Refused extends Error {} // will not

  // Where each file was being sent to, for when the same one is chosen again after a reload.
  const PREFIX = "prismsearch.upload:";
  const keyOf = (file) => `${PREFIX}${file.name}:${file.size}:${file.lastModified}`;
  const recalled = (key) => JSON.parse(kept.read(key));
  const remember = ({ key, url, name }) => kept.keep(key, JSON.stringify({ url, name }));
  function forget(job) {
    kept.forget(job.key);
    job.url = null;
  }

  // Resolves to what the server answers; rejects with Lost where it says nothing for too long.
  function ask(job, method, url, headers = {}, body = null) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      let alarm;
      const expect = (seconds) => {
        clearTimeout(alarm);
        alarm = setTimeout(() => request.abort(), 1000 * seconds);
      };
      request.open(method, url);
      request.responseType = "json";
      for (const [name, value] of Object.entries({ "Tus-Resumable": "1.0.0", ...headers })) {
        request.setRequestHeader(name, value);
      }
      request.upload.onprogress = (event) => {
        expect(event.loaded < event.total ? 30 : 300); // checking a long file takes a while
        advance(job, job.offset + event.loaded);
      };
      request.onload = () => resolve(request);
      request.onerror = request.onabort = () => reject(new Lost(t("upload.lost")));
      request.onloadend = () => clearTimeout(alarm);
      expect(30);
      job.abort = () => request.abort();
      request.send(body);
    });
  }

  // Takes in how far the upload is by the server's account, or says which kind of no it was.
  function heed(job, answer) {
    const { status } = answer;
    if (status < 300) {
      job.offset = Number(answer.getResponseHeader("Upload-Offset"));
      job.video = answer.getResponseHeader("Prismsearch-Video");
      return advance(job, job.offset);
    }
    if (status === 404) forget(job); // given up after a day, or stopped in another window
    if (status === 404 || status === 409) throw new Lost(t("upload.again"));
    if (status >= 500) throw new Lost(`${sentence(answer.response, status)} ${t("upload.again")}`);
    throw new Refused(sentence(answer.response, status));
  }

  async function begin(job) {
    const name = btoa(String.fromCharCode(...new TextEncoder().encode(job.name)));
    const headers = { "Upload-Length": job.file.size, "Upload-Metadata": `filename ${name}` };
    const answer = await ask(job, "POST", HOME, headers);
    if (answer.status === 507) throw new Refused(sentence(answer.response, 507));
    heed(job, answer);
    job.url = answer.getResponseHeader("Location");
    remember(job);
  }

  async function append(job) {
    const headers = { "Upload-Offset": job.offset, "Content-Type": "application/offset+octet-stream" };
    const slice = job.file.slice(job.offset, job.offset + SLICE);
    heed(job, await ask(job, "PATCH", job.url, headers, slice));
    job.tries = 0;
  }

  async function send(job) {
    if (job.url) heed(job, await ask(job, "HEAD", job.url));
    else await begin(job);
    while (!job.video) await append(job);
  }

  // Sends one file, as often as it takes; stops where the server refuses or the file is gone.
  async function deliver(job) {
    while (!job.video && !job.stopped) {
      try {
        await send(job);
      } catch (error) {
        if (job.stopped) return;
        const gone = !(await readable(job.file));
        if (gone) return fail(job, t("upload.gone", { name: job.name }));
        if (!(error instanceof Lost)) return fail(job, error.message);
        job.words.textContent = error.message;
        await pause(job);
      }
    }
    if (!job.stopped) finish(job);
  }

  const readable = (file) => file.slice(0, 1).arrayBuffer().then(() => true, () => false);

  function pause(job) {
    const seconds = Math.min(2 ** job.tries / 2, LONGEST_PAUSE);
    job.tries += 1;
    job.marks = [];
    return new Promise((resolve) => {
      job.wake = resolve;
      setTimeout(resolve, 1000 * seconds);
    });
  }

  function finish(job) {
    forget(job);
    job.item.remove();
    arrived += 1;
    journey.refresh();
  }

  function fail(job, message) {
    job.item.classList.add("ps-failed");
    job.progress.whole.remove();
    job.words.textContent = message;
    stale.set(job.key, job);
  }

  function stop(job) {
    job.stopped = true;
    job.abort?.();
    job.wake?.();
    job.item.remove();
    if (job.url) ask(job, "DELETE", job.url).catch(() => {});
    forget(job);
    jobs.delete(job.key);
    tell();
  }

  // Shows the share, and the pace of the last seconds.
  function advance(job, sent) {
    const { size } = job.file;
    const at = performance.now();
    job.marks = [...job.marks.filter((mark) => at - mark.at < 5000), { at, sent }];
    const { at: since, sent: before } = job.marks[0];
    const pace = at - since > 500 ? t("upload.pace", { size: bytes((1000 * (sent - before)) / (at - since)) }) : "";
    job.progress.set(sent / size);
    const far = t("upload.far", { share: percent(sent / size), size: bytes(size), pace });
    job.words.textContent = sent < size ? far : t("step.check");
  }

  function show(key, name, file = null) {
    const progress = bar(t("upload.bar", { name }));
    const words = el("span", { class: "ps-words" });
    const job = { key, name, file, progress, words, url: recalled(key)?.url, offset: 0, tries: 0, marks: [] };
    const close = iconButton("close", t("upload.stop", { name }), () => stop(job));
    job.item = el("li", {}, el("span", { class: "ps-file", title: name, dir: "auto" }, name), progress.whole, words, close);
    stale.get(key)?.item.remove();
    list.append(job.item);
    return job;
  }

  function add(files) {
    for (const file of files) {
      const key = keyOf(file);
      if (jobs.has(key)) continue; // chosen twice
      const job = show(key, file.name, file);
      const problem = refusal(file, journey.info?.max_upload_bytes) || strange(file);
      if (problem) fail(job, problem);
      else {
        job.words.textContent = t("upload.waits", { size: bytes(file.size) });
        jobs.set(key, job);
      }
    }
    work();
  }

  // Why a file is no video as far as its name tells, or null.
  function strange(file) {
    const suffix = file.name.match(/\.[^.]+$/)?.[0].toLowerCase();
    const known = journey.info?.suffixes;
    if (!suffix || !known || known.includes(suffix) || file.type.startsWith("video/")) return null;
    return t("upload.strange", { name: file.name, known: known.join(", ") });
  }

  function work() {
    for (const job of jobs.values()) {
      if (running >= AT_ONCE) break;
      if (job.begun) continue;
      job.begun = true;
      running += 1;
      deliver(job).finally(() => {
        running -= 1;
        jobs.delete(job.key);
        work();
      });
    }
    tell();
  }

  function tell() {
    if (!jobs.size) arrived = 0;
    summary.hidden = jobs.size <= AT_ONCE;
    summary.textContent = t("upload.sent", { arrived, all: arrived + jobs.size });
  }

  // Names what an earlier visit left half sent: only the person can open those files again.
  async function recall() {
    for (const key of kept.keys().filter((one) => one.startsWith(PREFIX))) {
      const { url, name } = recalled(key);
      const asked = { method: "HEAD", headers: { "Tus-Resumable": "1.0.0" } };
      const answer = await fetch(url, asked).catch(() => null);
      const told = (header) => answer.headers.get(header);
      if (answer?.status === 404 || (answer?.ok && told("Prismsearch-Video"))) {
        kept.forget(key);
      } else if (answer?.ok && !jobs.has(key)) {
        const share = told("Upload-Offset") / told("Upload-Length");
        const job = show(key, name);
        job.progress.set(share);
        job.words.textContent = t("upload.recalled", { share: percent(share) });
        stale.set(key, job);
      }
    }
  }

  window.addEventListener("online", () => jobs.forEach((job) => job.wake?.()));
  recall();
  return { view, add, busy: () => jobs.size > 0 };
})();

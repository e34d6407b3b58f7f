// Talking to the server: calls to the API, files sent to it, and why something did not work, in the
// page's language where the catalogue knows the kind of trouble. Knows no element.
window.prismWire ??= (() => {
  const { t, language, knows } = window.prismWords;
  const { bytes } = window.prismAmounts;

  // The server speaks English, with names and figures; other languages have a sentence for each code,
  // and the server's own in it where the code alone says little.
  function said(code, message) {
    return language !== "en" && knows(`error.${code}`) ? t(`error.${code}`, { message }) : message;
  }

  function sentence(body, status) {
    const known = body && body.error;
    return known?.message ? said(known.code, known.message) : t("wire.status", { status: String(status) });
  }

  async function api(path, options) {
    let answer;
    try {
      answer = await fetch(`/api/v1/${path}`, options);
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Error(t("wire.lost"));
    }
    const body = answer.status === 204 ? null : await answer.json().catch(() => null);
    if (!answer.ok) throw Object.assign(new Error(sentence(body, answer.status)), { code: body?.error?.code, gone: body?.error?.gone });
    return body;
  }

  // One request at a time for each purpose: a newer one calls the older one off.
  function latest() {
    let running = null;
    return (path, options) => {
      running?.abort();
      running = new AbortController();
      return api(path, { ...options, signal: running.signal });
    };
  }

  // Sends a file as the request's whole body; onshare gets the sent share, 0 to 1.
  function send(path, file, onshare) {
    const request = new XMLHttpRequest();
    const finished = new Promise((resolve, reject) => {
      request.open("POST", `/api/v1/${path}?title=${encodeURIComponent(file.name)}`);
      request.responseType = "json";
      request.upload.onprogress = (event) => onshare?.(event.loaded / Math.max(1, event.total));
      request.onload = () =>
        request.status < 300
          ? resolve(request.response)
          : reject(new Error(sentence(request.response, request.status)));
      request.onerror = () => reject(new Error(t("wire.broke")));
      request.onabort = () => reject(new DOMException("stopped", "AbortError"));
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.send(file);
    });
    return { finished, stop: () => request.abort() };
  }

  // Why a file need not be sent at all, in words, or null.
  function refusal(file, limit = Infinity) {
    if (!file.size) return t("wire.empty", { name: file.name });
    if (file.size <= limit) return null;
    return t("wire.large", { name: file.name, size: bytes(file.size), limit: bytes(limit) });
  }

  return { said, sentence, api, latest, send, refusal };
})();

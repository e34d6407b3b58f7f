// What was asked before: recent questions, which only this browser keeps, and saved ones, which the
// library keeps. Knows questions as text and their names; not how they are shown.
window.prism.history ??= (() => {
  const { api, journey } = window.prism;
  const KEPT = "prismsearch.history";
  const MOST = 30;
  const LONGEST = 4000; // characters of one question

  function recent() {
    try {
      const list = JSON.parse(localStorage.getItem(KEPT) ?? "[]");
      return Array.isArray(list) ? list.filter(sound).slice(0, MOST) : [];
    } catch {
      return []; // nothing kept, nothing allowed to be kept, or not ours
    }
  }

  const sound = (one) => typeof one?.question === "string" && typeof one?.name === "string";

  function keep(list) {
    try {
      localStorage.setItem(KEPT, JSON.stringify(list.slice(0, MOST)));
    } catch {
      // this browser keeps nothing, or is full
    }
  }

  // Puts a question first; one that only goes on writing the last one takes its place.
  function add(question, name) {
    if (!name || question.length > LONGEST) return;
    const others = recent().filter((one) => one.question !== question);
    const last = others[0]?.name ?? "";
    keep([{ question, name }, ...(last && name.startsWith(last) ? others.slice(1) : others)]);
  }

  const forget = (question) => keep(recent().filter((one) => one.question !== question));
  const clear = () => keep([]);

  const saved = async () => (await api("searches")).searches;
  const save = (name, question) =>
    api(`searches/${encodeURIComponent(name)}`, {
      method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ question }),
    });
  const remove = (name) => api(`searches/${encodeURIComponent(name)}`, { method: "DELETE" });

  return { recent, add, forget, clear, saved, save, remove };
})();

// What was asked before: recent questions, which only this browser keeps, and saved ones, which the
// library keeps. Knows questions as text and their names; not how they are shown.
window.prism.history ??= (() => {
  const { api, question: language } = window.prism;
  const { read, keep } = window.prismKept;
  const KEPT = "prismsearch.history";
  const MOST = 30;
  const LONGEST = 4000; // characters of one question

  function recent() {
    try {
      return JSON.parse(read(KEPT) ?? "[]").filter(sound).slice(0, MOST);
    } catch {
      return []; // not ours
    }
  }

  const sound = (one) => typeof one?.question === "string" && typeof one?.name === "string";
  const put = (list) => keep(KEPT, JSON.stringify(list.slice(0, MOST)));

  // Puts a question first; typed: it goes on writing the last one, whose place it then takes.
  function add(question, name, typed) {
    if (!name || question.length > LONGEST) return;
    const others = recent().filter((one) => one.question !== question);
    put([{ question, name }, ...(typed && others[0] && goesOn(others[0].question, question) ? others.slice(1) : others)]);
  }

  // Whether `now` says what `before` says and then more words, and all else is the same.
  function goesOn(before, now) {
    const [one, two] = [before, now].map((text) => language.parse(text));
    const words = ({ conditions }) => language.write({ ...language.empty(), conditions });
    const rest = (asked) => language.write({ ...asked, conditions: [] });
    return rest(one) === rest(two) && words(two).startsWith(words(one));
  }

  const forget = (question) => put(recent().filter((one) => one.question !== question));
  const clear = () => put([]);

  const saved = async () => (await api("searches")).searches;
  const save = (name, question) =>
    api(`searches/${encodeURIComponent(name)}`, {
      method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ question }),
    });
  const remove = (name) => api(`searches/${encodeURIComponent(name)}`, { method: "DELETE" });

  return { recent, add, forget, clear, saved, save, remove };
})();

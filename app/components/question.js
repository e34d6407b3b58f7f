// A question as data, and as the words of an address: parse and write are each other's inverse. The
// same words are the API's parameters. Knows no page, no server and nothing about what is found.
window.prism.question ??= (() => {
  const ROLES = ["q", "and", "not", "then"];
  const KINDS = ["words", "clip", "moment", "range"];
  const LISTS = ["video", "folder", "tag", "duration", "added", "recorded", "within"]; // any value of each
  const VIEWS = ["sort", "per_video", "group", "least"];
  const NAMES = [...ROLES, "gap", "like", "dislike", ...LISTS, "part", ...VIEWS];
  const SORTS = ["best", "newest", "oldest", "title", "time"];
  const NUMBER = "(\\d{1,9}(?:\\.\\d{1,9})?)";
  const BETWEEN = new RegExp(`^${NUMBER}?-${NUMBER}?$`);
  const TIME = /^(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/;
  const WEIGHT = /^(\d{1,9}(?:\.\d{1,9})?|\.\d{1,9})\*/;
  const KIND = new RegExp(`^(${KINDS.join("|")}):`);

  // Which values of a name mean something; a name that is not here takes any.
  const MEANS = {
    gap: (value) => /^\d{1,5}(\.\d+)?$/.test(value),
    like: isMoment,
    dislike: isMoment,
    video: (value) => /^[0-9a-f]{64}$/.test(value),
    duration: (value) => isBetween(value, Infinity),
    part: (value) => isBetween(value, 1),
    added: isDays,
    recorded: isDays,
    sort: (value) => SORTS.includes(value),
    per_video: (value) => /^\d{1,2}$/.test(value) && Number(value) >= 1 && Number(value) <= 50,
    group: (value) => value === "video",
    least: (value) => new RegExp(`^${NUMBER}$`).test(value) && Number(value) > 0 && Number(value) <= 100,
  };

  function isMoment(value) {
    return /^[0-9a-f]{64}:\d{1,7}$/.test(value);
  }

  // "10-60", "10-" or "-60", and it begins at `most` or before.
  function isBetween(value, most) {
    const [whole, from = 0, to = Infinity] = BETWEEN.exec(value) ?? [];
    return whole !== undefined && whole !== "-" && Number(from) <= Number(to) && Number(from) <= most;
  }

  // "2026-01-01..2026-01-31"; either side may be open, or tell a time of that day.
  function isDays(value) {
    const [from, to, ...more] = value.split("..");
    const sides = [from, to].filter(Boolean);
    if (to === undefined || more.length || !sides.length || !sides.every(isDay)) return false;
    return sides[0].slice(0, 10) <= sides.at(-1).slice(0, 10);
  }

  function isDay(text) {
    const [day, time] = [new Date(`${text.slice(0, 10)}T00:00Z`), text.slice(10)];
    if (Number.isNaN(day.valueOf()) || !text.startsWith(day.toISOString().slice(0, 10))) return false;
    return TIME.test(time) && !Number.isNaN(Date.parse(text));
  }

  const empty = () => ({ conditions: [], gap: null, likes: [], dislikes: [], filters: {}, view: {} });

  function condition(role, text) {
    const weight = WEIGHT.exec(text);
    const rest = text.slice(weight?.[0].length ?? 0).trim();
    const kind = KIND.exec(rest);
    return {
      role,
      kind: kind?.[1] ?? "words",
      value: rest.slice(kind?.[0].length ?? 0).trim(),
      weight: weight ? Number(weight[1]) : 1,
    };
  }

  // A condition as the address has it; words that would read as something else say that they are words.
  function text({ kind, value, weight = 1 }) {
    const odd = WEIGHT.test(value) || KIND.test(value);
    if (kind === "words" && odd) return `${weight}*words:${value}`;
    const plain = kind === "words" ? value : `${kind}:${value}`;
    return weight === 1 ? plain : `${weight}*${plain}`;
  }

  function parse(address) {
    const question = empty();
    for (const [name, value] of new URLSearchParams(address)) {
      if (value.trim()) put(question, name, value.trim());
    }
    question.conditions = settled(question.conditions);
    return question;
  }

  function put(question, name, value) {
    if (MEANS[name] && !MEANS[name](value)) return; // a mistyped link; what else it says holds
    if (ROLES.includes(name)) question.conditions.push(condition(name, value));
    else if (name === "query") question.conditions.push(condition("q", `clip:${value}`)); // older links
    else if (name === "gap") question.gap = Number(value);
    else if (name === "like") include(question.likes, value);
    else if (name === "dislike") include(question.dislikes, value);
    else if (LISTS.includes(name)) include((question.filters[name] ??= []), value);
    else if (name === "part") question.filters.part = value;
    else if (VIEWS.includes(name)) question.view[name] = value;
  }

  function include(list, value) {
    if (!list.includes(value)) list.push(value);
  }

  // The steps in a row again: each begins with something to be seen, the first of all with "q". Where
  // nothing is left of a step but what it is to be without, that goes to the step beside it.
  function row(steps) {
    const whole = [];
    let left = [];
    for (const parts of steps) {
      const start = parts.find((one) => one.role !== "not");
      const others = parts.filter((one) => one !== start);
      if (start) whole.push([start, ...others, ...left.splice(0)]);
      else (whole.at(-1) ?? left).push(...others);
    }
    const role = (one, i, n) => (n ? (one.role === "not" ? "not" : "and") : i ? "then" : "q");
    const named = whole.flatMap((parts, i) => parts.map((one, n) => ({ ...one, role: role(one, i, n) })));
    return [...named, ...left].map(({ at, ...one }) => one);
  }

  // A condition without a value asks nothing.
  const settled = (conditions) => row(steps({ conditions: conditions.filter((one) => one.value) }));

  // The words of the address, always in the same order.
  function write({ conditions, gap, likes, dislikes, filters, view }) {
    const words = new URLSearchParams();
    const add = (name, value) => words.append(name, value);
    conditions.forEach((one) => add(one.role, text(one)));
    if (gap !== null && conditions.some((one) => one.role === "then")) add("gap", gap);
    likes.forEach((one) => add("like", one));
    dislikes.forEach((one) => add("dislike", one));
    LISTS.forEach((name) => filters[name]?.forEach((one) => add(name, one)));
    if (filters.part) add("part", filters.part);
    VIEWS.forEach((name) => view[name] && add(name, view[name]));
    return words.toString();
  }

  const isFiltered = ({ filters }) => [...LISTS, "part"].some((name) => filters[name]?.length);

  // The question without what is gone, each as the API writes it: "and=moment:<id>:3", "like=<id>:3".
  function without(asked, gone) {
    const parts = gone.map((one) => [one.slice(0, one.indexOf("=")), one.slice(one.indexOf("=") + 1)]);
    const lost = (names, value) => parts.some(([name, what]) => names.includes(name) && what === value);
    const there = (one) => !lost(ROLES, text({ ...one, weight: 1 }));
    const left = (name, list) => list.filter((value) => !lost([name], value));
    return {
      ...asked,
      conditions: row(steps(asked).map((step) => step.filter(there))),
      likes: left("like", asked.likes),
      dislikes: left("dislike", asked.dislikes),
      filters: { ...asked.filters, within: left("within", asked.filters.within ?? []) },
    };
  }

  // Something is looked for, so that moments fit more or less well.
  const seeks = ({ conditions, likes, dislikes }) => conditions.length + likes.length + dislikes.length > 0;

  // Something can be answered: what to look for, or what to look through.
  const asks = (question) => seeks(question) || isFiltered(question);

  // The conditions by the step they belong to: [[{at, …}, …], …], where `at` is their place in all.
  function steps({ conditions }) {
    const found = [];
    conditions.forEach((one, at) => {
      if (one.role === "then" || !found.length) found.push([]);
      found.at(-1).push({ ...one, at });
    });
    return found;
  }

  return { NAMES, LISTS, empty, condition, text, parse, write, row, settled, without, isFiltered, seeks, asks, steps };
})();

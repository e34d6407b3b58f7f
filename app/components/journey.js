// Where the person is: the question, the chosen video and its time, and the tab. The address holds all
// of it, so that links, reloading and Back work. Everyone changes it through here and hears of it.
window.prism.journey ??= (() => {
  const { emit, question: language } = window.prism;
  const PLACES = ["v", "t", "tab"];
  const FIRST_TAB = "search";
  const journey = { now: language.empty(), video: null, at: 0, cued: false, gone: false, tab: FIRST_TAB, info: null, status: null };
  let drafting = false; // the newest entry of the history is a question that is still being typed

  function read() {
    const address = new URLSearchParams(location.search);
    const [video, time, tab] = PLACES.map((name) => address.get(name) ?? "");
    return {
      now: language.parse(location.search),
      video: /^[0-9a-f]{64}$/.test(video) ? video : null,
      at: Number(time) > 0 && Number.isFinite(Number(time)) ? Number(time) : 0,
      tab: /^[a-z]+$/.test(tab) ? tab : FIRST_TAB,
    };
  }

  // The whole address; what others keep in it (the language, the theme) stays.
  function address() {
    const words = new URLSearchParams(question());
    if (journey.video) words.set("v", journey.video);
    if (journey.video) words.set("t", Math.round(journey.at * 10) / 10);
    if (journey.tab !== FIRST_TAB) words.set("tab", journey.tab);
    const ours = [...language.NAMES, ...PLACES, "query"];
    for (const [name, value] of new URLSearchParams(location.search)) {
      if (!ours.includes(name)) words.append(name, value);
    }
    return `${location.pathname}${words.size ? `?${words}` : ""}`;
  }

  function keep(how) {
    const target = address();
    if (target !== location.pathname + location.search) history[how](null, "", target);
  }

  const question = () => language.write(journey.now);

  // The question as the API wants it, or null when nothing is asked.
  const asked = () => (language.asks(journey.now) ? question() : null);

  // The same where something is looked for; null where filters alone say what is shown.
  const sought = () => (language.seeks(journey.now) ? question() : null);

  // Every change of the question ends here. While someone types, one entry of the history is enough.
  function to(changes, { typing = false } = {}) {
    journey.now = { ...journey.now, ...changes };
    journey.now.conditions = language.settled(journey.now.conditions);
    journey.gone = false;
    turn(FIRST_TAB);
    keep(typing && drafting ? "replaceState" : "pushState");
    drafting = typing;
    emit("query", { typing });
  }

  const meant = (given, role) =>
    typeof given === "string" ? language.condition(role, given) : { weight: 1, ...given, role };

  // A new question about this alone (null: about nothing); filters and the way of showing stay.
  function ask(given, how) {
    const conditions = given ? [meant(given, "q")] : [];
    to({ conditions, gap: null, likes: [], dislikes: [] }, how);
  }

  // What is searched for in words at first: before the other conditions of the first step.
  function begin(given, how) {
    to({ conditions: [meant(given, "q"), ...journey.now.conditions] }, how);
  }

  // One more condition: "and" and "not" within a step (the last one, or the one given), "then" after it.
  function add(given, role = "and", step = null) {
    const { conditions } = journey.now;
    const wanted = language.steps(journey.now)[step ?? -1];
    const place = wanted ? wanted.at(-1).at + 1 : conditions.length;
    to({ conditions: conditions.toSpliced(place, 0, meant(given, role)) });
  }

  // Changes the condition at this place: its value, weight or role.
  function set(place, changes, how) {
    const { conditions } = journey.now;
    to({ conditions: conditions.with(place, { ...conditions[place], ...changes }) }, how);
  }

  function remove(place, how) {
    const steps = language.steps(journey.now);
    to({ conditions: language.row(steps.map((parts) => parts.filter(({ at }) => at !== place))) }, how);
  }

  // Lets a step happen before the one that it followed.
  function earlier(step) {
    const steps = language.steps(journey.now);
    steps.splice(step - 1, 2, steps[step], steps[step - 1]);
    to({ conditions: language.row(steps) });
  }

  const name = (moment) => (typeof moment === "string" ? moment : `${moment.video_id}:${moment.index}`);
  const without = (list, value) => list.filter((one) => one !== value);
  const toggled = (list, value) => (list.includes(value) ? without(list, value) : [...list, value]);

  // A moment is liked, disliked or neither; asking for the same again takes it back.
  function like(moment) {
    const { likes, dislikes } = journey.now;
    to({ likes: toggled(likes, name(moment)), dislikes: without(dislikes, name(moment)) });
  }

  function dislike(moment) {
    const { likes, dislikes } = journey.now;
    to({ likes: without(likes, name(moment)), dislikes: toggled(dislikes, name(moment)) });
  }

  // Sets one filter: a list of values, text for "part", null for none.
  function filter(key, value) {
    to({ filters: { ...journey.now.filters, [key]: value } });
  }

  // Takes one more value into a filter of several, or out of it again.
  function toggle(key, value) {
    filter(key, toggled(journey.now.filters[key] ?? [], value));
  }

  // play: start at once; cue: only show the moment, and leave the address's history alone.
  function open(video, at, { play = true, cue = false } = {}) {
    Object.assign(journey, { video, at, cued: cue, gone: false });
    keep(cue ? "replaceState" : "pushState");
    if (!cue) drafting = false;
    emit("open", { video, at, play: play && !cue });
  }

  // gone: the video is no longer there, and Back is not to lead to it.
  function close({ gone = false } = {}) {
    Object.assign(journey, { video: null, at: 0, gone });
    keep(gone ? "replaceState" : "pushState");
    emit("close");
  }

  function moved(seconds) {
    journey.at = seconds;
    keep("replaceState");
  }

  function show(tab) {
    if (tab === journey.tab) return;
    turn(tab);
    keep("pushState");
  }

  function turn(tab) {
    journey.tab = tab;
    emit("tab", tab);
  }

  function follow() {
    const [before, video] = [question(), journey.video];
    Object.assign(journey, read());
    drafting = false;
    turn(journey.tab);
    if (question() !== before) emit("query", { typing: false });
    if (!journey.video && video) emit("close");
    if (journey.video) emit("open", { video: journey.video, at: journey.at, play: false });
  }

  window.addEventListener("popstate", follow);
  Object.assign(journey, read());
  return Object.assign(journey, {
    question, asked, sought, to, ask, begin, add, set, remove, earlier, like, dislike, filter, toggle,
    open, close, moved, show, turn,
    moreLike: (moment) => ask(`moment:${name(moment)}`),
    within: (selection) => filter("within", [selection]),
    settle: () => (drafting = false),
  });
})();

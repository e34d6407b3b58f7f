// The values of filters: how the address writes them, and how they are said to people. Knows no panel
// and no chip.
window.prism.filterValues ??= (() => {
  const { t, faces, language, percent } = window.prism;
  const UNITS = [[3600, "hour"], [60, "minute"], [1, "second"]];
  const PARTS = { beginning: "0-0.333", middle: "0.333-0.667", end: "0.667-1" };

  const between = (from, to) => `${from ?? ""}-${to ?? ""}`;
  const dates = (from, to) => `${from ?? ""}..${to ?? ""}`;

  // "1:30", "90" or "1:02:03" in seconds; null where it is none of these.
  function seconds(text) {
    if (!/^\d{1,6}(:\d{1,2}){0,2}$/.test(text.trim())) return null;
    return text.trim().split(":").reduce((sum, one) => 60 * sum + Number(one), 0);
  }

  // So long exactly, in the largest unit that leaves no rest.
  function time(length) {
    const [size, unit] = UNITS.find(([one]) => length >= one && length % one === 0) ?? UNITS.at(-1);
    return (length / size).toLocaleString(language, { style: "unit", unit, unitDisplay: "short" });
  }

  function length(value) {
    const [from, to] = value.split("-");
    if (!Number(from)) return t("filters.duration.below", { to: time(Number(to)) });
    if (!to) return t("filters.duration.above", { from: time(Number(from)) });
    return t("filters.duration.between", { from: time(Number(from)), to: time(Number(to)) });
  }

  function part(value) {
    const known = Object.keys(PARTS).find((name) => PARTS[name] === value);
    if (known) return t(`filters.part.${known}`);
    const [from, to] = value.split("-");
    return t("filters.part.between", { from: percent(Number(from)), to: percent(to === "" ? 1 : Number(to)) });
  }

  const day = (text) => new Date(`${text}T12:00:00`);
  const said = (text, look) => (Number.isNaN(day(text).valueOf()) ? text : day(text).toLocaleDateString(language, look));

  // A whole month by its name, else from day to day.
  function days(value) {
    const [from, to] = value.split("..");
    const next = day(to);
    next.setDate(next.getDate() + 1);
    const month = from.endsWith("-01") && next.getDate() === 1 && from.slice(0, 7) === to.slice(0, 7);
    if (month) return said(from, { month: "long", year: "numeric" });
    const medium = { dateStyle: "medium" };
    if (!from) return t("filters.days.until", { to: said(to, medium) });
    if (!to) return t("filters.days.since", { from: said(from, medium) });
    return t("filters.days.between", { from: said(from, medium), to: said(to, medium) });
  }

  const SAID = {
    video: (id) => faces.of(`video:${id}`)?.label ?? t("filters.video.chip"),
    folder: (name) => name,
    tag: (name) => name,
    duration: length,
    part,
    added: (value) => t("filters.added.chip", { days: days(value) }),
    recorded: (value) => t("filters.recorded.chip", { days: days(value) }),
    within: () => t("filters.within.chip"),
  };

  // One value of a filter as a chip says it.
  const say = (name, value) => SAID[name](value);

  return { PARTS, between, dates, seconds, time, say, days, length };
})();

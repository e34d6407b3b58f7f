// Numbers, times and sizes as people write them in the page's language. Knows no element.
window.prismAmounts ??= (() => {
  const { t, language } = window.prismWords;
  const written = (settings) => {
    const format = new Intl.NumberFormat(language, settings);
    return (value) => format.format(value);
  };
  const unit = (name, settings) => written({ style: "unit", unit: name, unitDisplay: "short", ...settings });
  const whole = { maximumFractionDigits: 0 };
  const TIMES = [[86400, unit("day", { ...whole, unitDisplay: "long" })], [3600, unit("hour", whole)], [60, unit("minute", whole)], [1, unit("second", whole)]];
  const SIZES = ["gigabyte", "megabyte", "kilobyte"].map((name, i) => [
    2 ** (30 - 10 * i), unit(name, whole), unit(name, { maximumFractionDigits: 1 }),
  ]);
  const share = written({ style: "percent", ...whole });
  const number = written({});
  const rounded = written(whole);
  const short = written({ maximumSignificantDigits: 2 });

  function clock(seconds) {
    const all = Math.max(0, Math.floor(seconds + 1e-6));
    const parts = [Math.floor(all / 60) % 60, all % 60];
    if (all >= 3600) parts.unshift(Math.floor(all / 3600));
    return parts.map((part, i) => (i ? String(part).padStart(2, "0") : part)).join(":");
  }

  // So many of a thing that the catalogue knows ("video", "moment").
  const amount = (count, thing) => t(`amount.${thing}`, { count });

  // Never says 100 % of what is not all there.
  const percent = (part) => share(Math.floor(100 * part + 1e-9) / 100);

  // How long something takes, as a person would say it.
  function span(seconds) {
    const [size, say] = TIMES.find(([one]) => seconds / one >= 1.5) ?? TIMES.at(-1);
    return say(Math.max(1, Math.round(seconds / size)));
  }

  const pace = (speed) => t("amount.pace", { times: speed < 10 ? short(speed) : rounded(speed) });

  function bytes(count) {
    const [size, say, exactly] = SIZES.find(([one]) => count >= one) ?? SIZES.at(-1);
    const many = Math.max(1, count / size);
    return many < 10 ? exactly(many) : say(many);
  }

  return { clock, number, amount, percent, span, pace, bytes };
})();

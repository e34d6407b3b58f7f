// Every word of the page in the reader's language. The catalogue (words/<language>.json) comes with
// the page; a missing sentence falls back to English. Knows no element and no data.
window.prismWords ??= (() => {
  const KEPT = "prismsearch.language";
  const catalogue = window.prismCatalogue;
  const languages = Object.keys(catalogue);
  const nameOf = (code) => catalogue[code]["language.name"];
  const language = chosen();
  const plural = new Intl.PluralRules(language);
  document.documentElement.lang = language;

  // The address decides, then what was chosen earlier, then the browser; English at last.
  function chosen() {
    const asked = new URLSearchParams(location.search).get("lang");
    const wishes = [asked, window.prismKept.read(KEPT), ...(navigator.languages ?? [])];
    const short = wishes.map((one) => String(one ?? "").slice(0, 2).toLowerCase());
    return short.find((one) => languages.includes(one)) ?? "en";
  }

  // Takes effect when the page is loaded anew, with all of its state, which the address holds.
  function speak(code) {
    const address = new URL(location.href);
    address.searchParams.delete("lang");
    if (!window.prismKept.keep(KEPT, code)) address.searchParams.set("lang", code);
    location.replace(address);
  }

  // The sentence under this key with its {names} filled in; `count` chooses the plural form.
  function t(key, values = {}) {
    const form = values.count === undefined ? null : `${key}.${plural.select(values.count)}`;
    const found = [form, `${key}.other`, key].find((one) => one !== null && one in catalogue[language]);
    const sentence = catalogue[language][found] ?? catalogue.en[found ?? key] ?? key;
    return sentence.replace(/\{(\w+)\}/g, (_, name) => said(values[name]));
  }

  // A name within a sentence must not turn its other words around: what steers the direction of
  // writing is taken out, and what is written from right to left is set apart.
  function said(value) {
    if (typeof value === "number") return value.toLocaleString(language);
    const text = String(value ?? "").replace(/[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/g, "");
    return /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/.test(text) ? `\u2068${text}\u2069` : text;
  }

  const knows = (key) => key in catalogue[language];

  return { t, knows, speak, language, languages, nameOf };
})();

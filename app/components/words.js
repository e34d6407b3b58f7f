// Every word of the page in the reader's language. The catalogue (words/<language>.json) comes with
// the page; a missing sentence falls back to English. Knows no element and no data.
window.prismWords ??= (() => {
  const KEPT = "prismsearch.language";
  const catalogue = window.prismCatalogue;
  const languages = Object.keys(catalogue);
  const language = chosen();
  const plural = new Intl.PluralRules(language);
  document.documentElement.lang = language;

  // The address decides, then what was chosen earlier, then the browser; English at last.
  function chosen() {
    const asked = new URLSearchParams(location.search).get("lang");
    const wishes = [asked, kept(), ...(navigator.languages ?? [])];
    const short = wishes.map((one) => String(one ?? "").slice(0, 2).toLowerCase());
    return short.find((one) => languages.includes(one)) ?? "en";
  }

  function kept() {
    try {
      return localStorage.getItem(KEPT);
    } catch {
      return null; // this browser lets the page keep nothing
    }
  }

  // Takes effect when the page is loaded anew, with all of its state, which the address holds.
  function speak(code) {
    try {
      localStorage.setItem(KEPT, code);
    } catch {
      // the address carries it
    }
    const address = new URL(location.href);
    address.searchParams.set("lang", code);
    location.assign(address);
  }

  // The sentence under this key with its {names} filled in; `count` chooses the plural form.
  function t(key, values = {}) {
    const form = values.count === undefined ? null : `${key}.${plural.select(values.count)}`;
    const found = [form, `${key}.other`, key].find((one) => one !== null && one in catalogue[language]);
    const sentence = catalogue[language][found] ?? catalogue.en[found ?? key] ?? key;
    return sentence.replace(/\{(\w+)\}/g, (_, name) => said(values[name]));
  }

  function said(value) {
    return typeof value === "number" ? value.toLocaleString(language) : String(value ?? "");
  }

  return { t, speak, language, languages };
})();

// When a person who types is answered: at once where answers are fast, else at Enter. Knows how long
// the last answers took; not what is typed.
window.prism.typing ??= (() => {
  const { on } = window.prism;
  const FAST = 200; // milliseconds from question to answer
  const SOON = 120; // milliseconds without a key before a fast machine is asked
  const LATER = 500; // the same before it is known how fast it is
  const last = [];
  let asked = 0;

  on("query", () => (asked = performance.now()));
  on("results", () => {
    if (!asked) return;
    last.push(performance.now() - asked);
    asked = 0;
    if (last.length > 5) last.shift();
  });

  // How long to wait after a key, in milliseconds; null where only Enter is to ask.
  function pause() {
    if (!last.length) return LATER;
    const middle = last.toSorted((a, b) => a - b)[Math.floor(last.length / 2)];
    return middle < FAST ? SOON : null;
  }

  return { pause };
})();

// What this browser remembers for the page: small texts by key. Where a browser lets a page keep
// nothing (in some frames, in private windows), they last as long as the page.
window.prismKept ??= (() => {
  const memory = new Map();
  const own = {
    getItem: (key) => memory.get(key) ?? null,
    setItem: (key, text) => memory.set(key, text),
    removeItem: (key) => memory.delete(key),
  };

  function attempt(act) {
    try {
      return act(localStorage);
    } catch {
      return act(own); // also when there is no room left
    }
  }

  return {
    read: (key) => attempt((place) => place.getItem(key)),
    // Tells whether it will outlast the page.
    keep: (key, text) => attempt((place) => (place.setItem(key, text), place !== own)),
    forget: (key) => attempt((place) => place.removeItem(key)),
    keys: () => attempt((place) => (place === own ? [...memory.keys()] : Object.keys(place))),
  };
})();

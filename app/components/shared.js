// What every component uses: elements made of data, and one bus of events between components. Data
// becomes text nodes here and never markup.
window.prism ??= (() => {
    const SVG = "http://www.w3.org/2000/svg";
  const ICONS = {
    search: "M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13m4.7 11.2L20 20",
    film: "M4 5h16v14H4zM8 5v14M16 5v14M4 9.7h4M4 14.3h4M16 9.7h4M16 14.3h4",
    close: "M6 6l12 12M18 6L6 18",
    link: "M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.300l-1 1M14 10a4 4 0 0 0-5.700 0l-3 3A4 4 0 0 0 11 18.700l1-1",
    back: "M15 5l-7 7 7 7",
    next: "M9 5l7 7-7 7",
    play: "M8 5.500v13l11-6.500z",
    upload: "M12 16V4M7 9l5-5 5 5M4 16v4h16v-4",
    trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
    done: "M5 12.500l4.500 4.500L19 7.500",
    warn: "M12 4l9 16H3zM12 10v4.500M12 17v.500",
    more: "M5 12h.01M12 12h.01M19 12h.01",
    pause: "M8 5v14M16 5v14",
    front: "M5 4h14M12 20V9M7 13l5-5 5 5",
    stop: "M6 6h12v12H6z",
    like: "M7 11v9H4v-9zM7 11l4-8a2.200 2.200 0 0 1 2.200 2.200V9h5a2 2 0 0 1 2 2.300l-1.200 7A2 2 0 0 1 17 20H7",
    dislike: "M7 13V4H4v9zM7 13l4 8a2.200 2.200 0 0 0 2.200-2.200V15h5a2 2 0 0 0 2-2.300l-1.200-7A2 2 0 0 0 17 4H7",
    similar: "M4 9.500c3-3 5-3 8 0s5 3 8 0M4 16c3-3 5-3 8 0s5 3 8 0",
    loop: "M17 3l3 3-3 3M4 12V10a4 4 0 0 1 4-4h12M7 21l-3-3 3-3M20 12v2a4 4 0 0 1-4 4H4",
    range: "M8 5H5v14h3M16 5h3v14h-3M9 12h6",
    download: "M12 4v12M7 11l5 5 5-5M4 20h16",
    list: "M9 6h11M9 12h11M9 18h11M4 6h.01M4 12h.01M4 18h.01",
    keys: "M3 6h18v12H3zM7 10h.01M11 10h.01M15 10h.01M17 14h.01M7 14h.01M10 14h4",
    plus: "M12 5v14M5 12h14",
    classes: "M4 6h9M4 12h15M4 18h6",
    minus: "M5 12h14",
    filter: "M4 6h16M7 12h10M10 18h4",
    sort: "M7 4v16M4 17l3 3 3-3M13 6h7M13 11h5M13 16h3",
    star: "M12 4l2.400 5.100 5.600.700-4.100 3.900 1.100 5.500-5-2.800-5 2.800 1.100-5.500L4 9.800l5.600-.700z",
    clock: "M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16M12 8v4.500l3 2",
    folder: "M4 6h6l2 2h8v11H4z",
    tag: "M4 4h8l8 8-8 8-8-8zM8.500 8.500h.01",
    earlier: "M12 19V5M6 11l6-6 6 6",
    best: "M5 20V13M12 20V8M19 20V4",
    whole: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
    lasso: "M12 4c5 0 9 2.500 9 6s-4 6-9 6-9-2.500-9-6 4-6 9-6M7.500 15.500c-1 1.500-.500 3.500 1.500 4.500",
    map: "M9 5l-5 2v12l5-2 6 2 5-2V5l-5 2zM9 5v12M15 7v12",
    again: "M19 12a7 7 0 1 1-2.200-5.100M20 3v5h-5",
  };

  function el(tag, settings = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(settings)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value === true) element.setAttribute(name, "");
      else if (value !== null && value !== undefined && value !== false) {
        element.setAttribute(name, value);
      }
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  }

  function icon(name) {
    const svg = document.createElementNS(SVG, "svg");
    const path = document.createElementNS(SVG, "path");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("class", `ps-icon ps-icon-${name}`);
    svg.setAttribute("aria-hidden", "true");
    path.setAttribute("d", ICONS[name]);
    svg.append(path);
    return svg;
  }

  const bus = new EventTarget();
  const on = (name, hear) => bus.addEventListener(name, (event) => hear(event.detail));
  const emit = (name, detail) => bus.dispatchEvent(new CustomEvent(name, { detail }));

  // Files dropped on an element, with a class on it while they hover above.
  function dropzone(element, take) {
    const over = (state) => (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      element.classList.toggle("ps-over", state);
    };
    element.addEventListener("dragover", over(true));
    element.addEventListener("dragleave", over(false));
    element.addEventListener("drop", (event) => {
      over(false)(event);
      if (event.dataTransfer.files.length) take([...event.dataTransfer.files]);
    });
  }

  // A button that shows only a picture needs its name spoken.
  function iconButton(name, label, onclick, settings = {}) {
    const text = { type: "button", class: "ps-icon-button", title: label, "aria-label": label };
    return el("button", { ...text, ...settings, onclick }, icon(name));
  }

  // How far something got; `set` takes its share, 0 to 1.
  function bar(label) {
    const fill = el("span");
    const whole = el("span", { class: "ps-progress", role: "progressbar", "aria-label": label, "aria-valuemin": "0", "aria-valuemax": "100" }, fill);
    const set = (share) => {
      fill.style.width = `${100 * share}%`;
      whole.setAttribute("aria-valuenow", String(Math.round(100 * share)));
    };
    return { whole, set };
  }

  return {
    kept: window.prismKept, ...window.prismWords, ...window.prismAmounts, ...window.prismWire,
    el, icon, iconButton, bar, dropzone, on, emit,
  };
})();

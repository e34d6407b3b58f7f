// On a phone the player stays at the window's top. What is scrolled to, by keys or by script, must end
// up below it: this tells the browser how much of the window is covered. Knows only the player's box.
window.prism.covering ??= (() => {
  const { on } = window.prism;
  const narrow = window.matchMedia("(max-width: 999px) and (min-height: 521px)"); // as in page.css

  function measure() {
    const side = document.getElementById("ps-side");
    const covered = narrow.matches && side ? side.offsetHeight : 0;
    document.documentElement.style.scrollPaddingTop = covered ? `${covered + 12}px` : "";
  }

  const watch = new ResizeObserver(measure);
  on("open", () => {
    const side = document.getElementById("ps-side");
    if (side) watch.observe(side);
  });
  narrow.addEventListener("change", measure);
  return watch;
})();

// Plays one stretch of a video again and again, as long as a person wants it.
window.prism.loop ??= (() => {
  // stretch(): {start, end} in seconds that is to loop now; changed(on): whether it does.
  function create({ video, stretch, changed }) {
    let held = null; // the stretch, fixed while it loops
    let before = 0; // where the video was at the last look

    // Takes the stretch of now; called where another moment or range was chosen.
    function take() {
      before = video.currentTime;
      if (held) held = stretch();
    }

    function toggle() {
      held = held ? null : stretch();
      changed(held !== null);
      if (held && video.getAttribute("src")) video.play().catch(() => {});
    }

    // Goes back where the video has just run past the end; a person may look elsewhere in peace.
    function look() {
      const now = video.currentTime;
      if (held && !video.seeking && before < held.end && now >= held.end && now - before < 1) {
        video.currentTime = held.start;
        before = held.start;
      } else before = now;
    }

    video.addEventListener("ended", () => {
      if (!held || held.end < video.duration - 0.5) return;
      video.currentTime = held.start;
      video.play().catch(() => {});
    });
    return { take, toggle, look };
  }

  return { create };
})();

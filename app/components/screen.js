// The picture of the player: a video element, what is said over it while it cannot play yet, and
// how it comes to its moment. Knows nothing of queries.
window.prism.screen ??= (() => {
  const { el, api, playback, t } = window.prism;
  const USUAL = 1 / 25; // seconds that a frame is shown, in a browser that does not tell of frames
  const FINE = 1 / 60; // seconds, no longer than most frames are shown

  // say(message, again): trouble in words, and what to try again; changed(): time or length did.
  function create({ say, changed }) {
    const video = el("video", { controls: true, playsinline: true, preload: "auto", tabindex: "0" });
    const preparing = el("span", { role: "status" });
    const share = el("span", { "aria-hidden": "true" }); // read out at every change it would be a nuisance
    const bar = el("progress", { max: "1", "aria-label": t("player.copy.share") });
    const prepare = el("button", { type: "button", class: "ps-button", onclick: watch }, t("player.copy.prepare"));
    const veil = el("div", { class: "ps-veil", hidden: true }, el("p", {}, preparing, share), bar, prepare);
    const stage = el("div", { class: "ps-stage" }, video, veil);

    let wanted = null; // seconds to be at as soon as the video can seek
    let shown = null; // the id of the video that is in the player, or will be
    let eager = false; // whether it is to play as soon as it can
    let distrusted = null; // the id of a video that this browser could not play as it was
    let leave = () => {}; // stops listening for a copy
    let seen = null; // the frame that was presented last, {mediaTime, presentedFrames}
    let steady = false; // whether it only played on since then, so that the next one tells the length
    let feeling = false; // whether it is being found out how long a frame is shown
    let more = 0; // frames to go further once that is known
    let length = Infinity; // seconds that a frame of this video is shown

    const time = () => wanted ?? video.currentTime;

    function seek(seconds) {
      if (video.readyState >= 1) {
        wanted = null;
        video.currentTime = seconds;
      } else wanted = seconds;
      changed();
    }

    // poster: the address of a picture to show until the first frame is there, or nothing.
    function open(id, { at, play, poster }) {
      say("");
      eager = play;
      if (shown !== id) load(id, { wants: play, poster });
      else if (play && !video.getAttribute("src")) load(id, { wants: true, poster });
      seek(at);
      start();
    }

    // Shows the video as soon as there is something that this browser plays.
    function load(id, { wants, poster }) {
      leave();
      empty();
      say("");
      shown = id;
      length = Infinity;
      if (poster) video.poster = poster;
      else video.removeAttribute("poster");
      leave = playback.follow(id, { wants, failed: distrusted === id }, (now) => {
        tell(now);
        if (now.state !== "ready") return;
        video.setAttribute("src", now.address);
        start();
      });
    }

    function tell(now) {
      cover(!["ready", "failed"].includes(now.state));
      const words = playback.words(now);
      if (preparing.textContent !== words) preparing.textContent = words;
      share.textContent = now.state === "making" ? ` ${Math.floor(100 * now.share)}\u00a0%` : "";
      bar.hidden = now.state !== "making";
      bar.value = now.share ?? 0;
      prepare.hidden = now.state !== "needed";
      if (now.state === "failed") say(now.message, watch);
    }

    function watch() {
      eager = true;
      load(shown, { wants: true, poster: video.poster });
    }

    function start() {
      // Refused without a gesture: then it stays at its moment.
      if (eager && video.getAttribute("src")) video.play().catch(() => {});
    }

    // Over the moment's picture goes what is said while there is nothing to play.
    function cover(covered) {
      veil.hidden = !covered;
      video.controls = !covered;
    }

    function empty() {
      cover(false);
      if (!video.getAttribute("src")) return;
      wanted ??= video.currentTime;
      video.removeAttribute("src");
      video.load();
    }

    // What it got does not play here: perhaps its copy was cleared away, else a better one is needed.
    async function recover() {
      const [id, was] = [shown, video.getAttribute("src")];
      if (distrusted === id) return say(t("player.unplayable"));
      const wants = eager || video.played.length > 0;
      wanted ??= video.currentTime;
      playback.forget(id);
      const now = await api(`videos/${id}/playable`).catch(() => null);
      if (shown !== id || video.getAttribute("src") !== was) return;
      if (now?.address === was) distrusted = id;
      load(id, { wants, poster: video.poster });
    }

    function close() {
      leave();
      video.pause();
      empty();
      shown = wanted = null;
      say("");
    }

    function toggle() {
      if (!video.paused) video.pause();
      else if (video.getAttribute("src")) video.play().catch(() => {});
      else if (shown) watch();
    }

    // To the next frame or the one before; a quarter of a frame in, so that rounding hits it.
    function step(by) {
      video.pause();
      if (!Number.isFinite(length) && seen) return feel(by);
      const one = Number.isFinite(length) ? length : USUAL;
      land(frameStart(one) + by * one, one);
    }

    function land(start, one) {
      seek(inside(start + one / 4));
    }

    function inside(at) {
      return Math.max(0, Math.min(video.duration || 0, at));
    }

    // How long a frame is shown is known once two were seen: until then it goes on by little.
    async function feel(by) {
      more += by;
      if (feeling) return;
      [feeling, more] = [true, 0];
      const [id, begun] = [shown, video.currentTime];
      await presented(begun); // or the frame that was seen last is of another time
      const from = seen.mediaTime;
      const room = Math.min(0.6, by < 0 ? begun : video.duration - begun);
      for (let far = FINE; far < room && shown === id && seen.mediaTime === from; far += FINE) await presented(begun + by * far);
      feeling = false;
      if (shown !== id || seen.mediaTime === from) return;
      length = Math.min(length, Math.abs(seen.mediaTime - from));
      land(seen.mediaTime + more * length, length);
    }

    // At either end of the video there may be nothing more to present.
    function presented(at) {
      return new Promise((done) => {
        video.requestVideoFrameCallback(done);
        setTimeout(done, 300);
        seek(inside(at));
      });
    }

    // When the frame of this time began, counted in frames from the one that was seen last: word of a
    // frame comes late on a busy machine, and a little before its time on an idle one.
    function frameStart(one) {
      const off = seen ? (video.currentTime - seen.mediaTime) / one : Infinity;
      if (Math.abs(off) > 4) return video.currentTime;
      return seen.mediaTime + (Math.abs(off) < 0.5 ? 0 : Math.floor(off + 0.1)) * one;
    }

    function watchFrames(_, frame) {
      const [went, count] = [frame.mediaTime - (seen?.mediaTime ?? 0), frame.presentedFrames - (seen?.presentedFrames ?? 0)];
      if (steady && !video.paused && !video.seeking && count > 0 && went > 0.002 && went < 0.6) length = Math.min(length, went / count);
      steady = true;
      seen = frame;
      video.requestVideoFrameCallback(watchFrames);
    }

    video.requestVideoFrameCallback?.(watchFrames);
    video.addEventListener("seeking", () => {
      steady = false;
    });
    video.addEventListener("loadedmetadata", () => {
      if (wanted !== null) seek(Math.min(wanted, video.duration || wanted));
      changed();
    });
    video.addEventListener("error", () => {
      if (video.getAttribute("src")) recover();
    });
    video.addEventListener("play", () => {
      eager = true;
    });
    video.addEventListener("pause", () => {
      if (video.getAttribute("src") && !video.error) eager = false; // a person did it, or the end came
    });
    return { stage, video, open, close, seek, time, toggle, step, settled: () => video.readyState > 0 && wanted === null };
  }

  return { create };
})();

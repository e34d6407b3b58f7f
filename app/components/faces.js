// What conditions and liked moments look like: a label and a poster for each, from what was seen of
// them or else from the API. Keyed by how a condition is written: "moment:<id>:<index>", "clip:<id>".
window.prism.faces ??= (() => {
  const { api, clock, emit, on, journey, question, t } = window.prism;
  const MOST = 500; // faces that are kept in mind
  const known = new Map();
  const asked = new Set();

  function remember(value, face) {
    known.delete(value);
    known.set(value, face);
    if (known.size > MOST) known.delete(known.keys().next().value);
  }

  // The face of this value, or null while it is asked for; "faces" is told when it has come.
  function of(value) {
    if (!known.has(value) && !asked.has(value)) learn(value);
    return known.get(value) ?? null;
  }

  async function learn(value) {
    asked.add(value);
    const [kind, id, place] = value.split(":");
    const look = { moment, range, video }[kind];
    if (!look || !/^[0-9a-f]{64}$/.test(id)) return;
    try {
      remember(value, await look(id, place));
    } catch (error) {
      remember(value, { label: t("faces.gone"), poster: null });
    }
    emit("faces");
  }

  async function video(id) {
    const { title } = await api(`videos/${id}`);
    return { label: title, poster: null };
  }

  async function moment(id, index) {
    const [{ label }, { segments }] = await Promise.all([video(id), api(`videos/${id}/segments?around=${Number(index)}&count=1`)]);
    const [{ start, end, poster }] = segments;
    return { label: `${label} ${clock(start + (end - start) / 4)}`, poster }; // from where a moment plays
  }

  async function range(id, stretch) {
    const { label } = await video(id);
    return { label: `${label} ${stretch.split("-").map(Number).map(clock).join("–")}`, poster: null };
  }

  on("results", (found) => {
    for (const { value, label, poster, kind } of found.conditions ?? []) {
      if (kind !== "words" && !known.has(value)) remember(value, { label, poster });
    }
    for (const { video_id: id, index, title, play_at: at, poster } of found.moments) {
      remember(`moment:${id}:${index}`, { label: `${title} ${clock(at)}`, poster });
    }
    emit("faces");
  });

  // A condition in words for people.
  function name(condition) {
    if (condition.kind === "words") return condition.value;
    return of(question.text({ ...condition, weight: 1 }))?.label ?? t(`conditions.${condition.kind}`);
  }

  return { remember, of, name };
})();

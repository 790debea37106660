// The path of a change, lit up as it travels: a dot for each journey, on the line between its phone and the server.
"use strict";
(() => {
  const DOTS_MAX = 8; // of one line at a time; a crowd would hide what the two phones do
  const TRAVEL_MS = 900;
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const some = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;
  const WORDS = {
    push: (count) => `${some(count, "change")} up`,
    answer: (count) => `${some(count, "change")} answered`,
    page: (count) => (count ? `${some(count, "record")} down` : "nothing new"),
    poke: () => "poke: there is more",
    notification: () => "notification",
    wake: () => "silent wake",
  };
  const LOST = { push: "the push got no answer", page: "the pull got no answer", poke: "a poke was lost" };

  const dot = ({ leg, count, fate }) => {
    const made = document.createElement("span");
    made.className = `dot ${leg} ${fate}`;
    made.textContent = fate === "lost" ? "×" : leg === "poke" ? "" : String(Math.min(count, 99));
    return made;
  };
  const lit = (line, kind) => {
    line.classList.add("lit", ...kind);
    setTimeout(() => line.classList.remove("lit", ...kind), TRAVEL_MS);
  };

  const say = (track, words) => {
    const told = track.querySelector(".track-words");
    told.textContent = words;
    told.classList.add("said");
    clearTimeout(told.timer);
    told.timer = setTimeout(() => told.classList.remove("said"), 2500);
  };

  const widths = new WeakMap(); // to measure a line while the page changes would have it laid out twice
  const measured = new ResizeObserver((all) => { for (const { target, contentRect } of all) widths.set(target, contentRect.width); });
  for (const track of document.querySelectorAll("[data-track]")) measured.observe(track);

  const show = (travel) => {
    const track = document.querySelector(`[data-track="${travel.phone}"]`);
    if (!track || document.hidden) return;
    const { leg, count, fate } = travel;
    if (fate === "left" && leg !== "push") return; // it is shown when it comes
    const lost = fate === "lost";
    const up = leg === "push";
    say(track, lost ? LOST[leg] ?? "lost on the way" : WORDS[leg](count));
    lit(track.querySelector(up ? ".up" : ".down"), lost ? ["lost"] : [leg]);
    const dots = track.querySelector(".dots");
    if (calm.matches || dots.childElementCount >= DOTS_MAX) return;
    // Phone A stands left of the server and phone B right of it; what goes up goes towards the server.
    const width = widths.get(track);
    const right = (travel.phone === "a") === up;
    const [from, to] = right ? [0, width] : [width, 0];
    const end = lost ? (from + to) / 2 : to;
    const place = (x, scale = 1) => `translate(${x}px, ${up ? 18 : 40}px) scale(${scale})`;
    const light = dot(travel);
    dots.append(light);
    const steps = lost
      ? [{ transform: place(from, 0.4), opacity: 0 }, { transform: place(end), opacity: 1, offset: 0.5 },
        { transform: place(end), opacity: 1, offset: 0.8 }, { transform: place(end), opacity: 0 }]
      : [{ transform: place(from, 0.4), opacity: 0 }, { transform: place(from + (to - from) * 0.12), opacity: 1, offset: 0.12 },
        { transform: place(to - (to - from) * 0.1), opacity: 1, offset: 0.9 }, { transform: place(to, 0.4), opacity: 0 }];
    const going = light.animate(steps, { duration: lost ? 1.6 * TRAVEL_MS : TRAVEL_MS, easing: "cubic-bezier(0.4, 0, 0.2, 1)" });
    going.onfinish = going.oncancel = () => light.remove();
  };

  // Where there is no way for now, the line is a dotted one.
  const mend = () => {
    const served = !document.querySelector("#server-power.primary");
    for (const track of document.querySelectorAll("[data-track]")) {
      const key = track.dataset.track;
      const flies = document.getElementById(`${key}-airplane`).checked;
      const awake = document.querySelector(`#phone-${key} .glass.on`);
      track.toggleAttribute("data-cut", flies || !awake || !served);
    }
  };
  document.addEventListener("htmx:sseMessage", ({ target }) => {
    if (target.id === "server" || target.id.endsWith("-controls")) mend();
  });
  mend();

  // Each journey is an event of the page's stream; it swaps nothing.
  document.addEventListener("htmx:sseBeforeMessage", (event) => {
    if (event.target.id !== "travel") return;
    event.preventDefault();
    show(JSON.parse(event.detail.data));
  });
})();

// The path of a change, lit up as it travels: a dot for each journey, on the line between its phone and the server.
"use strict";
(() => {
  const DOTS_MAX = 12; // of one line at a time; a crowd would hide what the two phones do
  const TRAVEL_MS = 900;
  const SVG = "http://www.w3.org/2000/svg";
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

  const made = (name, attributes, text = "") => {
    const element = document.createElementNS(SVG, name);
    for (const [each, value] of Object.entries(attributes)) element.setAttribute(each, value);
    element.textContent = text;
    return element;
  };
  const dot = ({ leg, count, fate }) => {
    const group = made("g", { class: `dot ${leg} ${fate}` });
    group.append(made("circle", { r: leg === "poke" ? 5 : 9 }));
    if (fate === "lost") group.append(made("path", { d: "M-3.5 -3.5l7 7M3.5 -3.5l-7 7" }));
    else if (leg !== "poke") group.append(made("text", { y: 4 }, count > 99 ? "99" : String(count)));
    return group;
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

  const show = (travel) => {
    const track = document.querySelector(`[data-track="${travel.phone}"]`);
    if (!track || document.hidden) return;
    const { leg, count, fate } = travel;
    const lost = fate === "lost";
    const up = leg === "push";
    say(track, lost ? LOST[leg] ?? "lost on the way" : WORDS[leg](count));
    lit(track.querySelector(up ? ".up" : ".down"), lost ? ["lost"] : [leg]);
    const dots = track.querySelector(".dots");
    if (calm.matches || dots.childElementCount >= DOTS_MAX) return;
    // Phone A stands left of the server and phone B right of it; what goes up goes towards the server.
    const width = track.clientWidth;
    const right = (travel.phone === "a") === up;
    const [from, to] = right ? [0, width] : [width, 0];
    const end = lost ? (from + to) / 2 : to;
    const y = up ? 18 : 40;
    const place = (x, scale = 1) => `translate(${x}px, ${y}px) scale(${scale})`;
    const group = dot(travel);
    dots.append(group);
    const steps = lost
      ? [{ transform: place(from, 0.4), opacity: 0 }, { transform: place(end), opacity: 1, offset: 0.5 },
        { transform: place(end), opacity: 1, offset: 0.8 }, { transform: place(end), opacity: 0 }]
      : [{ transform: place(from, 0.4), opacity: 0 }, { transform: place(from + (to - from) * 0.12), opacity: 1, offset: 0.12 },
        { transform: place(to - (to - from) * 0.1), opacity: 1, offset: 0.9 }, { transform: place(to, 0.4), opacity: 0 }];
    const going = group.animate(steps, { duration: lost ? 1.6 * TRAVEL_MS : TRAVEL_MS, easing: "cubic-bezier(0.4, 0, 0.2, 1)" });
    going.onfinish = going.oncancel = () => group.remove();
  };

  // Each journey is an event of the page's stream; it swaps nothing.
  document.addEventListener("htmx:sseBeforeMessage", (event) => {
    if (event.target.id !== "travel") return;
    event.preventDefault();
    show(JSON.parse(event.detail.data));
  });
})();

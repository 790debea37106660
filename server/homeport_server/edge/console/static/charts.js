// Draws the charts of the pulse with uPlot, and asks for what came since, while somebody looks.
"use strict";
(() => {
  const room = document.getElementById("charts");
  const EVERY_MS = 2000;
  const SHOWN_S = 600;
  const LEAST_S = 120;
  const told = { at_ms: [] };
  const charts = [];
  const ink = (element, property = "color") => getComputedStyle(element)[property];

  // Colours come from the style sheet, as the browser has resolved them: light or dark.
  const look = (figure) => ({
    lines: [...figure.querySelectorAll(".key")].map((each) => getComputedStyle(each, "::before").borderTopColor),
    text: ink(figure.querySelector(".unit")),
    rule: ink(room, "borderTopColor"),
  });
  const faint = (colour) => colour.replace("rgb(", "rgba(").replace(")", ", 0.12)");
  const short = (value) => value >= 10000 ? `${Math.round(value / 1000)}k` : Number.isInteger(value) ? String(value) : value.toFixed(1);
  const told_as = (value) => value == null ? "–" : value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 1 : 0 });

  const options = (plot, fields, width) => {
    const figure = plot.closest("figure");
    const { lines, text, rule } = look(figure);
    const axis = { stroke: text, font: `11px ${ink(plot, "fontFamily")}`, grid: { stroke: rule, width: 1 }, ticks: { show: false } };
    return {
      width, height: plot.clientHeight, legend: { show: false }, padding: [6, 14, 0, 0],
      cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false }, sync: { key: "pulse" } },
      scales: { x: { time: true, range: () => window_() }, y: { range: (_, __, most) => [0, Math.max(nice(most), 1)] } },
      axes: [
        { ...axis, grid: { show: false }, size: 20, gap: 2, space: 56, incrs: [60, 120, 300], values: (chart, at) => at.map((each) => each < edge(chart) ? "" : clock(each)) },
        { ...axis, size: 34, gap: 4, splits: (_, __, ___, most) => most === 1 ? [0, 1] : [0, most / 2, most], values: (_, at) => at.map(short) },
      ],
      series: [{}, ...fields.map((_, at) => ({
        stroke: lines[at], width: 1.6, dash: at ? [5, 4] : undefined, fill: fields.length === 1 ? faint(lines[at]) : undefined,
        points: { show: (chart, series) => alone(chart.data[series]).length > 0, filter: (chart, series) => alone(chart.data[series]), size: 4, fill: lines[at] }, spanGaps: false,
      }))],
      hooks: { setCursor: [(chart) => point(figure, fields, chart)] },
    };
  };
  // What has nothing on either side is no line: such a moment is drawn as a point.
  const alone = (column) => column.flatMap((value, at) => value != null && column[at - 1] == null && column[at + 1] == null ? [at] : []);
  const nice = (most) => {
    if (!most) return 0;
    const size = 10 ** Math.floor(Math.log10(most));
    return size * [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((each) => each * size >= most * 1.05) || most * 1.2;
  };
  const edge = ({ scales: { x } }) => x.min + (x.max - x.min) * 0.1; // so near to the other scale there is no room
  const clock = (at) => new Date(at * 1000).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  // As long as there is something to show, up to ten minutes: a server that has just begun has no empty past.
  const window_ = () => {
    const end = (told.at_ms.at(-1) ?? Date.now()) / 1000;
    const span = end - (told.at_ms[0] ?? Date.now()) / 1000;
    return [end - Math.min(Math.max(span, LEAST_S), SHOWN_S), end];
  };

  // The figures beside the names are those of the newest moment, or of that under the pointer.
  const point = (figure, fields, chart) => {
    const at = chart?.cursor.idx;
    for (const field of fields) {
      const column = told[field] ?? [];
      const value = at == null ? column.at(-1) : column[at];
      const place = figure.querySelector(`[data-series="${field}"]`);
      if (place && column.length) place.textContent = told_as(value);
    }
  };
  const data = (fields) => [told.at_ms.map((ms) => ms / 1000), ...fields.map((field) => told[field] ?? [])];

  const draw = () => {
    for (const { chart } of charts.splice(0)) chart.destroy();
    for (const plot of room.querySelectorAll("[data-plot]")) {
      const fields = plot.dataset.plot.split(" ");
      charts.push({ chart: new uPlot(options(plot, fields, plot.clientWidth), data(fields), plot), fields, plot });
    }
  };
  const redraw = () => {
    for (const { chart, fields, plot } of charts) {
      chart.setData(data(fields));
      point(plot.closest("figure"), fields, chart);
    }
  };

  let asking = false; // what is on its way already would be drawn twice
  const ask = async () => {
    if (document.hidden || asking) return;
    asking = true;
    try {
      const answer = await fetch(`${room.dataset.samples}?after=${told.at_ms.at(-1) ?? 0}`, { headers: { "HX-Request": "true" } });
      if (!answer.ok) return;
      const news = await answer.json();
      const oldest = (news.at_ms.at(-1) ?? told.at_ms.at(-1) ?? 0) - SHOWN_S * 1000;
      const from = told.at_ms.findIndex((ms) => ms >= oldest);
      const kept_from = from < 0 ? told.at_ms.length : from;
      for (const [name, column] of Object.entries(news)) told[name] = [...(told[name] ?? []).slice(kept_from), ...column];
      redraw();
    } catch { /* the page says by itself that the server cannot be reached */
    } finally { asking = false; }
  };

  draw();
  ask();
  setInterval(ask, EVERY_MS);
  document.addEventListener("visibilitychange", ask);
  addEventListener("homeport:theme", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  new ResizeObserver(() => {
    for (const { chart, plot } of charts) chart.setSize({ width: plot.clientWidth, height: plot.clientHeight });
  }).observe(room);
})();

// The board: its charts, drawn by uPlot in the colours of the page, and its figures kept as they are now.

const drawn = new Set();

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function axes(chart, values, space = 84) {
  const look = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
  return [
    { ...look, grid: { show: false }, space, values: (_, ticks) => ticks.map((at) => (Number.isInteger(at) ? chart.short[at] ?? "" : "")) },
    { ...look, size: 44, ...values },
  ];
}

const at = (chart) => ({ label: chart.name, value: (_, index) => chart.x[index] ?? "" });
const plain = (_, value) => (value == null ? "–" : value);

const kinds = {
  score(chart) {
    const [mean, low, high] = chart.lines;
    const line = { label: chart.names[0], stroke: colour("--line-1"), width: 2, points: { show: chart.x.length < 40, size: 5 }, spanGaps: true, value: (u, v, s, index) => (index == null || v == null ? "–" : `${v.toFixed(2)} (${chart.counts[index]})`) };
    const between = (u, v, s, index) => (index == null || low[index] == null ? "–" : `${low[index].toFixed(2)} – ${high[index].toFixed(2)}`);
    const edge = { stroke: "transparent", points: { show: false } };
    const interval = colour("--band-1"); // One line of the legend stands for both ends.
    return {
      data: [mean, low, high],
      series: [line, { ...edge, label: chart.names[1], value: between }, { ...edge, label: chart.names[1], class: "unnamed" }],
      legend: { live: true, markers: { width: (_, at) => (at === 1 ? 2 : 0), fill: (_, at) => (at === 2 ? interval : null) } },
      bands: [{ series: [3, 2], fill: interval }],
      scales: { x: { time: false }, y: { range: () => [1, 5] } },
      axes: axes(chart, { splits: () => [1, 2, 3, 4, 5] }),
    };
  },
  answers(chart) {
    const colours = ["--positive", "--neutral", "--negative"].map(colour);
    const stacked = chart.lines.map((_, layer) => chart.x.map((_, index) => chart.lines.slice(layer).reduce((sum, one) => sum + one[index], 0)));
    return {
      data: stacked,
      series: chart.names.map((label, layer) => ({ label, fill: colours[layer], stroke: colours[layer], width: 0, paths: uPlot.paths.bars({ size: [0.7, 48] }), points: { show: false }, value: (u, v, s, index) => (index == null ? "–" : chart.lines[layer][index]) })),
      scales: { x: { time: false, range: beside }, y: { range: fromZero } },
      axes: axes(chart, { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000] }),
    };
  },
  spread(chart) {
    const tints = ["--negative", "--negative", "--neutral", "--positive", "--positive"].map(colour);
    return {
      data: chart.lines,
      legend: { markers: { show: false } },
      series: [{ label: chart.names[0], stroke: colour("--line-1"), width: 0, points: { show: false }, value: plain, paths: uPlot.paths.bars({ size: [0.7, 80], disp: { fill: { unit: 3, values: () => tints } } }), fill: colour("--line-1") }],
      scales: { x: { time: false, range: beside }, y: { range: fromZero } },
      axes: axes(chart, { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 50000] }, 30),
    };
  },
};

const beside = (_, from, to) => [from - 0.5, to + 0.5];
const fromZero = (_, from, to) => [0, Math.max(5, to * 1.08)];

// While nobody points at a day, the legend says what the colours are, and no values.
const rest = (plot) => plot.root.classList.toggle("rest", plot.cursor.idx == null);

function draw() {
  for (const one of drawn) one.destroy();
  drawn.clear();
  for (const place of document.querySelectorAll("[data-chart]")) {
    const chart = JSON.parse(place.dataset.chart);
    const { data, series, ...options } = kinds[chart.kind](chart);
    const size = { width: place.clientWidth, height: 216 };
    const looks = { ...size, cursor: { drag: { x: false, y: false } }, legend: { live: true }, hooks: { ready: [rest], setCursor: [rest] }, padding: [12, 12, 0, 0] };
    drawn.add(new uPlot({ ...looks, ...options, series: [at(chart), ...series] }, [chart.x.map((_, index) => index), ...data], place));
  }
}

// Charts are pictures: they are drawn anew when the room, the colours or the paper are others.
let waiting;
addEventListener("resize", () => {
  clearTimeout(waiting);
  waiting = setTimeout(draw, 150);
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
addEventListener("DOMContentLoaded", draw);

// Live: the figures are fetched again while somebody looks; what is open or closed stays so, and nothing moves.
let open = new Map();
document.addEventListener("htmx:beforeSwap", (event) => {
  open = new Map([...event.detail.target.querySelectorAll("details[id]")].map((one) => [one.id, one.open]));
});
document.addEventListener("htmx:afterSwap", (event) => {
  for (const [id, is] of open) document.getElementById(id)?.toggleAttribute("open", is);
  if (["figures", "details"].includes(event.detail.target.id)) draw();
});
addEventListener("DOMContentLoaded", () => {
  const mark = document.getElementById("live");
  if (!mark) return;
  const look = () => {
    mark.classList.toggle("off", document.hidden);
    if (document.hidden) return;
    htmx.ajax("GET", location.pathname + location.search, { target: "#figures", select: "#figures", swap: "outerHTML" });
    for (const part of ["details", "groups"].filter((id) => document.getElementById(id))) htmx.ajax("GET", `/admin/board/${part}${location.search}`, { target: `#${part}`, swap: "innerHTML" });
  };
  setInterval(look, mark.dataset.every * 1000);
  document.addEventListener("visibilitychange", look);
  document.addEventListener("htmx:sendError", () => mark.classList.add("off"));
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") for (const one of document.querySelectorAll(".means[open]")) one.open = false;
});
document.addEventListener("click", (event) => {
  for (const one of document.querySelectorAll(".means[open]")) if (!one.contains(event.target)) one.open = false;
});

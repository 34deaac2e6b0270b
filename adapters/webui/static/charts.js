// SVG charts drawn from the table that stands beneath them, so that the picture and the figures can never differ.
// <figure class="chart" data-chart="area|line|bar" data-unit="calls"> .chart-plot + table (first column: x, each further th: one series) </figure>
/** @typedef {{name:string, values:(number|null)[], dash:boolean}} Series */
/** @typedef {{labels:string[], series:Series[], unit:string, kind:string}} Data */
const NS = "http://www.w3.org/2000/svg";
/** @param {string} name @param {Record<string,string|number>} attrs @param {string} [text] */
function el(name, attrs, text) {
  const n = document.createElementNS(NS, name);
  for (const [k, v] of Object.entries(attrs)) n.setAttribute(k, typeof v === "number" ? String(Math.round(v * 100) / 100) : v);
  if (text !== undefined) n.textContent = text;
  return n;
}
/** Ticks from 0 in steps of 1, 2, 2.5 or 5 times a power of ten; whole numbers only for counts. @param {number} max @param {number} want @param {boolean} whole */
export function ticks(max, want = 4, whole = true) {
  if (!(max > 0)) return [0];
  const rough = max / want; const pow = 10 ** Math.floor(Math.log10(rough));
  let step = ([1, 2, 2.5, 5, 10].find((m) => m * pow >= rough) ?? 10) * pow;
  if (whole) step = Math.max(1, Math.ceil(step));
  const out = []; for (let v = 0; v < max + step; v += step) { out.push(v); if (v >= max) break; }
  return out;
}
/** A cell is a number only when it is one: an empty cell is a gap, not a zero. @param {HTMLTableElement} table @param {HTMLElement} fig @returns {Data} */
export function read(table, fig) {
  const heads = [...(table.tHead?.rows[0]?.cells ?? [])]; const rows = [...(table.tBodies[0]?.rows ?? [])];
  /** @param {HTMLTableCellElement|undefined} c */
  const num = (c) => { const t = (c?.dataset.value ?? c?.textContent ?? "").replace(/[^\d.-]/g, ""); return t === "" || !Number.isFinite(Number(t)) ? null : Number(t); };
  return { kind: fig.dataset.chart ?? "line", unit: fig.dataset.unit ?? "", labels: rows.map((r) => r.cells[0].dataset.short ?? r.cells[0].textContent?.trim() ?? ""),
    series: heads.slice(1).map((h, i) => ({ name: h.textContent?.trim() ?? "", dash: i > 0, values: rows.map((r) => num(r.cells[i + 1])) })) };
}
/** Monotone cubic (Fritsch and Carlson 1980): smooth, and never above or below the points. @param {[number,number][]} p */
function curve(p) {
  if (p.length < 3) return p.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
  const n = p.length; const d = []; const m = [];
  for (let i = 0; i < n - 1; i++) d.push((p[i + 1][1] - p[i][1]) / (p[i + 1][0] - p[i][0]));
  m.push(d[0]); for (let i = 1; i < n - 1; i++) m.push(d[i - 1] * d[i] <= 0 ? 0 : (2 * d[i - 1] * d[i]) / (d[i - 1] + d[i])); m.push(d[n - 2]);
  let s = `M${p[0][0].toFixed(1)} ${p[0][1].toFixed(1)}`;
  for (let i = 0; i < n - 1; i++) { const h = (p[i + 1][0] - p[i][0]) / 3; s += `C${(p[i][0] + h).toFixed(1)} ${(p[i][1] + m[i] * h).toFixed(1)} ${(p[i + 1][0] - h).toFixed(1)} ${(p[i + 1][1] - m[i + 1] * h).toFixed(1)} ${p[i + 1][0].toFixed(1)} ${p[i + 1][1].toFixed(1)}`; }
  return s;
}
/** Runs of points without a gap. @param {([number,number]|null)[]} p */
function runs(p) {
  /** @type {[number,number][][]} */ const out = [];
  /** @type {[number,number][]|null} */ let run = null;
  for (const q of p) {
    if (!q) { run = null; continue; }
    if (!run) { run = []; out.push(run); }
    run.push(q);
  }
  return out;
}

let serial = 0;
/** @param {HTMLElement} fig */
export function draw(fig) {
  const plot = /** @type {HTMLElement|null} */ (fig.querySelector(".chart-plot")); const table = fig.querySelector("table");
  if (!plot || !table) return;
  const data = read(table, fig); const w = plot.clientWidth; const h = plot.clientHeight; if (!w || !h) return;
  plot.textContent = "";
  const all = data.series.flatMap((s) => s.values).filter((v) => v !== null);
  if (!all.some((v) => v > 0)) {
    const box = document.createElement("div"); box.className = "empty";
    const t = document.createElement("h3"); t.textContent = fig.dataset.emptyTitle ?? "Nothing in this period";
    const p = document.createElement("p"); p.textContent = fig.dataset.emptyText ?? "Choose a longer period to see figures."; box.append(t, p); plot.append(box); return;
  }
  const fmt = new Intl.NumberFormat(document.documentElement.lang || undefined);
  const ys = ticks(Math.max(...all), h < 160 ? 2 : 4, fig.dataset.fraction === undefined); const top = ys[ys.length - 1];
  const left = 14 + Math.max(...ys.map((v) => fmt.format(v).length)) * 6.6; const right = w - 6; const high = 10; const low = h - 26;
  const n = data.labels.length; const bar = data.kind === "bar"; const band = (right - left) / n;
  /** @param {number} i */ const X = (i) => (bar ? left + band * (i + 0.5) : n === 1 ? (left + right) / 2 : left + 6 + ((right - left - 12) * i) / (n - 1));
  /** @param {number} v */ const Y = (v) => low - ((low - high) * v) / top;
  const id = `chart-${++serial}`; const title = fig.querySelector("figcaption")?.textContent?.trim() ?? "Chart";
  const svg = el("svg", { viewBox: `0 0 ${w} ${h}`, role: "img", "aria-labelledby": `${id}t ${id}d` });
  svg.append(el("title", { id: `${id}t` }, title), el("desc", { id: `${id}d` }, data.series.map((s) => `${s.name}: from ${fmt.format(Math.min(...s.values.map((v) => v ?? Infinity)))} to ${fmt.format(Math.max(...s.values.map((v) => v ?? 0)))} ${data.unit}`).join(". ") + `. ${n} points, ${data.labels[0]} to ${data.labels[n - 1]}. The table below holds every figure.`));
  for (const v of ys) svg.append(el("line", { class: v === 0 ? "base" : "grid", x1: left, x2: right, y1: Math.round(Y(v)) + 0.5, y2: Math.round(Y(v)) + 0.5 }), el("text", { x: left - 8, y: Y(v) + 4, "text-anchor": "end" }, fmt.format(v)));
  const wide = Math.max(...data.labels.map((l) => l.length)) * 6.4 + 22; const every = Math.max(1, Math.ceil(n / Math.max(1, Math.floor((right - left) / wide))));
  for (let i = 0; i < n; i += every) { const edge = !bar && i === 0 ? "start" : !bar && i === n - 1 ? "end" : "middle"; svg.append(el("text", { x: edge === "start" ? X(i) - 6 : edge === "end" ? X(i) + 6 : X(i), y: h - 6, "text-anchor": edge }, data.labels[i])); }
  data.series.forEach((s, k) => {
    const g = el("g", { class: `series-${k + 1}` });
    if (bar) { const bw = Math.min(28, (band * 0.62) / data.series.length); s.values.forEach((v, i) => { if (!v) return; const x = X(i) - (bw * data.series.length) / 2 + k * bw; const r = Math.min(3, bw / 2, low - Y(v)); g.append(el("path", { class: "bar", d: `M${x + 0.5} ${low}V${Y(v) + r}q0 ${-r} ${r} ${-r}h${bw - 1 - 2 * r}q${r} 0 ${r} ${r}V${low}z` })); }); }
    else for (const run of runs(s.values.map((v, i) => (v === null ? null : [X(i), Y(v)])))) {
      const d = curve(run); if (data.kind === "area") g.append(el("path", { class: "area", d: `${d}L${run[run.length - 1][0]} ${low}L${run[0][0]} ${low}z` }));
      g.append(run.length === 1 ? el("circle", { class: "dot", cx: run[0][0], cy: run[0][1], r: 4 }) : el("path", { class: s.dash ? "line dash" : "line", d }));
    }
    svg.append(g);
  });
  plot.append(svg);
  // Reading it: pointer or arrow keys choose a column; the tip says the figures, and a live region repeats them.
  const hover = el("g", {}); svg.append(hover); const tip = document.createElement("div"); tip.className = "chart-tip"; tip.hidden = true; tip.setAttribute("role", "status"); plot.append(tip); let at = -1;
  /** @param {number} i */
  const show = (i) => {
    at = Math.max(0, Math.min(n - 1, i)); hover.textContent = ""; tip.textContent = ""; tip.hidden = false;
    if (!bar) hover.append(el("line", { class: "cursor", x1: X(at), x2: X(at), y1: high, y2: low }));
    const head = document.createElement("strong"); head.textContent = data.labels[at]; tip.append(head);
    data.series.forEach((s, k) => { const v = s.values[at]; if (v !== null && !bar) { const g = el("g", { class: `series-${k + 1}` }); g.append(el("circle", { class: "dot", cx: X(at), cy: Y(v), r: 4.5 })); hover.append(g); }
      const row = document.createElement("div"); row.className = `series-${k + 1}`; const i_ = document.createElement("i"); const b = document.createElement("b"); b.textContent = v === null ? "no data" : fmt.format(v); row.append(i_, `${s.name} `, b); tip.append(row); });
    const x = X(at) + 14 + tip.offsetWidth > w ? X(at) - 14 - tip.offsetWidth : X(at) + 14; tip.style.translate = `${Math.max(0, x)}px ${high}px`;
  };
  const hide = () => { tip.hidden = true; hover.textContent = ""; at = -1; };
  plot.tabIndex = 0; plot.setAttribute("aria-label", `${title}. Arrow keys read the points.`);
  plot.onpointermove = (e) => { const x = e.clientX - plot.getBoundingClientRect().left; show(bar ? Math.floor((x - left) / band) : Math.round(((x - left - 6) / Math.max(1, right - left - 12)) * (n - 1))); };
  plot.onpointerleave = hide; plot.onblur = hide;
  plot.onkeydown = (e) => { if (e.key === "ArrowRight") show(at + 1); else if (e.key === "ArrowLeft") show(at < 0 ? n - 1 : at - 1); else if (e.key === "Escape") hide(); else return; e.preventDefault(); };
  if (fig.dataset.show && w > 600) show(Number(fig.dataset.show));
}
/** <svg class="spark" data-values="3,4,2"> @param {SVGElement} svg */
export function spark(svg) {
  const v = (svg.dataset.values ?? "").split(",").filter(Boolean).map(Number); if (v.length < 2) return;
  const max = Math.max(...v); const min = Math.min(...v); const p = /** @type {[number,number][]} */ (v.map((y, i) => [(80 * i) / (v.length - 1), 22 - (20 * (y - min)) / (max - min || 1)]));
  svg.setAttribute("viewBox", "0 0 80 24"); svg.setAttribute("preserveAspectRatio", "none"); svg.setAttribute("aria-hidden", "true"); const d = curve(p);
  svg.append(el("path", { class: "area", d: `${d}L80 24L0 24z` }), el("path", { d }));
}
const seen = new ResizeObserver((es) => { for (const e of es) { const f = e.target.closest(".chart"); if (f instanceof HTMLElement) draw(f); } });
for (const p of document.querySelectorAll(".chart[data-chart] .chart-plot")) seen.observe(p);
for (const s of document.querySelectorAll("svg.spark")) spark(/** @type {SVGElement} */ (s));

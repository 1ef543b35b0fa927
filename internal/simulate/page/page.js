// Draws each chart of the page's data: lines of means over time or over percentiles, with a band for
// the 95 % interval of each.
"use strict";
(() => {
  const charts = JSON.parse(document.getElementById("data").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const strong = { light: ["#1d5fbf", "#b3261e", "#1a7f4b", "#8e44ad", "#a65f00", "#00797a"], dark: ["#7ab0ff", "#ff8a80", "#6fd39b", "#d3a4f0", "#ffc266", "#5fd0d0"] };
  const units = [v => v.toLocaleString(undefined, { maximumFractionDigits: 1 }), v => (v * 100).toFixed(1) + " %", v => v.toFixed(1) + " s"];
  const clock = t => { const text = new Date(t * 1000).toISOString(), hours = text.slice(11, 16); return hours === "00:00" ? text.slice(5, 10) : hours; };
  let drawn = [];

  function options(chart, width) {
    const style = getComputedStyle(document.documentElement);
    const color = name => style.getPropertyValue(name).trim();
    const palette = strong[dark.matches ? "dark" : "light"];
    const show = units[chart.unit];
    const series = [{ label: chart.time ? "from" : "percentile", value: chart.time ? "{YYYY}-{MM}-{DD} {HH}:{mm}" : (u, v) => v == null ? "–" : v + " %" }];
    const bands = [];
    chart.series.forEach((s, n) => {
      const stroke = palette[n % palette.length], dash = n < palette.length ? undefined : [6, 4], at = series.length;
      series.push({ label: s.label, stroke, dash, width: 2, points: { show: s.mean.length < 60, fill: stroke },
        value: (u, v, at, i) => v == null ? "–" : show(v) + (s.low[i] == null ? "" : " (" + show(s.low[i]) + " … " + show(s.high[i]) + ")") });
      for (let k = 0; k < 2; k++) series.push({ class: "edge", stroke: "transparent", points: { show: false } });
      bands.push({ series: [at + 1, at + 2], fill: stroke + "30" });
    });
    const axis = { stroke: color("--soft"), grid: { stroke: color("--line"), width: 1 }, ticks: { stroke: color("--line"), width: 1 } };
    return {
      width, height: 280, series, bands, tzDate: t => uPlot.tzDate(new Date(t * 1000), "UTC"),
      scales: { x: { time: chart.time }, y: { range: (u, low, high) => chart.unit === 1 ? [0, 1] : [0, Math.max(high * 1.05, 0.1)] } },
      axes: [chart.time ? { ...axis, values: (u, vs) => vs.map(clock) } : { ...axis, values: (u, vs) => vs.map(v => v + " %") }, { ...axis, size: 70, values: (u, vs) => vs.map(show) }],
    };
  }

  function draw() {
    drawn.forEach(u => u.destroy());
    drawn = charts.map((chart, n) => {
      const place = document.getElementById("chart" + n);
      const data = [chart.x];
      chart.series.forEach(s => data.push(s.mean, s.high, s.low));
      return new uPlot(options(chart, place.clientWidth), data, place);
    });
  }
  draw();
  dark.addEventListener("change", draw);
  let waiting;
  addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(draw, 150); });
})();

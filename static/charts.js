/* Draws the charts of the figures pages from the data beside them; without this file the tables
   say the same. Colours are the tokens of app.css, so that dark mode and paper follow. */
"use strict";

(() => {
  // The policy of the pages refuses style attributes: what ECharts sets that way is set as a
  // property, which is allowed and looks the same.
  const plain = SVGElement.prototype.setAttribute;
  SVGElement.prototype.setAttribute = function (name, value) {
    if (name === "style") this.style.cssText = value;
    else plain.call(this, name, value);
  };

  const root = document.documentElement;
  const drawn = [];
  const token = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const look = () => ({
    ink: token("--ink"), soft: token("--ink-soft"), line: token("--line"), paper: token("--paper"),
    size: parseFloat(getComputedStyle(root).fontSize) * 0.8125,
    series: [1, 2, 3, 4].map((n) => token(`--chart-${n}`)),
    face: token("--face"),
  });
  const DASHES = ["solid", "dashed", "dotted", "solid"];
  const SHAPES = ["circle", "rect", "triangle", "diamond"];
  const LINE = 1.4;  // of a label, in its size

  // In widths of a Chinese character, of which others are about half.
  const wide = (text) => [...text].reduce((sum, one) => sum + (one > "\u2e80" ? 1 : 0.55), 0);
  const short = (text, most) => {
    if (wide(text) <= most) return text;
    let kept = text;
    while (wide(kept) > most - 1) kept = kept.slice(0, -1);
    return `${kept}…`;
  };
  const text = (now) => ({ color: now.ink, fontSize: now.size, fontFamily: now.face });

  const bars = (data, now, width) => {
    const most = width < 480 ? 7 : 14;
    const longest = Math.max(0, ...data.texts.map(wide));
    return {
      grid: { left: 8, right: longest * now.size + 12, top: 4, bottom: 4,
        containLabel: true },
      xAxis: { type: "value", min: 0, max: data.max || null, show: false },
      yAxis: { type: "category", inverse: true, data: data.labels, axisTick: { show: false },
        axisLine: { lineStyle: { color: now.line } },
        axisLabel: { ...text(now), formatter: (one) => short(one, most) } },
      series: [{ type: "bar", barMaxWidth: now.size * 1.4, barMinHeight: 1,
        itemStyle: { color: now.series[0] },
        data: data.values.map((value, at) => ({ value, url: data.urls[at] })),
        label: { show: true, position: "right", ...text(now),
          formatter: (one) => data.texts[one.dataIndex] } }],
    };
  };

  const columns = (data, now, width) => {
    const step = Math.ceil((data.labels.length * now.size * 3.4) / width);
    const highest = data.values.indexOf(Math.max(...data.values));
    const said = (at) => at === highest || (step < 3 && at % step === 0);
    return {
      grid: { left: 8, right: 8, top: now.size * 2, bottom: 4, containLabel: true },
      xAxis: { type: "category", data: data.labels, axisTick: { show: false },
        axisLine: { lineStyle: { color: now.line } },
        axisLabel: { ...text(now), interval: step - 1, hideOverlap: true } },
      yAxis: { type: "value", min: 0, show: false },
      series: [{ type: "bar", barCategoryGap: "25%", itemStyle: { color: now.series[0] },
        data: data.values.map((value, at) => ({ value, url: data.urls[at] })),
        label: { show: true, position: "top", ...text(now),
          formatter: (one) => (said(one.dataIndex) ? data.texts[one.dataIndex] : "") } }],
    };
  };

  // How far each label at a line's end moves so that none covers another.
  const apart = (series, plot, most, gap) => {
    const ends = series.map((one, at) => ({ at, value: one.values.findLast((v) => v !== null) }))
      .filter((one) => one.value !== undefined).sort((a, b) => b.value - a.value);
    const moved = [];
    let lowest = -Infinity;
    for (const one of ends) {
      const y = plot * (1 - one.value / most);
      lowest = Math.max(y, lowest + gap);
      moved[one.at] = lowest - y;
    }
    return moved;
  };

  const lines = (data, now, width) => {
    const narrow = width < 480, top = now.size * (narrow ? 4.5 : 2);
    const plot = height(data, now) - top - now.size * 2.5, most = data.max || 100;
    const moved = apart(data.series, plot, most, now.size * LINE);
    return {
      grid: { left: 8, right: narrow ? 16 : now.size * 13, top, bottom: 4, containLabel: true },
      legend: narrow ? { top: 0, left: 0, itemWidth: 24, textStyle: text(now) } : { show: false },
      xAxis: { type: "category", data: data.labels, boundaryGap: false,
        axisLine: { lineStyle: { color: now.line } }, axisTick: { show: false },
        axisLabel: { ...text(now), hideOverlap: true } },
      yAxis: { type: "value", min: 0, max: most, interval: most / 4,
        splitLine: { lineStyle: { color: now.line } },
        axisLabel: { ...text(now), formatter: "{value}%" } },
      series: data.series.map((one, at) => ({
        type: "line", name: one.name, data: one.values, connectNulls: false,
        symbol: SHAPES[at], symbolSize: 7, showAllSymbol: data.labels.length < 32,
        color: now.series[at], lineStyle: { width: 2.5, type: DASHES[at], color: now.series[at] },
        itemStyle: { color: now.series[at] },
        endLabel: { show: !narrow, ...text(now), color: now.series[at], offset: [0, moved[at] || 0],
          formatter: (point) => `${one.name} ${point.value}%` },
      })),
    };
  };

  const KINDS = { bars, columns, lines };
  const height = (data, now) =>
    data.kind === "bars" ? data.labels.length * now.size * LINE * 1.9 + 12 : now.size * 22;

  const draw = (one) => {
    const now = look(), width = one.box.clientWidth;
    one.box.style.height = `${height(one.data, now)}px`;
    one.chart ??= echarts.init(one.box, null, { renderer: "svg" });
    one.chart.resize();
    one.chart.setOption({ animation: false, ...KINDS[one.data.kind](one.data, now, width) },
      { notMerge: true });
  };
  const redraw = () => drawn.forEach(draw);

  document.addEventListener("DOMContentLoaded", () => {
    for (const figure of document.querySelectorAll("[data-chart]")) {
      const data = JSON.parse(figure.querySelector("script").textContent);
      if (!data.kind) continue;
      const one = { box: figure.querySelector(".chart-box"), data };
      one.box.hidden = false;
      const table = figure.querySelector("details");
      if (table) table.open = false;
      drawn.push(one);
      draw(one);
      one.chart.on("click", (event) => { if (event.data?.url) location.href = event.data.url; });
    }
    let waits;
    window.addEventListener("resize", () => {
      clearTimeout(waits);
      waits = setTimeout(redraw, 150);
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
    const onPaper = (yes) => () => { root.classList.toggle("on-paper", yes); redraw(); };
    window.addEventListener("beforeprint", onPaper(true));
    window.addEventListener("afterprint", onPaper(false));
  });
})();

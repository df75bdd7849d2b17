// Charts of the console. A chart is a <div class="chart" data-source="URL">; the URL answers
// {"unit", "start", "end", "offset", "zero", "series": [{"name", "step", "points": [[ms, value|null]]}], "band": [low, high], "limits", "empty"}.
"use strict";

(() => {
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const palette = () => ["--series-1", "--series-2", "--series-3", "--series-4"].map(style);

  function axisStyle() {
    return {
      axisLine: { lineStyle: { color: style("--line-strong") } },
      axisLabel: { color: style("--ink-soft"), hideOverlap: true },
      splitLine: { lineStyle: { color: style("--line"), width: 0.6 } },
    };
  }

  function normalBand(band) {
    if (!band) return undefined;
    return {
      silent: true,
      itemStyle: { color: style("--band"), opacity: 0.7 },
      data: [[{ yAxis: band[0] }, { yAxis: band[1] }]],
    };
  }

  function limitLines(limits) {
    if (!limits || !limits.length) return undefined;
    return {
      silent: true,
      symbol: "none",
      data: limits.map((limit) => ({
        yAxis: limit.value,
        name: limit.name,
        lineStyle: { color: style("--warning"), type: "dashed", width: 1 },
        label: { formatter: "{b}", color: style("--warning"), position: "insideEndTop" },
      })),
    };
  }

  function lineSeries(series, index, document_) {
    const colour = palette()[index % 4];
    return {
      name: series.name,
      type: "line",
      data: series.points.map(([at, value]) => [at + (document_.offset || 0), value]),
      showSymbol: series.points.length < 40,
      symbolSize: 4,
      connectNulls: false, // a gap is shown as a gap
      step: series.step ? "end" : false,
      lineStyle: { color: colour, width: 1.5 },
      itemStyle: { color: colour },
      endLabel: { show: document_.series.length > 1, formatter: "{a}", color: colour, distance: 6, width: 100, overflow: "break" },
      labelLayout: { moveOverlap: "shiftY" },
      markArea: index === 0 ? normalBand(document_.band) : undefined,
      markLine: index === 0 ? limitLines(document_.limits) : undefined,
    };
  }

  function option(width, document_) {
    const many = document_.series.length > 1;
    return {
      animation: false,
      useUTC: true, // times come shifted to the plant's clock
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      grid: { left: 8, right: many ? 112 : 20, top: 30, bottom: 8, containLabel: true },
      tooltip: {
        trigger: "axis",
        confine: true,
        valueFormatter: (value) =>
          value === null || value === undefined ? "—" : `${Number(value.toPrecision(5))} ${document_.unit || ""}`,
      },
      xAxis: { type: "time", min: document_.start + (document_.offset || 0), max: document_.end + (document_.offset || 0), splitNumber: width < 500 ? 3 : 8, ...axisStyle() },
      yAxis: {
        type: "value",
        name: document_.unit || "",
        scale: !document_.zero,
        nameTextStyle: { color: style("--ink-soft"), align: "left" },
        ...axisStyle(),
      },
      series: document_.series.map((series, index) => lineSeries(series, index, document_)),
    };
  }

  // flows of a meter tree: {"unit", "flows": {"nodes": [{name, label, kind}], "links": [{source, target, value, half, kind}]}}
  function flowOption(width, document_) {
    const colour = { metered: style("--series-1"), rest: style("--ink-faint"), loss: style("--warning"), surplus: style("--critical") };
    const amount = (value) => `${Number(value.toPrecision(5)).toLocaleString()} ${document_.unit}`;
    const inner = new Set(document_.flows.links.map((link) => link.source));
    const labels = Object.fromEntries(document_.flows.nodes.map((node) => [node.name, node.label]));
    return {
      animation: false,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      tooltip: {
        confine: true,
        formatter: (item) =>
          item.dataType === "edge"
            ? `${amount(item.data.value)} ± ${Number(item.data.half.toPrecision(2))}`
            : `${labels[item.name]} ${document_.unit}`,
      },
      series: [{
        type: "sankey",
        left: 8, top: 8, bottom: 8, right: width < 500 ? 130 : 200,
        nodeWidth: 10, nodeGap: 12, draggable: false, emphasis: { focus: "adjacency" },
        label: { color: style("--ink"), formatter: (item) => (width < 500 && inner.has(item.name) ? "" : labels[item.name]), width: width < 500 ? 120 : 190, overflow: "break" },
        data: document_.flows.nodes.map((node) => ({ name: node.name, itemStyle: { color: colour[node.kind], borderWidth: 0 } })),
        links: document_.flows.links.map((link) => ({ ...link, lineStyle: { color: colour[link.kind], opacity: 0.3, curveness: 0.5 } })),
      }],
    };
  }

  function drawFlows(element) {
    const document_ = JSON.parse(element.dataset.flows);
    const chart = echarts.getInstanceByDom(element) || echarts.init(element, null, { renderer: "svg" });
    chart.setOption(flowOption(element.clientWidth, document_), true);
    element.dataset.points = String(document_.flows.links.length);
    element.dataset.drawn = String(Date.now());
  }

  function showWords(element, words) {
    window.echarts?.getInstanceByDom(element)?.dispose();
    element.replaceChildren();
    const box = document.createElement("div");
    box.className = "empty";
    box.textContent = words;
    element.append(box);
  }

  async function draw(element) {
    element.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(element.dataset.source, { headers: { Accept: "application/json" } });
      if (answer.status === 401) {
        location.href = `/sign-in?next=${encodeURIComponent(location.pathname)}`;
        return;
      }
      const document_ = await answer.json();
      if (!answer.ok) throw new Error(document_.detail || document_.title || String(answer.status));
      if (document_.empty) {
        showWords(element, document_.empty);
        return;
      }
      if (!echarts.getInstanceByDom(element)) element.replaceChildren();
      const chart = echarts.getInstanceByDom(element) || echarts.init(element, null, { renderer: "svg" });
      chart.setOption(option(element.clientWidth, document_), true);
      element.dataset.points = String(document_.series.reduce((sum, series) => sum + series.points.length, 0));
    } catch (error) {
      showWords(element, `${element.dataset.failed || ""} ${error.message}`.trim());
      element.dataset.error = error.message;
    } finally {
      element.removeAttribute("aria-busy");
      element.dataset.drawn = String(Date.now());
    }
  }

  function drawAll(root) {
    root.querySelectorAll(".chart[data-source]").forEach((element) => {
      if (!element.dataset.drawn) draw(element);
    });
    root.querySelectorAll(".chart[data-flows]").forEach((element) => {
      if (!element.dataset.drawn) drawFlows(element);
    });
  }

  window.addEventListener("DOMContentLoaded", () => drawAll(document));
  document.addEventListener("htmx:after:swap", () => drawAll(document));
  window.addEventListener("resize", () => {
    document.querySelectorAll(".chart").forEach((element) => echarts.getInstanceByDom(element)?.resize());
  });
  setInterval(() => {
    if (document.hidden) return;
    document.querySelectorAll(".chart[data-live]").forEach(draw);
  }, 10000);
})();

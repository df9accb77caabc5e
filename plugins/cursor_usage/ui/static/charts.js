// Turns the data block of a chart into what Apache ECharts draws. Figures that are read (tooltips, keyboard) come from
// the table behind the chart, which the server wrote from exact numbers; floats are for drawing only.
const CursorCharts = (() => {
  "use strict";
  const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const DAY = 86400000;

  const isBand = (series) => series.shape === "band_low" || series.shape === "band_high";
  // A line that is not there, as a forecast before today, is nothing to tell; a bar that is not known is.
  const isSilent = (series, cell) => !isBar(series) && cell.querySelector(".unknown") !== null;
  // The second series of one role in a chart is paler, so that the two are told apart.
  const isAgain = (data, at) => !isBand(data.series[at]) && data.series.findIndex((each) => !isBand(each) && each.role === data.series[at].role && each.shape === data.series[at].shape) < at;
  const isBar = (series) => series.shape === "bar";

  // The theme's colours as the browser computed them: a custom property alone would still read light-dark(…).
  function paints(element) {
    const probe = document.createElement("span");
    probe.hidden = true;
    element.append(probe);
    const seen = new Map();
    return {
      of(name) {
        if (!seen.has(name)) {
          probe.style.color = `var(--${name})`;
          seen.set(name, getComputedStyle(probe).color);
        }
        return seen.get(name);
      },
      done: () => probe.remove(),
    };
  }

  function short(value) {
    const size = Math.abs(value);
    const steps = [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "k"]];
    for (const [step, sign] of steps) {
      if (size >= step) return `${Number((value / step).toPrecision(3))}\u00a0${sign}`;
    }
    return String(Number(value.toPrecision(3)));
  }

  function axisLabel(unit) {
    if (unit === "usd") return (value) => (value < 0 ? "-$" : "$") + short(Math.abs(value));
    if (unit === "share") return (value) => `${Number((value * 100).toPrecision(3))}\u00a0%`;
    return short;
  }

  function dayLabel(text, isFirst) {
    const [year, month, day] = text.split("-").map(Number);
    return `${day} ${MONTHS[month - 1]}${isFirst || (month === 1 && day <= 7) ? `\n${year}` : ""}`;
  }

  const isDay = (text) => /^\d{4}-\d{2}-\d{2}$/.test(text);

  // All places of the x axis, and for each the row of the table it shows: days without a value stay as gaps, since an
  // axis that skips them would lie about time. Cycles and weeks are names on an even axis.
  function places(data) {
    const rows = data.x.map((x, row) => ({ x, row }));
    if (data.kind !== "time" || !data.x.every(isDay) || data.x.length < 2) return rows;
    const known = new Map(rows.map((place) => [Date.parse(place.x), place.row]));
    const times = [...known.keys()].sort((a, b) => a - b);
    const steps = times.slice(1).map((time, at) => time - times[at]).sort((a, b) => a - b);
    const last = times.at(-1);
    if (steps[Math.floor(steps.length / 2)] !== DAY || (last - times[0]) / DAY > 4000) return rows;
    for (const mark of data.marks) {
      if (isDay(mark.x) && !known.has(Date.parse(mark.x)) && Math.abs(Date.parse(mark.x) - last) < 40 * DAY) known.set(Date.parse(mark.x), null);
    }
    const all = [];
    for (let time = Math.min(...known.keys()); time <= Math.max(...known.keys()); time += DAY) {
      all.push({ x: new Date(time).toISOString().slice(0, 10), row: known.get(time) ?? null });
    }
    return all;
  }

  // Names lie down where there are many of them or where they are long.
  const isLying = (data) => data.kind === "category" && data.series.every(isBar) && (data.x.length > 7 || data.x.some((x) => x.length > 14));

  function height(data) {
    const groups = new Set(data.series.map((series, at) => series.stack ?? at)).size;
    return isLying(data) ? 46 + data.x.length * Math.max(24, 12 * groups) : 260;
  }

  function drawn(data, at, values, paint) {
    const series = data.series[at];
    const colour = paint(series.role.replaceAll("_", "-"));
    const common = { id: String(at), name: series.name, stack: series.stack ?? undefined, color: colour, emphasis: { disabled: true } };
    if (isBar(series)) {
      // A seam in the ground's colour keeps stacked parts apart for those who see colours alike.
      const seam = series.stack && values.length < 120 ? 1 : 0;
      return { ...common, type: "bar", data: values, barMaxWidth: 30, barCategoryGap: values.length > 60 ? "12%" : "28%", itemStyle: { color: colour, borderColor: paint("surface"), borderWidth: seam, opacity: isAgain(data, at) ? 0.5 : 1 } };
    }
    const lone = values.map((value, place) => value !== null && (values[place - 1] ?? null) === null && (values[place + 1] ?? null) === null);
    return {
      ...common,
      type: "line",
      data: values.map((value, place) => ({ value, symbol: lone[place] ? "circle" : "none", symbolSize: 5 })),
      lineStyle: { color: colour, width: 2, opacity: isAgain(data, at) ? 0.5 : 1, type: series.shape === "dashed_line" ? [5, 4] : "solid" },
      itemStyle: { color: colour },
      z: 4,
    };
  }

  // A band is its low edge, unseen, and what lies between the edges, on top of it.
  function band(low, high, lows, highs, paint) {
    const colour = paint(high.role.replaceAll("_", "-"));
    const edge = { type: "line", symbol: "none", stack: `band ${high.name}`, stackStrategy: "all", lineStyle: { opacity: 0 }, emphasis: { disabled: true }, silent: true };
    const heights = highs.map((value, at) => (value === null || lows[at] === null ? null : value - lows[at]));
    return [
      { ...edge, name: low.name, data: lows },
      { ...edge, name: high.name, data: heights, color: colour, areaStyle: { color: colour, opacity: 0.22 } },
    ];
  }

  function allSeries(data, axis, paint) {
    const valuesOf = (series) => axis.map((place) => (place.row === null ? null : series.values[place.row]));
    const result = [];
    const lows = data.series.filter((series) => series.shape === "band_low");
    const highs = data.series.filter((series) => series.shape === "band_high");
    lows.forEach((low, at) => highs[at] && result.push(...band(low, highs[at], valuesOf(low), valuesOf(highs[at]), paint)));
    data.series.forEach((series, at) => isBand(series) || result.push(drawn(data, at, valuesOf(series), paint)));
    const marks = data.marks.filter((mark) => axis.some((place) => place.x === mark.x));
    if (marks.length && result.length) {
      result.at(-1).markLine = {
        silent: true,
        symbol: "none",
        lineStyle: { color: paint("muted"), type: [2, 3], width: 1 },
        label: { formatter: (mark) => mark.name, color: paint("muted"), fontSize: 11, position: "end", distance: 4 },
        // A name near the right edge ends at its line, so that it is not cut.
        data: marks.map((mark) => ({ name: mark.label, xAxis: mark.x, label: { align: axis.findIndex((place) => place.x === mark.x) > axis.length / 2 ? "right" : "left" } })),
      };
    }
    return result;
  }

  function tooltip(figure, data, axis, hidden) {
    const rows = [...figure.querySelectorAll("tbody tr")];
    const colours = data.series.map((series) => series.role.replaceAll("_", "-"));
    return (place) => {
      const { x, row } = axis[place];
      const box = document.createElement("div");
      const title = box.appendChild(document.createElement("p"));
      title.textContent = x;
      const list = box.appendChild(document.createElement("dl"));
      if (row === null) title.textContent += ": no figure";
      else if (!rows[row].querySelector("td > :not(.unknown), td:not(:has(*))")) title.textContent += ": not known";
      else {
        data.series.forEach((series, at) => {
          if (hidden.has(series.name)) return;
          const cell = rows[row].cells[at + 1];
          if (isSilent(series, cell)) return;
          const line = list.appendChild(document.createElement("div"));
          const name = line.appendChild(document.createElement("dt"));
          name.className = `swatch ${colours[at]} ${series.shape}${isAgain(data, at) ? " again" : ""}`;
          name.textContent = series.name;
          const value = line.appendChild(document.createElement("dd"));
          value.textContent = cell.querySelector(".unknown") ? "not known" : cell.textContent.trim();
        });
      }
      return box;
    };
  }

  function option(figure, data, axis, hidden, paint) {
    const lying = isLying(data);
    const isTime = data.kind === "time" && data.x.every(isDay);
    const quiet = { color: paint("muted"), fontSize: 11, lineHeight: 14 };
    const narrow = figure.clientWidth < 480;
    const names = {
      type: "category",
      data: axis.map((place) => place.x),
      inverse: lying,
      name: lying ? "" : data.xLabel,
      nameLocation: "middle",
      nameGap: isTime ? 36 : 26,
      nameTextStyle: quiet,
      axisTick: { show: false },
      axisLine: { lineStyle: { color: paint("line-strong") } },
      axisLabel: { ...quiet, hideOverlap: true, ...(isTime ? { formatter: (text, at) => dayLabel(text, at === 0) } : {}), ...(lying ? { width: narrow ? 130 : 190, overflow: "truncate", interval: 0 } : {}) },
    };
    const values = {
      type: "value",
      splitNumber: 4,
      axisLabel: { ...quiet, formatter: axisLabel(data.unit), hideOverlap: true },
      splitLine: { lineStyle: { color: paint("line") } },
      ...(data.unit === "count" || data.unit === "tokens" ? { minInterval: 1 } : {}),
    };
    const told = tooltip(figure, data, axis, hidden);
    return {
      animation: false,
      textStyle: { fontFamily: "ui-sans-serif, system-ui, sans-serif" },
      aria: { enabled: false, decal: { show: matchMedia("(prefers-contrast: more)").matches } },
      grid: { left: 4, right: lying ? 26 : 12, top: data.marks.length ? 24 : 10, bottom: lying ? 4 : 22, containLabel: true },
      legend: { show: false, selected: Object.fromEntries([...hidden].map((name) => [name, false])) },
      tooltip: {
        trigger: "axis",
        confine: true,
        className: "chart-tip",
        transitionDuration: 0,
        axisPointer: { type: data.series.some(isBar) ? "shadow" : "line", shadowStyle: { color: paint("pointer") }, lineStyle: { color: paint("line-strong") } },
        formatter: (all) => told(all[0].dataIndex),
      },
      xAxis: lying ? values : names,
      yAxis: lying ? names : values,
      series: allSeries(data, axis, paint),
    };
  }

  // A series a button, so that it can be switched off without a mouse; a band is one.
  function legend(figure, data, hidden, redraw) {
    const list = figure.querySelector(".legend");
    data.series.forEach((series, at) => {
      if (series.shape === "band_low") return;
      const lows = data.series.filter((other) => other.shape === "band_low");
      const highs = data.series.filter((other) => other.shape === "band_high");
      const low = series.shape === "band_high" ? lows[highs.indexOf(series)] : undefined;
      const button = document.createElement("button");
      button.type = "button";
      button.className = `swatch ${series.role.replaceAll("_", "-")} ${series.shape}${isAgain(data, at) ? " again" : ""}`;
      button.textContent = low ? `${low.name} to ${series.name}` : series.name;
      button.setAttribute("aria-pressed", "true");
      button.addEventListener("click", () => {
        const isShown = button.getAttribute("aria-pressed") === "false";
        button.setAttribute("aria-pressed", String(isShown));
        for (const name of [series.name, low?.name]) if (name) isShown ? hidden.delete(name) : hidden.add(name);
        redraw();
      });
      const item = document.createElement("li");
      item.append(button);
      list.append(item);
    });
  }

  function keyboard(figure, element, data, chart, axis) {
    const said = figure.querySelector("[aria-live]");
    let place = -1;
    const go = (to) => {
      place = Math.max(0, Math.min(axis.length - 1, to));
      chart().dispatchAction({ type: "showTip", seriesIndex: chart().getOption().series.findIndex((series) => !series.silent), dataIndex: place });
      const { x, row } = axis[place];
      const cells = row === null ? [] : [...figure.querySelectorAll("tbody tr")[row].cells].slice(1);
      const words = cells.map((cell, at) => (isSilent(data.series[at], cell) ? null : `${data.series[at].name} ${(cell.querySelector(".sr") ?? cell).textContent.trim()}`));
      said.textContent = `${x}: ${words.filter(Boolean).join(", ") || "no figure"}`;
    };
    const moves = { ArrowRight: () => place + 1, ArrowDown: () => place + 1, ArrowLeft: () => place - 1, ArrowUp: () => place - 1, Home: () => 0, End: () => axis.length - 1 };
    element.addEventListener("keydown", (event) => {
      if (event.key === "Escape") chart().dispatchAction({ type: "hideTip" });
      if (!(event.key in moves) || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      go(moves[event.key]());
    });
    element.addEventListener("blur", () => chart().dispatchAction({ type: "hideTip" }));
  }

  function make(figure) {
    const data = JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
    const element = figure.querySelector(".drawing");
    const axis = places(data);
    const hidden = new Set();
    let chart = null;
    element.style.height = `${height(data)}px`;
    const redraw = () => {
      if (!chart) return;
      const paint = paints(element);
      chart.setOption(option(figure, data, axis, hidden, paint.of), { notMerge: true });
      paint.done();
    };
    legend(figure, data, hidden, redraw);
    return {
      draw() {
        if (chart) return;
        chart = echarts.init(element, null, { renderer: "svg" });
        // The drawing has its name on the element around it.
        element.firstElementChild.setAttribute("aria-hidden", "true");
        redraw();
        keyboard(figure, element, data, () => chart, axis);
        new ResizeObserver(() => chart.resize()).observe(element);
      },
      redraw,
    };
  }

  return { make };
})();

// Curves below the lanes, of all threads: events, bytes, and how late deliveries were at most. By uPlot.

const CURVES = [
  { name: 'events a second', series: [['events', 'deliveries', 'run']], words: (value) => digitsOrCount(value) },
  { name: 'bytes a second', series: [['in', 'bytes_in', 'run'], ['out', 'bytes_out', 'blocked']], words: bytes },
  { name: 'lag of deliveries, at most', series: [['lag', 'lag_max', 'slow']], words: duration, isBound: true },
];

const digitsOrCount = (value) => (value < 100 && value % 1 ? digits(value) : count(value));

// uPlot's axes, in our colours.
function axes(paint, words, xWords) {
  const axis = { stroke: paint.faint, grid: { stroke: paint.line, width: 1 }, ticks: { stroke: paint.line, width: 1 }, font: '11px system-ui, sans-serif' };
  return [
    { ...axis, values: (_, splits) => splits.map((value) => (value === null ? '' : xWords(value, splits))), size: 28 },
    { ...axis, values: (_, splits) => splits.map((value) => (value === null ? '' : tick(words(value)))), size: GUTTER },
  ];
}

function makeCurves(profile, view) {
  const box = document.getElementById('curves');
  const seconds = profile.width / 1e9;
  // The last column's end is a point, too: each value holds until the next.
  const edges = Array.from({ length: profile.columns + 1 }, (_, place) => Math.min(place * seconds, profile.duration / 1e9));
  const held = (list) => [...list, list[list.length - 1]];
  const plots = [];

  function lost(plot) {
    const { ctx: context, bbox: frame } = plot;
    context.save();
    context.fillStyle = colours().hatch;
    context.globalAlpha = 0.2;
    for (const [from, to] of profile.drops) {
      const left = plot.valToPos(from / 1e9, 'x', true);
      const right = Math.max(plot.valToPos(to / 1e9, 'x', true), left + 2);
      const [begin, end] = [Math.max(left, frame.left), Math.min(right, frame.left + frame.width)];
      if (end > begin) context.fillRect(begin, frame.top, end - begin, frame.height);
    }
    context.restore();
  }

  function make(curve) {
    const paint = colours();
    const data = curve.series.map(([, list]) => {
      const numbers = curve.isBound ? profile[list] : profile[list].map((value) => value / seconds);
      return held(numbers);
    });
    const series = curve.series.map(([label, , colour]) => ({
      label,
      stroke: paint[colour],
      fill: curve.series.length === 1 ? `${paint[colour]}33` : undefined,
      width: 1,
      paths: uPlot.paths.stepped({ align: 1 }),
      points: { show: false },
      value: (_, value) => (value === null ? '–' : curve.words(value)),
    }));
    const options = {
      width: Math.max(box.clientWidth, 50),
      height: 130,
      title: curve.name,
      padding: [8, MARGIN, 0, 0],
      scales: { x: { time: false, range: () => [view.from / 1e9, view.to / 1e9] }, y: { range: (_, low, high) => [0, high > 0 ? high * 1.08 : 1] } },
      axes: axes(paint, curve.words, (value) => tick(instant(value * 1e9, view.to - view.from))),
      series: [{ label: 'at', value: (_, value) => (value === null ? '–' : instant(value * 1e9, view.to - view.from)) }, ...series],
      cursor: { sync: { key: 'time' }, drag: { x: true, y: false, setScale: false }, points: { show: false } },
      hooks: {
        setSelect: [(plot) => {
          if (plot.select.width < DRAGGED) return;
          const [from, to] = [plot.select.left, plot.select.left + plot.select.width].map((left) => plot.posToVal(left, 'x') * 1e9);
          plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
          view.set(from, to);
        }],
        draw: [lost],
      },
    };
    return new uPlot(options, [edges, ...data], box);
  }

  function rebuild() {
    plots.splice(0).forEach((plot) => plot.destroy());
    plots.push(...CURVES.map(make));
  }

  rebuild();
  view.listen(() => plots.forEach((plot) => plot.setScale('x', { min: view.from / 1e9, max: view.to / 1e9 })));
  new ResizeObserver(() => plots.forEach((plot) => {
    if (plot.width !== box.clientWidth) plot.setSize({ width: Math.max(box.clientWidth, 50), height: 130 });
  })).observe(box);
  return { rebuild };
}

// Distributions: a bar a bucket, both axes logarithmic, with the median, the 99th and the greatest. By uPlot.

// The foot of a logarithmic bar: below one.
const FOOT = 0.6;
// The part of a distribution's height that is left to its marks.
const HEADROOM = 0.38;

// At most `most` powers of ten; of a short span also twice and five times these.
function logarithmicTicks(from, to, most) {
  const [low, high] = [Math.ceil(Math.log10(from)), Math.floor(Math.log10(to))];
  const factors = high - low < 2 ? [1, 2, 5] : [1];
  const every = Math.max(Math.ceil((high - low + 1) / most), 1);
  const list = [];
  for (let power = low - 1; power <= high; power++) {
    for (const factor of factors) {
      const value = factor * 10 ** power;
      if (value >= from && value <= to && (power - low) % every === 0) list.push(value);
    }
  }
  return list;
}

// Instead of uPlot's own, which blanks some of their words.
const ticksOf = (from, to, most) => ({ splits: () => logarithmicTicks(from, to, most), filter: (_, splits) => splits });

function makeDistributions(profile) {
  const box = document.getElementById('histograms');
  const shown = profile.histograms.filter((one) => one.buckets.length > 0);
  box.hidden = shown.length === 0;
  const frames = shown.map(() => box.appendChild(document.createElement('div')));
  const plots = [];

  // A bar from each bucket's begin to its end.
  function bars(buckets) {
    return (plot) => {
      const path = new Path2D();
      const foot = plot.valToPos(FOOT, 'y', true);
      for (const [from, to, number] of buckets) {
        const left = plot.valToPos(Math.max(from, FOOT), 'x', true);
        const top = plot.valToPos(number, 'y', true);
        path.rect(left, top, Math.max(plot.valToPos(to, 'x', true) - left - 1, 1), foot - top);
      }
      return { stroke: path, fill: path };
    };
  }

  function marks(one, words) {
    return (plot) => {
      const { ctx: context, bbox: frame } = plot;
      const paint = colours();
      const ratio = window.devicePixelRatio || 1;
      context.save();
      context.font = `${11 * ratio}px system-ui, sans-serif`;
      context.textAlign = 'left';
      context.textBaseline = 'alphabetic';
      ['p50', 'p99', 'max'].forEach((name, row) => {
        const value = one.marks[row];
        if (value === null || value <= 0) return;
        const left = Math.min(plot.valToPos(value, 'x', true), frame.left + frame.width - 1);
        context.strokeStyle = paint.text;
        context.setLineDash(name === 'max' ? [] : [4 * ratio, 3 * ratio]);
        context.beginPath();
        context.moveTo(left, frame.top);
        context.lineTo(left, frame.top + frame.height);
        context.stroke();
        const text = `${name} ${words(value)}`;
        const room = context.measureText(text).width + 4 * ratio;
        const isLeft = left + room > frame.left + frame.width;
        context.fillStyle = paint.text;
        context.fillText(text, isLeft ? left - room : left + 4 * ratio, frame.top + (12 + row * 14) * ratio);
      });
      context.restore();
    };
  }

  function make(one, frame) {
    const paint = colours();
    const words = one.unit === 'ns' ? duration : one.unit === 'bytes' ? bytes : count;
    const first = Math.max(one.buckets[0][0], FOOT);
    const last = Math.max(one.buckets[one.buckets.length - 1][1], first * 2);
    const most = Math.max(...one.buckets.map(([, , number]) => number));
    // The highest bar ends below the marks.
    const top = FOOT * (Math.max(most, 10) / FOOT) ** (1 / (1 - HEADROOM));
    const [along, up] = axes(paint, count, (value) => tick(words(value)));
    const options = {
      width: Math.max(frame.clientWidth, 50),
      height: 170,
      title: one.name,
      legend: { show: false },
      scales: { x: { time: false, distr: 3, range: () => [first, last] }, y: { distr: 3, range: () => [FOOT, top] } },
      axes: [
        { ...along, ...ticksOf(first, last, 6) },
        { ...up, ...ticksOf(1, Math.max(most, 10), 5) },
      ],
      series: [{}, { stroke: paint.run, fill: paint.run, width: 0, paths: bars(one.buckets), points: { show: false } }],
      cursor: { show: false },
      hooks: { draw: [marks(one, words)] },
    };
    const data = [one.buckets.map(([from]) => Math.max(from, FOOT)), one.buckets.map(([, , number]) => number)];
    return new uPlot(options, data, frame);
  }

  function rebuild() {
    plots.splice(0).forEach((plot) => plot.destroy());
    plots.push(...shown.map((one, place) => make(one, frames[place])));
  }

  rebuild();
  new ResizeObserver(() => plots.forEach((plot, place) => {
    const width = Math.max(frames[place].clientWidth, 50);
    if (plot.width !== width) plot.setSize({ width, height: 170 });
  })).observe(box);
  return { rebuild };
}

// Draws the lanes, their axis, slow turns as flags, findings as diamonds, and where records were lost.

// A thread's name, and below it the flags.
const LABEL = 28;
const NAME = 8;
const AXIS = 22;
// Beside the lanes, as wide as the curves' axes and their margin, so that times are above each other.
const GUTTER = 56;
const MARGIN = 10;

function colours() {
  const style = getComputedStyle(document.documentElement);
  const names = ['text', 'faint', 'line', 'run', 'runnable', 'blocked', 'spin', 'wait', 'slow', 'finding', 'hatch'];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

// Steps of 1, 2 or 5 that have room for their words.
function ticks(from, to, most) {
  const raw = (to - from) / Math.max(most, 1);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= raw);
  const list = [];
  for (let place = Math.ceil(from / step); place * step <= to; place++) list.push(place * step);
  return { list, step };
}

function makePainter(profile, view, box) {
  const canvas = box.querySelector('canvas');
  const context = canvas.getContext('2d');
  // Many lanes are low ones.
  const BAR = profile.lanes.length > 8 ? 16 : 30;
  const LANE = LABEL + BAR + 6;
  const height = profile.lanes.length * LANE + AXIS;
  let width = 0;
  let marks = [];
  let paint = colours();

  const x = (time) => ((time - view.from) / (view.to - view.from)) * width;
  const time = (pixel) => view.from + (pixel / width) * (view.to - view.from);

  function resize() {
    const outer = Math.max(Math.floor(box.clientWidth), GUTTER + MARGIN + 50);
    const ratio = window.devicePixelRatio || 1;
    width = outer - GUTTER - MARGIN;
    canvas.width = outer * ratio;
    canvas.height = height * ratio;
    canvas.style.height = `${height}px`;
    context.setTransform(ratio, 0, 0, ratio, GUTTER * ratio, 0);
    context.font = '12px system-ui, sans-serif';
    draw();
  }

  function fill(colour, pixels, top, low) {
    context.fillStyle = colour;
    for (let place = 0; place < width; place++) {
      const part = Math.min(Math.max(pixels[place], 0), 1) * BAR;
      const base = low ? Math.min(low[place], 1) * BAR : 0;
      if (part > 0) context.fillRect(place, top + BAR - Math.min(base + part, BAR), 1, Math.min(part, BAR - base));
    }
  }

  function drawLane(lane, top) {
    context.fillStyle = paint.wait;
    context.fillRect(0, top, width, BAR);
    if (isByTurn(profile, lane, view, width)) {
      const { busy, slow } = pixelsOfTurns(profile, lane, view, width);
      fill(paint.run, busy, top);
      fill(paint.slow, busy.map((part, place) => (slow[place] ? part : 0)), top);
      return;
    }
    const { busy, spinning, runnable, on_cpu: running } = pixelsOfColumns(profile, lane, view, width);
    fill(paint.spin, spinning, top, busy);
    if (!running) {
      fill(paint.run, busy, top);
      return;
    }
    // What the kernel says is cut to what was busy.
    const waits = runnable.map((part, place) => Math.min(part, busy[place]));
    const runs = running.map((part, place) => Math.min(part, busy[place] - waits[place]));
    fill(paint.blocked, busy, top);
    fill(paint.run, runs, top);
    fill(paint.runnable, waits, top, runs);
  }

  function drawMarks() {
    marks = [];
    profile.slow.forEach(([thread, at, length], turn) => {
      const lane = profile.laneOf(thread);
      if (lane === undefined || at > view.to || at + length < view.from) return;
      const left = Math.max(x(at), 0);
      const top = lane * LANE + LABEL;
      const long = Math.max(Math.min(x(at + length), width) - left, 2);
      context.fillStyle = paint.slow;
      context.fillRect(left, top - 2, long, 4);
      context.beginPath();
      context.moveTo(left, top - 10);
      context.lineTo(left + 9, top - 6);
      context.lineTo(left, top - 2);
      context.fill();
      context.fillRect(left, top - 10, 1.5, BAR + 10);
      marks.push({ x: left + 4, y: top - 6, turn });
      if (view.chosen === turn) {
        context.strokeStyle = paint.text;
        context.strokeRect(left, top, long, BAR);
      }
    });
    profile.findings.forEach(([thread, at, rule], finding) => {
      if (at < view.from || at > view.to) return;
      const top = (profile.laneOf(thread) ?? 0) * LANE + LABEL + BAR - 4;
      const left = x(at);
      context.fillStyle = paint.finding;
      context.strokeStyle = paint.text;
      context.beginPath();
      for (const [dx, dy] of [[0, -7], [6, 0], [0, 7], [-6, 0]]) context.lineTo(left + dx, top + dy);
      context.closePath();
      context.fill();
      context.stroke();
      marks.push({ x: left, y: top, finding, rule });
    });
  }

  function drawLost() {
    context.strokeStyle = paint.hatch;
    for (const [from, to] of profile.drops) {
      if (from > view.to || to < view.from) continue;
      const left = Math.max(x(from), 0);
      const right = Math.min(Math.max(x(to), left + 4), width);
      context.save();
      context.beginPath();
      context.rect(left, 0, right - left, height - AXIS);
      context.clip();
      context.beginPath();
      for (let place = left - height; place < right; place += 5) {
        context.moveTo(place, height);
        context.lineTo(place + height, 0);
      }
      context.stroke();
      context.restore();
    }
  }

  function drawAxis() {
    const { list, step } = ticks(view.from, view.to, width / 90);
    context.fillStyle = paint.faint;
    context.strokeStyle = paint.line;
    context.textBaseline = 'alphabetic';
    for (const at of list) {
      const left = Math.round(x(at)) + 0.5;
      context.beginPath();
      context.moveTo(left, 0);
      context.lineTo(left, height - AXIS + 4);
      context.stroke();
      const words = tick(instant(at, step * 10));
      const room = context.measureText(words).width;
      context.fillText(words, Math.min(left - room / 2, width + MARGIN - room), height - 5);
    }
  }

  // `drag`: from and to, in pixels; null: nothing is dragged.
  function draw(drag = null) {
    context.clearRect(-GUTTER, 0, GUTTER + width + MARGIN, height);
    drawAxis();
    context.textBaseline = 'middle';
    profile.lanes.forEach((lane, place) => drawLane(lane, place * LANE + LABEL));
    drawLost();
    drawMarks();
    context.fillStyle = paint.text;
    profile.lanes.forEach((lane, place) => context.fillText(lane.name, 0, place * LANE + NAME));
    if (drag) {
      context.fillStyle = paint.hatch;
      context.globalAlpha = 0.25;
      context.fillRect(Math.min(drag.from, drag.to), 0, Math.abs(drag.to - drag.from), height - AXIS);
      context.globalAlpha = 1;
    }
  }

  return {
    time,
    resize,
    draw,
    repaint() {
      paint = colours();
      draw();
    },
    laneAt: (y) => Math.min(Math.floor(y / LANE), profile.lanes.length - 1),
    // The flag or diamond at a point.
    markAt: (left, top) => marks.find((mark) => Math.hypot(mark.x - left, mark.y - top) < 9),
    get width() {
      return width;
    },
    get marks() {
      return marks;
    },
  };
}

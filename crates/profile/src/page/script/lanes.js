// The timeline's lanes: what is drawn of a thread at each pixel, from columns or from turns one by one.

// A turn is in the list, and columns are wider than a pixel: then turns are drawn one by one.
function isByTurn(profile, lane, view, width) {
  const pixel = (view.to - view.from) / width;
  return lane.list !== undefined && lane.list.begin.length > 0 && view.from >= lane.list.from && pixel < profile.lane_width;
}

// Busy time in each pixel, and which pixels have a slow turn.
function pixelsOfTurns(profile, lane, view, width) {
  const busy = new Float64Array(width);
  const slow = new Uint8Array(width);
  const pixel = (view.to - view.from) / width;
  const { begin, length } = lane.list;
  let place = Math.max(above(begin, view.from) - 1, 0);
  for (; place < begin.length && begin[place] < view.to; place++) {
    const from = (begin[place] - view.from) / pixel;
    const to = (begin[place] + length[place] - view.from) / pixel;
    const first = Math.max(Math.floor(from), 0);
    const last = Math.min(Math.floor(to), width - 1);
    for (let x = first; x <= last; x++) {
      busy[x] += Math.min(to, x + 1) - Math.max(from, x);
      if (length[place] > profile.slow_limit) slow[x] = 1;
    }
  }
  return { busy, slow };
}

// The share of each state in a pixel, from the columns that it meets.
function pixelsOfColumns(profile, lane, view, width) {
  const states = {};
  const pixel = (view.to - view.from) / width;
  const known = lane.runnable.length > 0 && lane.on_cpu.length > 0;
  for (const name of known ? ['busy', 'spinning', 'runnable', 'on_cpu'] : ['busy', 'spinning']) {
    states[name] = spread(lane[name], profile.lane_width, view, pixel, width);
  }
  return states;
}

function spread(list, column, view, pixel, width) {
  const shares = new Float64Array(width);
  for (let x = 0; x < width; x++) {
    const from = (view.from + x * pixel) / column;
    const to = Math.min((view.from + (x + 1) * pixel) / column, list.length);
    let sum = 0;
    for (let place = Math.floor(from); place < to; place++) {
      sum += list[place] * (Math.min(to, place + 1) - Math.max(from, place));
    }
    shares[x] = sum / pixel;
  }
  return shares;
}

// What a thread did at a time, in words.
function atTime(profile, lane, time, isTurn) {
  if (isTurn) {
    const place = above(lane.list.begin, time) - 1;
    const length = lane.list.length[place];
    if (place >= 0 && time <= lane.list.begin[place] + length) {
      return `in a turn of ${duration(length)}, of ${count(lane.list.deliveries[place])} events`;
    }
    return 'waiting';
  }
  const place = Math.min(Math.floor(time / profile.lane_width), lane.busy.length - 1);
  const all = lane.busy[place] + lane.waiting[place] + lane.spinning[place];
  const busy = all > 0 ? share(lane.busy[place] / all) : '0%';
  return `busy ${busy}, ${count(lane.turns[place])} turns, the longest ${duration(lane.turn_max[place])}`;
}

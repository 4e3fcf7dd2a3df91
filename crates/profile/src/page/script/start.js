// Puts all together when the page is there.

const profile = readProfile();
const view = makeView(profile.duration);
const drawn = document.querySelector('#timeline .drawn');
const hasTimeline = drawn !== null && profile.lanes.length > 0;

// Zooms to a slow turn, opens its row, and goes there.
function choose(turn, isNear = false) {
  const [, at, length] = profile.slow[turn];
  view.chosen = turn;
  view.around(at, at + length);
  const row = document.getElementById(`turn-${turn}`);
  document.querySelectorAll('tr.chosen').forEach((one) => one.classList.remove('chosen'));
  row.classList.add('chosen');
  row.querySelector('details').open = true;
  if (!isNear) row.scrollIntoView({ block: 'nearest' });
}

function show() {
  const shown = document.getElementById('shown');
  const span = view.to - view.from;
  shown.textContent = span >= profile.duration
    ? `the whole run, ${duration(profile.duration)}`
    : `${instant(view.from, span)} to ${instant(view.to, span)}, ${duration(Math.round(span))}`;
  shown.dataset.from = view.from;
  shown.dataset.to = view.to;
}

const ACTIONS = {
  in: () => view.zoom(0.5),
  out: () => view.zoom(2),
  left: () => view.move(-0.25),
  right: () => view.move(0.25),
  all: () => view.all(),
  // In the order of time, from the one that is chosen.
  next: () => step(1),
  previous: () => step(-1),
  filter: () => document.querySelector('.filter input')?.focus(),
};
const KEYS = {
  '+': 'in', '=': 'in', '-': 'out', '−': 'out', ArrowLeft: 'left', ArrowRight: 'right', 0: 'all', n: 'next', p: 'previous', '/': 'filter',
};

function step(by) {
  const order = profile.slow.map((_, turn) => turn).sort((one, other) => profile.slow[one][1] - profile.slow[other][1]);
  if (order.length === 0) return;
  const place = view.chosen === null ? (by > 0 ? -1 : order.length) : order.indexOf(view.chosen);
  const next = order[place + by];
  if (next !== undefined) choose(next);
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === 'Escape') event.target.blur?.();
  // A table scrolls by its arrows.
  if (event.target.closest?.(event.key.startsWith('Arrow') ? 'input, .scroll' : 'input')) return;
  const action = KEYS[event.key];
  if (action === undefined || (!hasTimeline && action !== 'filter')) return;
  event.preventDefault();
  ACTIONS[action]();
});

// Links that zoom. A row of a slow turn does, too, wherever it is clicked.
document.addEventListener('click', (event) => {
  const link = event.target.closest('a.zoom');
  const row = event.target.closest('tr.turn');
  if (!hasTimeline || (!link && (!row || event.target.closest('details')?.open))) return;
  const turn = row?.dataset.turn ?? link?.dataset.turn;
  if (link || event.target.closest('summary')) event.preventDefault();
  if (turn !== undefined) {
    choose(Number(turn), row !== null);
    if (!row) document.getElementById('timeline').scrollIntoView();
    return;
  }
  view.chosen = null;
  view.set(Number(link.dataset.from), Number(link.dataset.to));
  document.getElementById('timeline').scrollIntoView();
});

document.querySelectorAll('table.sortable').forEach(makeSortable);
document.querySelectorAll('table.filtered').forEach(makeFilter);

const drawings = [];
if (hasTimeline) {
  drawn.hidden = false;
  view.listen(show);
  const painter = makeLanes(profile, view, choose);
  drawings.push({ rebuild: () => painter.repaint() }, makeCurves(profile, view));
  drawn.querySelectorAll('button').forEach((button) => button.addEventListener('click', () => ACTIONS[button.dataset.do]()));
  show();
}
if (document.getElementById('histograms')) drawings.push(makeDistributions(profile));

// Colours are the style's: drawn again when it is dark, light, or printed.
for (const query of ['(prefers-color-scheme: dark)', 'print']) {
  matchMedia(query).addEventListener('change', () => drawings.forEach((drawing) => drawing.rebuild()));
}

const hash = /^#turn-(\d+)$/.exec(location.hash);
if (hasTimeline && hash && profile.slow[hash[1]]) choose(Number(hash[1]));

// For the console: what the page draws.
globalThis.epshim = Object.freeze({ profile, view, duration, bytes, count });
document.documentElement.dataset.ready = Math.round(performance.now());

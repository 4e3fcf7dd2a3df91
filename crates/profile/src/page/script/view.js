// Which part of the run is shown. All that draws listens to it.

const SHORTEST = 1000;

function makeView(duration) {
  const listeners = [];
  const view = {
    from: 0,
    to: duration,
    chosen: null,
    listen(listener) {
      listeners.push(listener);
    },
    set(from, to) {
      const span = Math.min(Math.max(to - from, SHORTEST), Math.max(duration, SHORTEST));
      const middle = (from + to) / 2;
      view.from = Math.min(Math.max(middle - span / 2, 0), Math.max(duration - span, 0));
      view.to = view.from + span;
      for (const listener of listeners) listener(view);
    },
    // Around a time that stays where it is.
    zoom(factor, time = (view.from + view.to) / 2) {
      view.set(time - (time - view.from) * factor, time + (view.to - time) * factor);
    },
    // By a part of what is shown.
    move(part) {
      const span = view.to - view.from;
      const from = Math.min(Math.max(view.from + span * part, 0), duration - span);
      view.set(from, from + span);
    },
    all() {
      view.chosen = null;
      view.set(0, duration);
    },
    // A span with some room on its sides.
    around(from, to) {
      const room = Math.max((to - from) * 0.15, SHORTEST);
      view.set(from - room, to + room);
    },
  };
  return view;
}

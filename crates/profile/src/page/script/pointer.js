// The lanes under mouse, finger and wheel.

// Less than this is a click.
const DRAGGED = 5;

function makeLanes(profile, view, choose) {
  const box = document.getElementById('lanes');
  const under = document.getElementById('under');
  const painter = makePainter(profile, view, box);
  const hint = under.textContent;
  let drag = null;

  const place = (event) => {
    const frame = box.getBoundingClientRect();
    return [event.clientX - frame.left - GUTTER, event.clientY - frame.top];
  };

  function say(event) {
    const [left, top] = place(event);
    const mark = painter.markAt(left, top);
    box.style.cursor = mark ? 'pointer' : 'crosshair';
    const at = painter.time(left);
    const lane = profile.lanes[painter.laneAt(top)];
    if (mark?.rule) under.textContent = `${mark.rule}, at ${instant(profile.findings[mark.finding][1], view.to - view.from)}`;
    else if (mark) under.textContent = `A slow turn of ${duration(profile.slow[mark.turn][2])}: click to see it`;
    else if (lane && at >= view.from && at <= view.to) {
      const words = atTime(profile, lane, at, isByTurn(profile, lane, view, painter.width));
      under.textContent = `${instant(at, view.to - view.from)}, ${lane.name}: ${words}`;
    }
  }

  box.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    const [left] = place(event);
    drag = { from: left, to: left };
    box.setPointerCapture(event.pointerId);
  });
  box.addEventListener('pointermove', (event) => {
    say(event);
    if (!drag) return;
    drag.to = place(event)[0];
    painter.draw(drag);
  });
  box.addEventListener('pointerup', (event) => {
    if (!drag) return;
    const { from, to } = drag;
    drag = null;
    if (Math.abs(to - from) >= DRAGGED) {
      view.set(painter.time(Math.min(from, to)), painter.time(Math.max(from, to)));
      return;
    }
    painter.draw();
    const mark = painter.markAt(...place(event));
    if (mark?.turn !== undefined) choose(mark.turn);
    else if (mark) document.getElementById(`finding-${mark.finding}`)?.scrollIntoView({ block: 'center' });
  });
  box.addEventListener('pointercancel', () => {
    drag = null;
    painter.draw();
  });
  box.addEventListener('pointerleave', () => {
    under.textContent = hint;
  });
  box.addEventListener('dblclick', () => view.all());
  box.addEventListener('wheel', (event) => {
    if (!event.ctrlKey && document.activeElement !== box) return;
    event.preventDefault();
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) view.move(Math.sign(event.deltaX) * 0.1);
    else view.zoom(event.deltaY > 0 ? 1.25 : 0.8, painter.time(place(event)[0]));
  }, { passive: false });

  new ResizeObserver(() => painter.resize()).observe(box);
  view.listen(() => painter.draw());
  painter.resize();
  return painter;
}

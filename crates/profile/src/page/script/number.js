// Numbers in words, as number.rs has them.

const digits = (number) => number.toFixed(number < 9.995 ? 2 : number < 99.95 ? 1 : 0);
const count = (number) => Math.round(number).toString().replace(/\B(?=(\d{3})+$)/g, ',');
const share = (part) => `${(part * 100).toFixed(1)}%`;

function parts(small, largeUnit, smallUnit) {
  return `${Math.floor(small / 60)} ${largeUnit} ${small % 60} ${smallUnit}`;
}

function duration(ns) {
  if (ns === 0) return '0';
  if (ns < 999.5) return `${ns.toFixed(0)} ns`;
  if (ns < 999.5e3) return `${digits(ns / 1e3)} us`;
  if (ns < 999.5e6) return `${digits(ns / 1e6)} ms`;
  if (ns < 599.5e9) return `${digits(ns / 1e9)} s`;
  if (ns < 3599.5e9) return parts(Math.round(ns / 1e9), 'min', 's');
  return parts(Math.round(ns / 60e9), 'h', 'min');
}

function bytes(number) {
  if (number < 999.5) return `${number.toFixed(0)} B`;
  const units = [['kB', 1e3], ['MB', 1e6], ['GB', 1e9], ['TB', 1e12]];
  const [unit, size] = units.find(([, size]) => number < 999.5 * size) ?? units[3];
  return `${digits(number / size)} ${unit}`;
}

// A time of the run, with as many digits as a span of it needs to tell its ends apart.
function instant(ns, span) {
  const places = Math.max(0, Math.min(9, 3 - Math.ceil(Math.log10(Math.max(span, 1) / 1e9))));
  return `${(ns / 1e9).toFixed(places)} s`;
}

// What an axis says: without noughts at the end.
function tick(text) {
  return text.replace(/(\.\d*?)0+(?= |$)/, '$1').replace(/\.(?= |$)/, '');
}

// What the page's blocks of JSON have, unpacked.

const read = (id) => JSON.parse(document.getElementById(id).textContent);

// LEB128 in base64, as pack.rs writes it. Numbers above 2^53 are rounded.
function unpack(text) {
  const packed = atob(text);
  let length = 0;
  for (let place = 0; place < packed.length; place++) length += packed.charCodeAt(place) < 128;
  const numbers = new Float64Array(length);
  let number = 0;
  let weight = 1;
  let next = 0;
  for (let place = 0; place < packed.length; place++) {
    const byte = packed.charCodeAt(place);
    number += (byte & 127) * weight;
    weight *= 128;
    if (byte < 128) {
      numbers[next++] = number;
      number = 0;
      weight = 1;
    }
  }
  return numbers;
}

const LISTS = ['busy', 'waiting', 'spinning', 'runnable', 'on_cpu', 'turns', 'turn_max', 'deliveries'];

function readProfile() {
  const profile = read('profile');
  for (const name of ['deliveries', 'bytes_in', 'bytes_out', 'lag_max']) profile[name] = unpack(profile[name]);
  for (const lane of profile.lanes) {
    for (const name of LISTS) lane[name] = unpack(lane[name]);
  }
  const places = new Map(profile.lanes.map((lane, place) => [lane.thread, place]));
  for (const turns of read('turns-one-by-one')) {
    const lane = profile.lanes[places.get(turns.thread)];
    if (lane) lane.list = readTurns(turns);
  }
  profile.laneOf = (thread) => places.get(thread);
  return profile;
}

// The turns of a thread: when each began, and how long it was.
function readTurns(turns) {
  const begin = unpack(turns.after);
  let time = turns.from;
  for (let place = 0; place < begin.length; place++) {
    time += begin[place];
    begin[place] = time;
  }
  return { from: turns.from, begin, length: unpack(turns.length), deliveries: unpack(turns.deliveries) };
}

// The first place of a sorted list whose number is above a limit.
function above(list, limit) {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle] > limit) high = middle;
    else low = middle + 1;
  }
  return low;
}

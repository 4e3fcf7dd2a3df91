// Tables that sort by a click on a heading, and filter by words.

// Rows that belong together stay so: a row is a <tr>, whatever is in it.
function makeSortable(table) {
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  const value = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.v === undefined ? cell.textContent.trim().toLowerCase() : Number(cell.dataset.v);
  };
  heads.forEach((head, column) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener('click', () => {
      const was = head.getAttribute('aria-sort');
      const isNumber = head.classList.contains('n');
      const down = was === null ? isNumber : was === 'ascending';
      heads.forEach((one) => one.removeAttribute('aria-sort'));
      head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      const rows = [...body.rows].map((row) => [value(row, column), row]);
      const order = down ? -1 : 1;
      rows.sort(([one], [other]) => (one < other ? -order : one > other ? order : 0));
      body.append(...rows.map(([, row]) => row));
    });
  });
}

// Rows that have all the words.
function makeFilter(table) {
  const label = document.createElement('label');
  const input = document.createElement('input');
  const said = document.createElement('output');
  label.className = 'filter';
  input.type = 'search';
  label.append('Filter ', input, ' ', said);
  table.closest('.scroll').before(label);
  const rows = [...table.tBodies[0].rows].map((row) => [row, row.textContent.toLowerCase()]);
  input.addEventListener('input', () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const [row, text] of rows) {
      row.hidden = !words.every((word) => text.includes(word));
      shown += !row.hidden;
    }
    said.textContent = words.length > 0 ? `${count(shown)} of ${count(rows.length)}` : '';
  });
  return input;
}

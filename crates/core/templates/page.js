'use strict';
/* Whatever comes from outside is set as text or attribute, never parsed as HTML. */
const $ = id => document.getElementById(id);
const make = (tag, text = '', more) => Object.assign(document.createElement(tag), { textContent: text }, more);
const put = (node, ...parts) => (node.append(...parts), node);
const set = (node, text) => { if (node.textContent !== text) node.textContent = text };
const attr = (node, name, value) => { if (node.getAttribute(name) !== value) node.setAttribute(name, value) };
const round = (x, k = 10) => Math.round(x * k) / k;
const number = x => x < .1 ? round(x, 100).toFixed(2) : x < 100 ? round(x).toFixed(1) : x.toFixed(0);
const absolute = t => t.replace(/^([\d-]{10})T([\d:]{8})(\.\d+)?Z$/, '$1 $2 UTC');
const size = n => n < 1000 ? n + ' bytes' : round(n / 1000) + ' kB';
let skew = 0;

/* The table. */
function fill(row, b) {
  const part = name => row.querySelector('.' + name);
  const health = ['healthy', 'unhealthy'].includes(b.health) ? b.health : 'unknown';
  set(part('name'), b.name);
  set(row.querySelector('code'), b.id);
  set(part('where'), b.location);
  set(part('health'), b.health);
  attr(part('badge'), 'class', 'badge ' + health);
  attr(row.querySelector('use'), 'href', '#' + health);
  set(part('ms'), b.latency_ms == null ? '–' : number(b.latency_ms) + ' ms');
  const values = (b.latencies_ms || []).filter(v => v != null && v >= 0).slice(-20), n = values.length;
  part('spark').hidden = !n;
  if (n) {
    const max = Math.max(...values), min = Math.min(...values);
    const y = v => round(30 - (max ? v / max : 0) * 26);
    const line = values.map((v, i) => 116 - 6 * (n - 1 - i) + ',' + y(v)).join(' ');
    attr(row.querySelector('polyline'), 'points', line);
    attr(row.querySelector('polygon'), 'points', `${122 - 6 * n},30 ${line} 116,30`);
    attr(row.querySelector('circle'), 'cy', '' + y(values[n - 1]));
    attr(part('spark').firstElementChild, 'aria-label', n > 1
      ? `latency of the last ${n} checks: ${number(min)} to ${number(max)} ms` : `latency of the last check: ${number(max)} ms`);
  }
  const at = part('at'), time = at.querySelector('time');
  if (!b.last_check) set(at, 'never');
  else if (time && time.dateTime === b.last_check) set(time, absolute(b.last_check));
  else at.replaceChildren(make('time', absolute(b.last_check), { dateTime: b.last_check }));
  const url = b.url == null ? 'not usable' : b.url;
  if (part('url').textContent !== url) {
    const link = make(/^https?:\/{2}./i.test(url) ? 'a' : 'span', url);
    if (link.href != null) attr(link, 'href', url);
    part('url').replaceChildren(link);
  }
  set(part('reason'), b.reason || '');
  part('reason').hidden = !b.reason;
}

function show(backends) {
  const rows = $('rows'), old = new Map([...rows.children].map(row => [row.dataset.id, row]));
  for (const [id, row] of old) if (!backends.some(b => b.id === id)) row.remove();
  let next = rows.firstElementChild;
  for (const b of backends) {
    let row = old.get(b.id);
    if (row && row === next) next = next.nextElementSibling;
    else {
      row = row || $('row').content.firstElementChild.cloneNode(true);
      row.dataset.id = b.id;
      rows.insertBefore(row, next);
    }
    fill(row, b);
  }
  rows.parentNode.hidden = !backends.length;
  $('empty').hidden = !!backends.length;
  const total = backends.length, good = backends.filter(b => b.health === 'healthy').length;
  const summary = total ? `${good} of ${total} healthy` : 'no backend configured';
  set($('summary'), summary);
  $('summary').className = !total ? 'unknown' : good === total ? 'all' : good ? 'some' : 'none';
  document.title = summary + ' · Backend Shootout gateway';
  const usable = backends.filter(b => b.url != null);
  offer($('backend'), usable.map(b => b.id));
  $('sender').hidden = !usable.length;
  picks();
}

/* Other options for a select, which keeps what is chosen while that is among them. */
function offer(select, ids, ...before) {
  const options = [...before, ...ids.map(id => make('option', id, { value: id }))], chosen = select.value;
  if (options.map(o => o.value).join() === [...select.options].map(o => o.value).join()) return;
  select.replaceChildren(...options);
  if (ids.includes(chosen)) select.value = chosen;
}

function ages() {
  for (const row of $('rows').children) {
    const time = row.querySelector('time'), passed = time ? Date.now() + skew - Date.parse(time.dateTime) : NaN;
    const s = Math.max(0, Math.round(passed / 1000));
    set(row.querySelector('.ago'), isNaN(s) ? '' : s < 60 ? s + ' s ago' : s < 3600 ? Math.floor(s / 60) + ' min ago'
      : s < 172800 ? Math.floor(s / 3600) + ' h ago' : Math.floor(s / 86400) + ' days ago');
  }
}

/* The refresh: every 5 s while somebody looks, more and more rarely while nobody answers. */
let timer, busy = false, failures = 0;
async function refresh() {
  clearTimeout(timer);
  if (busy || document.hidden || !$('refresh').checked) return;
  busy = true;
  try {
    const headers = { accept: 'application/json' }, signal = AbortSignal.timeout(10000);
    const answer = await fetch(location.pathname, { headers, cache: 'no-store', signal });
    if (!answer.ok) throw new Error('status ' + answer.status);
    const date = Date.parse(answer.headers.get('date'));
    if (date) skew = date - Date.now();
    show((await answer.json()).backends);
    const now = new Date(Date.now() + skew).toISOString().replace(/\.\d+/, '');
    $('asof').dateTime = now;
    set($('asof'), absolute(now));
    failures = 0;
    $('notice').hidden = true;
    set($('notice'), '');
  } catch (error) {
    failures++;
    $('notice').hidden = false;
    set($('notice'), `The gateway does not answer (${error.message}). Next try in ${pause() / 1000} s.`);
  }
  busy = false;
  ages();
  timer = setTimeout(refresh, pause());
}
const pause = () => Math.min(60, 5 * 2 ** failures) * 1000;
$('refresh').addEventListener('change', refresh);
document.addEventListener('visibilitychange', refresh);
setInterval(() => document.hidden || ages(), 1000);
timer = setTimeout(refresh, 5000);
$('auto').hidden = $('form').hidden = false;
ages();

/* The request form, and what it shares with the comparison. */
const LIMIT = 100000;
let running = null, contest = null;
const there = path => location.origin + path.trim().replace(/^[/]?/, '/');
function hold(button, cancel, on) {
  attr(button, 'aria-disabled', '' + on);
  if (!on && document.activeElement === cancel) button.focus();
  cancel.hidden = !on;
}
const cell = (...parts) => put(make('td'), ...parts);
const line = (head, ...cells) => put(make('tr'), put(make('th', '', { scope: 'row' }), ...head), ...cells);
const hasBody = () => !['GET', 'HEAD'].includes($('method').value);
const fields = () => document.querySelectorAll('.body').forEach(field => { field.hidden = !hasBody() });
$('method').addEventListener('change', fields);
fields();
const abort = () => [running, contest].forEach(task => task && task.abort());
$('cancel').addEventListener('click', abort);
document.addEventListener('keydown', event => { if (event.key === 'Escape') abort() });
$('form').addEventListener('submit', event => { event.preventDefault(); if (!running) send() });

/* Indents JSON without touching its numbers, strings and duplicate names. */
function pretty(text) {
  try { JSON.parse(text) } catch { return text }
  let depth = 0, out = '';
  for (const token of text.match(/"(?:[^"\\]|\\.)*"|[[{]\s*[\]}]|[[\]{},:]|[^\s[\]{},:"]+/g) || []) {
    const line = () => '\n' + '  '.repeat(depth);
    if (token === '{' || token === '[') { depth++; out += token + line() }
    else if (token === '}' || token === ']') { depth--; out += line() + token }
    else out += token === ',' ? ',' + line() : token === ':' ? ': ' : token.replace(/^([[{])\s+/, '$1');
    if (depth > 99) return text;
  }
  return out;
}

function head(answer) {
  const [kind, word] = { 2: ['healthy', 'success'], 4: ['warn', 'client error'], 5: ['unhealthy', 'server error'] }[
    Math.floor(answer.status / 100)] || ['unknown', 'redirect'];
  $('status').className = 'badge ' + kind;
  set($('status'), `${answer.status} ${answer.statusText} – ${word}`.replace('  ', ' '));
  $('fields').replaceChildren(...[...answer.headers].map(field => line([field[0]], cell(field[1]))));
}

async function send() {
  const id = $('backend').value, method = $('method').value, path = $('path').value, live = $('live');
  const headers = { 'x-backend': id }, body = hasBody() && $('body').value || undefined;
  if ($('location').value) headers['x-backend-location'] = $('location').value;
  if (body && $('type').value) headers['content-type'] = $('type').value;
  running = new AbortController();
  hold($('send'), $('cancel'), true);
  $('result').hidden = true;
  set($('content'), '');
  set($('note'), '');
  set(live, `Waiting for ${id} …`);
  const start = performance.now(), elapsed = () => number(performance.now() - start) + ' ms';
  let answer, got = 0;
  try {
    answer = await fetch(there(path), { method, headers, body, cache: 'no-store', signal: running.signal });
    head(answer);
    set($('times'), `first byte after ${elapsed()}`);
    $('result').hidden = false;
    const kind = answer.headers.get('content-type') || '';
    let text = '', binary = false, cut = false, decoder;
    try { decoder = new TextDecoder(/charset="?([^\s;"]+)/i.exec(kind)?.[1] || 'utf-8', { fatal: true }) }
    catch { decoder = new TextDecoder('utf-8', { fatal: true }) }
    const reader = answer.body && answer.body.getReader();
    for (let chunk; reader && !cut && !(chunk = await reader.read()).done;) {
      let bytes = chunk.value;
      cut = got + bytes.length > LIMIT;
      if (cut) bytes = bytes.subarray(0, LIMIT - got);
      got += bytes.length;
      try { text += decoder.decode(bytes, { stream: true }) } catch { binary = true }
      binary = binary || text.includes('\0');
      set($('content'), binary ? '' : text);
    }
    if (cut) reader.cancel().catch(() => {});
    const length = +answer.headers.get('content-length'), known = length > LIMIT && size(length);
    set($('note'), binary ? `Binary, ${cut ? known || 'more than ' + size(LIMIT) : size(got)}${kind && ', ' + kind}`
      : cut ? `Cut after the first ${size(LIMIT)}${known ? ' of ' + known : ''}.`
      : got ? size(got) : method === 'HEAD' ? 'None: it was a HEAD request.' : 'Empty.');
    if (!binary && !cut && /json/i.test(kind)) set($('content'), pretty(text));
    const timing = answer.headers.get('server-timing') || '';
    /* The gateway's own entries come last, behind a backend's of the same name. */
    const entry = name => [...timing.matchAll(new RegExp(`(?:^|,)\\s*${name}\\s*;\\s*dur=([\\d.]+)`, 'gi'))].pop();
    const parts = ['gateway', 'backend'].map(name => entry(name) && ` · ${name} ${number(+entry(name)[1])} ms`);
    const total = elapsed(), from = answer.headers.get('x-gateway-backend') || 'the gateway';
    set($('times'), `total ${total}${parts.join('')}`);
    const moved = answer.redirected ? ', redirected to ' + new URL(answer.url).pathname : '';
    set(live, `${answer.status} ${answer.statusText} from ${from} in ${total}${moved}`);
  } catch (error) {
    set(live, running.signal.aborted ? `Cancelled after ${elapsed()}${answer ? ', ' + size(got) + ' of the body arrived' : ''}.`
      : answer ? `The answer broke off after ${size(got)} of its body (${error.message}).`
      : `No answer. The gateway is not reachable, the connection broke, or the answer led to another origin (${error.message}).`);
  }
  running = null;
  hold($('send'), $('cancel'), false);
}

/* The comparison, among the backends of the request form. */
function picks() {
  const ids = [...$('backend').options].map(o => o.value), boxes = [...$('picks').querySelectorAll('input')];
  $('shootout').hidden = ids.length < 2;
  offer($('reference'), ids, $('reference').options[0]);
  if (ids.join() === boxes.map(b => b.value).join()) return;
  $('picks').replaceChildren(...ids.map(id => put(make('label'),
    make('input', '', { type: 'checkbox', value: id, checked: boxes.some(b => b.checked && b.value === id) }), ' ' + id)));
}
picks();
$('stop').addEventListener('click', abort);
$('contest').addEventListener('submit', event => { event.preventDefault(); if (!contest) compare() });

const ms = x => x < 10 ? x.toFixed(2) : number(x);
const fold = (title, node) => put(make('details'), make('summary', title), node);

/* A table in a box that scrolls where the window is too narrow for it. */
function table(id, caption, columns, rows) {
  return put(make('div', '', { id, className: 'box', role: 'group', ariaLabel: caption, tabIndex: 0 }),
    put(make('table', '', { className: 'fields' }), make('caption', caption),
      put(make('thead'), put(make('tr'), ...columns.map(text => make('th', text, { scope: 'col' })))),
      put(make('tbody'), ...rows)));
}

/* The median as a bar, the range as a line on it, on an axis that ends at `end`. What is longer is cut off with a mark. */
function time({ total_ms: { min, median, p95 }, approximate }, end) {
  const share = x => Math.min(100, 100 * x / (end || 1)), bar = make('i'), range = make('u');
  bar.style.width = share(median) + '%';
  range.style.left = share(min) + '%';
  range.style.width = share(p95) - share(min) + '%';
  return cell(put(make('span', '', { className: p95 > end ? 'track cut' : 'track' }), bar, range), make('b', ms(median) + ' ms'),
    make('small', `${ms(min)} to ${ms(p95)} ms${approximate ? ', approximate' : ''}`));
}

function contender(b, end, fastest) {
  const { total, failed, statuses } = b.answers, codes = Object.entries(statuses), steady = codes.length === 1 && !failed;
  const counts = codes.map(([code, n]) => steady ? code : `${code} ×${n}`).concat(failed ? `${failed} of ${total} failed` : []);
  const more = [b.equality, b.reason].filter(text => text && !b.words.includes(text));
  const row = line([make('b', b.label), make('small', b.sha256 ? size(b.size) : '')],
    b.times ? time(b.times, end) : cell('–'),
    cell(make('b', counts.join(', '), { className: failed || codes.some(([code]) => code >= 400) ? 'bad' : '' }),
      make('p', b.words, { className: b.equality === 'different' ? 'bad' : '' }), make('small', more.join(': ')),
      make('small', b.error ? `${b.error.status} ${b.error.error}: ${b.error.reason || b.error.message}` : '')));
  if (fastest && fastest.backend === b.backend && fastest.location === b.location) row.className = 'first';
  return row;
}

/* The places where backends differ. What the reference lacks is at a place of the other document. */
function places(backends) {
  const found = [];
  for (const b of backends) {
    let next = 0;
    for (const d of b.differences) {
      const extra = d.reference == null;
      let at = found.findIndex(p => p.path === d.path && p.extra === extra && !p.here.has(b));
      if (at < 0) found.splice(at = next, 0, { path: d.path, extra, reference: d.reference, here: new Map(), kinds: [] });
      found[at].here.set(b, d);
      if (!found[at].kinds.includes(d.kind)) found[at].kinds.push(d.kind);
      next = at + 1;
    }
  }
  return found;
}

/* Where a backend has no difference it has what the reference has, unless nobody looked. */
const unseen = (b, path) => !b.differences_complete || b.equality === 'not compared' || b.differences.some(d =>
  d.kind === 'status' || d.kind !== 'order' && d.reference != null && path.startsWith(d.path + '/'));

function differences(id, caption, first, others, places) {
  const value = text => text ?? make('em', 'absent');
  const column = (b, { path, reference, here, kinds }) => {
    const d = here.get(b);
    if (d) return cell(value(d.this), make('small', kinds[1] ? d.kind : ''));
    return Object.assign(cell(unseen(b, path) ? '–' : value(reference)), { className: 'same' });
  };
  return table(id, caption, ['Where', first.label + ' (reference)', ...others.map(b => b.label)], places.map(p => line(
    [p.path || 'whole body', make('small', p.kinds.join(', '))], cell(value(p.reference)), ...others.map(b => column(b, p)))));
}

function outcome({ request, runs, backends, skipped, verdict }, text) {
  const total = (b, key, none) => b.times ? b.times.total_ms[key] : none, most = key => Math.max(...backends.map(b => total(b, key, 0)));
  const end = Math.min(most('p95'), 2 * most('median')), one = backends.every(b => b.location === backends[0].location);
  for (const b of backends) b.label = b.backend + (one ? '' : '@' + b.location);
  backends.sort((a, b) => total(a, 'median', Infinity) - total(b, 'median', Infinity));
  const first = backends.find(b => b.equality === 'reference'), others = backends.filter(b => b !== first && b.equality);
  const aside = p => p.kinds.every(kind => ['varying', 'generated', 'notation', 'ignored'].includes(kind));
  const all = places(others), counted = all.filter(p => !aside(p)), quiet = all.filter(aside), counts = {};
  for (const kind of quiet.flatMap(p => p.kinds)) counts[kind] = (counts[kind] || 0) + 1;
  const quietly = 'Set aside: ' + Object.entries(counts).map(([kind, n]) => `${n} ${kind}`).join(', ');
  $('outcome').replaceChildren(
    make('p', `${request.method} ${request.path}, rounds: ${runs.done}${runs.warmup ? ` after ${runs.warmup} to warm up` : ''}`),
    table('race', `Time to the whole answer: median, and minimum to 95th percentile.${end ? ` Bars end at ${ms(end)} ms.` : ''}`,
      ['Backend', 'Time', 'Answers'], backends.map(b => contender(b, end, verdict.fastest))),
    ...(skipped || []).map(s => make('p', `Left out: ${s.backend}, ${s.reason}`)),
    counted[0] ? differences('differences', 'Differences', first, others, counted) : '',
    ...others.filter(b => !b.differences_complete).map(b => make('p', `${b.label} has more differences than are listed.`)),
    quiet[0] ? fold(quietly, differences('aside', quietly, first, others, quiet)) : '',
    fold('Report as JSON', make('pre', pretty(text), { ariaLabel: 'Report', tabIndex: 0 })));
  $('outcome').hidden = false;
  const late = runs.done < runs.asked ? [`only ${runs.done} of ${runs.asked} rounds: the time was up`] : [];
  say(verdict.words.concat(late), { true: 'healthy', false: 'unhealthy' }[verdict.agree]);
}

function say(sentences, className = 'unknown') {
  $('verdict').className = className;
  $('verdict').replaceChildren(...sentences.map(text => make('p', text)));
}

/* Fields hold ASCII. A pointer with other characters is sent as a URI fragment. */
const ascii = rule => !/[^ -~]/.test(rule) ? rule
  : rule.trim().replace(/^[/].*/, pointer => '#' + pointer.replace(/%/g, '%25')).replace(/[^ -~]/gu, encodeURIComponent);

async function compare() {
  const ids = [...$('picks').querySelectorAll(':checked')].map(box => box.value);
  if (ids.length === 1) return say(['Check two or more backends, or none for all.']);
  const headers = { 'x-backend': ids.join() || '*' };
  for (const [name, value] of new FormData($('contest'))) if (value) headers[name] = value.split(',').map(ascii).join();
  contest = new AbortController();
  hold($('compare'), $('stop'), true);
  $('outcome').hidden = true;
  say([`Comparing ${ids.join(', ') || 'all healthy backends'}, rounds: ${$('runs').value} …`]);
  try {
    const answer = await fetch(there($('target').value), { headers, cache: 'no-store', signal: contest.signal });
    const text = await answer.text();
    let report = {};
    try { report = JSON.parse(text) } catch { }
    if (report.verdict) outcome(report, text);
    else say([`${answer.status} ${report.error || ''}: ${report.message || 'no comparison'}`], 'unhealthy');
  } catch (error) {
    say([contest.signal.aborted ? 'Cancelled.' : `No answer (${error.message}).`]);
  }
  contest = null;
  hold($('compare'), $('stop'), false);
}

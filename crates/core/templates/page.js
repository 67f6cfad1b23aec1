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
  else {
    at.replaceChildren(make('time', absolute(b.last_check), { dateTime: b.last_check }));
  }
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
  const usable = backends.filter(b => b.url != null), select = $('backend'), chosen = select.value;
  if (JSON.stringify(usable.map(b => b.id)) !== JSON.stringify([...select.options].map(o => o.value))) {
    select.replaceChildren(...usable.map(b => make('option', b.id, { value: b.id })));
    if (usable.some(b => b.id === chosen)) select.value = chosen;
  }
  $('sender').hidden = !usable.length;
  picks();
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
/* A row of a table. */
function line(name, ...values) {
  return put(make('tr'), make('th', name, { scope: 'row' }), ...values.map(value => make('td', value)));
}
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
  $('fields').replaceChildren(...[...answer.headers].map(field => line(...field)));
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
  if (ids.join() === boxes.map(b => b.value).join()) return;
  $('picks').replaceChildren(...ids.map(id => put(make('label'),
    make('input', '', { type: 'checkbox', value: id, checked: boxes.some(b => b.checked && b.value === id) }), ' ' + id)));
}
picks();
$('stop').addEventListener('click', abort);
$('contest').addEventListener('submit', event => { event.preventDefault(); if (!contest) compare() });

const label = b => b.backend + '@' + b.location;
const ms = x => (x < 10 ? x.toFixed(2) : number(x)) + ' ms';
/* What others are compared with has no verdict on its body. */
const came = b => b.status != null, reference = list => list.find(b => came(b) && !b.body);

/* Rows: where, what the first has, what this one has. Applying the patch step by step to the first's body tells each old
   value. */
function differences(first, b, body) {
  const rows = first.status === b.status ? [] : [['status', first.status, b.status]], holder = { '': structuredClone(body) };
  const list = values => (values || []).join(', ') || 'absent', json = x => x === undefined ? 'not known' : JSON.stringify(x);
  for (const h of b.header_differences || []) rows.push(['header ' + h.name, list(h.first), list(h.this)]);
  for (const { op, path, value } of b.patch || []) {
    const keys = path.split('/').map(key => key.replace(/~1/g, '/').replace(/~0/g, '~')), key = keys.pop();
    const own = (node, name) => node instanceof Object && Object.hasOwn(node, name) ? node[name] : undefined;
    const at = keys.reduce(own, holder), old = own(at, key);
    if (Array.isArray(at) && op !== 'replace') at.splice(key === '-' ? at.length : key, +(op === 'remove'), ...op === 'add' ? [value] : []);
    else if (op === 'remove' && at) delete at[key];
    else if (at) at[key] = value;
    rows.push([path || 'body', op === 'add' ? 'absent' : json(old), op === 'remove' ? 'absent' : json(value)]);
  }
  if (b.body === 'different' && !b.patch) rows.push(['body', size(first.size), size(b.size)]);
  if (b.patch_complete === false) rows.push(['…', 'more', 'than is listed']);
  return rows;
}

function bar(b, most, fastest) {
  const t = b.spread && b.spread.total_ms, row = make('li', '', { className: fastest ? 'first' : '' });
  const facts = [b.status, b.size != null && size(b.size), b.body && b.body + ' body', b.varies && 'not steady', b.failed && b.failed + ' failed'];
  put(row, put(make('b', label(b)), make('small', facts.filter(Boolean).join(' · '))));
  if (t) {
    const fill = make('i'), range = make('u'), percent = x => 100 * x / most + '%';
    fill.style.width = percent(t.median);
    range.style.left = percent(t.min);
    range.style.width = percent(t.p95 - t.min);
    put(row, put(make('span'), fill, range), put(make('b', ms(t.median)), make('small', `${ms(t.min)} to ${ms(t.p95)}`)));
  }
  if (b.error) put(row, make('p', `${b.error.status} ${b.error.error}: ${b.error.message}`));
  return row;
}

function outcome({ runs, backends, skipped, summary }, body) {
  const first = reference(backends), best = backends.find(b => label(b) === summary.fastest), parts = [];
  const most = Math.max(...backends.map(b => b.spread ? b.spread.total_ms.p95 : 0)) || 1;
  $('bars').replaceChildren(...backends.map(b => bar(b, most, b === best)));
  for (const b of backends.filter(b => b !== first && came(b))) {
    const rows = differences(first, b, body);
    if (rows[0]) parts.push(put(make('table', '', { className: 'fields' }),
      put(make('thead'), put(make('tr'), ...['Difference', label(first), label(b)].map(text => make('th', text, { scope: 'col' })))),
      put(make('tbody'), ...rows.map(row => line(...row)))));
  }
  for (const s of skipped || []) parts.push(make('p', `Left out: ${label(s)}, ${s.reason}`));
  $('differences').replaceChildren(...parts);
  $('outcome').hidden = false;
  const others = backends.filter(b => b !== best && came(b) && b.status < 500).sort((a, b) => a.total_ms - b.total_ms);
  return [
    best && label(best) + ' is fastest' + (others[0] ? `, ${(others[0].total_ms / best.total_ms).toFixed(1)} times as fast as ${label(others[0])}.` : '.'),
    summary.disagree[0] ? `Different: ${summary.disagree.join(', ')}.` : others[0] && 'The answers agree.',
    summary.failed[0] && `Failed: ${summary.failed.join(', ')}.`,
    runs.done < runs.asked && `Time for ${runs.done} of ${runs.asked} rounds.`,
  ].filter(Boolean).join(' ');
}

async function compare() {
  const ids = [...$('picks').querySelectorAll(':checked')].map(box => box.value), say = text => set($('verdict'), text);
  if (ids.length === 1) return say('Check two or more backends, or none for all.');
  const ask = headers => fetch(there($('target').value), { headers, cache: 'no-store', signal: contest.signal });
  contest = new AbortController();
  hold($('compare'), $('stop'), true);
  $('outcome').hidden = true;
  say(`Comparing ${ids.join(', ') || 'all healthy backends'}, rounds: ${$('runs').value} …`);
  try {
    const answer = await ask({ 'x-backend': ids.join() || '*', 'x-shootout-runs': $('runs').value });
    const report = await answer.json().catch(() => ({}));
    let body;
    if (report.summary && report.backends.some(b => b.patch && b.patch[0])) try {
      /* Once more for the old values, which are left out if this is not what was compared. */
      const first = reference(report.backends), headers = { 'x-backend': first.backend, 'x-backend-location': first.location };
      const text = await (await ask(headers)).text();
      if (new Blob([text]).size === first.size) body = JSON.parse(text);
    } catch { }
    say(report.summary ? outcome(report, body) : `${answer.status} ${report.error || ''}: ${report.message || 'no comparison'}`);
  } catch (error) {
    say(contest.signal.aborted ? 'Cancelled.' : `No answer (${error.message}).`);
  }
  contest = null;
  hold($('compare'), $('stop'), false);
}

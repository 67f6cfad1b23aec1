'use strict';
/* Whatever comes from outside is set as text or attribute, never parsed as HTML. */
const $ = id => document.getElementById(id);
const make = (tag, text = '') => Object.assign(document.createElement(tag), { textContent: text });
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
    const fresh = make('time', absolute(b.last_check));
    fresh.dateTime = b.last_check;
    at.replaceChildren(fresh);
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
    select.replaceChildren(...usable.map(b => Object.assign(make('option', b.id), { value: b.id })));
    if (usable.some(b => b.id === chosen)) select.value = chosen;
  }
  $('sender').hidden = !usable.length;
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

/* The request form. */
const LIMIT = 100000;
let running = null;
const hasBody = () => !['GET', 'HEAD'].includes($('method').value);
const fields = () => document.querySelectorAll('.body').forEach(field => { field.hidden = !hasBody() });
$('method').addEventListener('change', fields);
fields();
$('cancel').addEventListener('click', () => running && running.abort());
document.addEventListener('keydown', event => { if (event.key === 'Escape' && running) running.abort() });
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
  $('fields').replaceChildren(...[...answer.headers].map(([name, value]) => {
    const row = make('tr'), key = make('th', name), cell = make('td', value);
    key.scope = 'row';
    row.append(key, cell);
    return row;
  }));
}

async function send() {
  const id = $('backend').value, method = $('method').value, path = $('path').value.trim(), live = $('live');
  const headers = { 'x-backend': id }, body = hasBody() && $('body').value || undefined;
  if ($('location').value) headers['x-backend-location'] = $('location').value;
  if (body && $('type').value) headers['content-type'] = $('type').value;
  running = new AbortController();
  $('cancel').hidden = false;
  attr($('send'), 'aria-disabled', 'true');
  $('result').hidden = true;
  set($('content'), '');
  set($('note'), '');
  set(live, `Waiting for ${id} …`);
  const start = performance.now(), elapsed = () => number(performance.now() - start) + ' ms';
  let answer, got = 0;
  try {
    const target = location.origin + path.replace(/^[/]?/, '/');
    answer = await fetch(target, { method, headers, body, cache: 'no-store', signal: running.signal });
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
  attr($('send'), 'aria-disabled', 'false');
  if (document.activeElement === $('cancel')) $('send').focus();
  $('cancel').hidden = true;
}

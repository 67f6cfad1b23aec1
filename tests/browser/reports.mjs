// Reports of comparisons, made by hand in the form of `crates/comparison/src/report.rs`: what the page has to show of them does not depend on a
// gateway, its backends or the machine.

/** A row whose answers are all 200 and take about a millisecond, with what is different about it. */
function row(backend, equality, words, more = {}) {
  return {
    backend, location: 'local', name: backend, answers: { total: 50, failed: 0, statuses: { 200: 50 } }, status: 200,
    content_type: 'application/json', size: 250, sha256: '5e1f'.repeat(16), times: times(0.9, 1.2, 2.1), equality, reason: null, words,
    differences: [], differences_complete: true, patch: null, patch_complete: null, error: null, ...more,
  };
}

const times = (min, median, p95, approximate = false) => ({
  first_byte_ms: { min: min / 2, median: median / 2, p95: p95 / 2 }, total_ms: { min, median, p95 }, approximate,
});
const difference = (path, kind, reference, other) => ({ path, kind, reference, this: other });
const request = { method: 'GET', path: '/tasks' };

/** Every equality and every kind of difference, failures, an outlier, times that are approximate, markup in every text. */
export const everything = {
  request,
  runs: { asked: 50, warmup: 1, done: 42 },
  backends: [
    row('no-json', 'not compared', 'not compared', { reason: 'no JSON', content_type: 'text/html', times: times(1, 1.5, 2) }),
    row('down', null, 'no answer', {
      location: 'cloud', answers: { total: 50, failed: 50, statuses: {} }, status: null, content_type: null, size: null, sha256: null, times: null,
      error: { status: 503, error: 'Backend Unavailable', message: 'it cannot be reached', backend: 'down', reason: 'connection <b>refused</b>' },
    }),
    row('reference', 'reference', 'reference'),
    row('same', 'identical', 'identical', { times: times(0.8, 0.95, 1.6) }),
    row('other-ids', 'equivalent', 'equal but for 1 generated id and 2 times', {
      times: times(0.41, 0.63, 57.25),
      differences: [
        difference('content-type', 'notation', 'application/json', 'application/json; charset=utf-8'),
        difference('/0/id', 'generated', '"3f0c"', '"9d1e"'),
        difference('/0/created_at', 'generated', '"2026-02-07T10:00:00Z"', '"2026-02-07T10:00:09Z"'),
        difference('/0/updated_at', 'ignored', '"2026-02-07T10:00:00Z"', '"2026-02-07T10:00:09Z"'),
      ],
    }),
    row('unsteady', 'different', 'different in 8 places', {
      answers: { total: 50, failed: 3, statuses: { 200: 45, 500: 2 } }, times: times(9.5, 12.5, 24, true),
      error: { status: 504, error: 'Gateway Timeout', message: 'no answer in time', backend: 'unsteady' },
      differences: [
        difference('x-mark', 'header', '<i>one</i>', '<i>two</i>'),
        difference('/0/price', 'value', '10.5', '10.50'),
        difference('/0/title', 'value', '"<img src=x onerror=alert(1)>"', '"<script>alert(2)</script>"'),
        difference('/0/owner', 'missing', '{"name":"A  B"}', null),
        difference('/0/extra<b>', 'extra', null, '{"a":1}'),
        difference('/0/tags', 'order', '["a","b"]', '["b","a"]'),
        difference('/0/tags/1', 'extra', null, '"d"'),
        difference('/0/links/0', 'extra', null, '{"url":"/d"}'),
        difference('/0/seen', 'varying', '17', '18'),
      ],
    }),
    row('partly', 'different', 'different in 5 places or more', {
      times: times(2, 2.5, 3), differences_complete: false,
      differences: [
        difference('/0/price', 'type', '10.5', '"10.5"'),
        difference('/0/owner/name', 'value', '"A  B"', '"A B"'),
        difference('/0/tags/1', 'value', '"b"', '"c"'),
        difference('/0/links/0/url', 'value', '"/b"', '"/c"'),
        difference('/0/seen', 'value', '17', 'null'),
      ],
    }),
    row('page', 'different', 'another status, the whole body', {
      answers: { total: 50, failed: 0, statuses: { 404: 50 } }, status: 404, times: times(2, 3, 4),
      differences: [difference('status', 'status', '200', '404'), difference('', 'type', '[…', '"<h1>…')],
    }),
  ],
  skipped: [
    { backend: 'resting', location: 'local', reason: 'known to be down <b>' },
    { backend: 'broken', location: 'cloud', reason: 'its URL is not valid' },
  ],
  verdict: {
    agree: false, disagree: ['unsteady@local', 'partly@local', 'page@local'], failed: ['down@cloud', 'unsteady@local'], fastest: null,
    why: 'no difference seen',
    words: ['unsteady@local, partly@local and page@local <b>differ</b>', 'down@cloud and unsteady@local failed', 'no difference seen'],
  },
};

/** Two that agree, one of them faster. */
export const agreement = {
  request,
  runs: { asked: 10, warmup: 0, done: 10 },
  backends: [
    row('slow', 'reference', 'reference', { times: times(5, 6, 7) }),
    row('quick', 'equal', 'equal', { times: times(1, 2, 3) }),
  ],
  skipped: [],
  verdict: {
    agree: true, disagree: [], failed: [], why: null,
    fastest: { backend: 'quick', location: 'local', over: 'slow@local', ratio: 3, low: 2.8, high: 3.3, confidence: 0.95 },
    words: ['all 2 agree: equal', 'quick is 3.0 times as fast as slow (2.8 to 3.3)'],
  },
};

/** Sixteen that all differ, with long paths and long values: the widest table there is. */
export const wide = {
  request: { method: 'GET', path: `/tasks?q=${'x'.repeat(300)}` },
  runs: { asked: 1, warmup: 0, done: 1 },
  backends: Array.from({ length: 16 }, (_, place) => row(`backend-with-a-long-name-${place}`, place ? 'different' : 'reference', 'different', {
    differences: place ? [difference(`/items/0/${'long'.repeat(30)}`, 'value', `"${'a'.repeat(200)}"`, `"${'b'.repeat(200)} ${place}"`)] : [],
  })),
  skipped: [],
  verdict: { agree: false, disagree: [], failed: [], fastest: null, why: 'fewer than 6 rounds', words: ['15 differ', 'no verdict on speed: fewer than 6 rounds'] },
};

/** Nobody answered: there is no reference and no time. */
export const silence = {
  request,
  runs: { asked: 1, warmup: 0, done: 1 },
  backends: ['first', 'second'].map(backend => row(backend, null, 'no answer', {
    answers: { total: 1, failed: 1, statuses: {} }, status: null, size: null, sha256: null, times: null,
    error: { status: 503, error: 'Backend Unavailable', message: 'connection refused' },
  })),
  skipped: [],
  verdict: {
    agree: null, disagree: [], failed: ['first@local', 'second@local'], fastest: null, why: 'no two comparable answers',
    words: ['nothing to compare: fewer than two answered', 'first and second failed', 'no verdict on speed: no two comparable answers'],
  },
};

// The comparison on the status page: what it sends, and what it shows of a report. Reports made by hand (`reports.mjs`) hold what depends on answers, times and
// failures; the twins behind a real gateway hold that page and gateway speak of the same.

import assert from 'node:assert/strict';
import * as reports from './reports.mjs';

/** The rows of a table in the box `id`, cell by cell, each in the parts that it is made of. */
const rows = (page, id) => page.locator(`#${id} tbody tr`).evaluateAll(rows => rows.map(row => [...row.cells].map(cell => {
  const words = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT), parts = [];
  while (words.nextNode()) parts.push(words.currentNode.data);
  return parts.filter(Boolean);
})));

/** The sentences of the verdict. */
const verdict = page => page.locator('#verdict p').allTextContents();

const waitForVerdict = (page, text) => page.waitForFunction(
  text => document.getElementById('verdict').textContent.includes(text), text,
);

/** Compares, with the checked backends or all, where requests for the path get this answer. Returns what was sent. */
async function compared(page, report, path = '/by-hand') {
  const sent = [];
  await page.route(`**${path}`, route => {
    sent.push(route.request().headers());
    return route.fulfill(typeof report === 'string' ? { body: report, contentType: 'application/json' } : { json: report });
  });
  await page.locator('#target').fill(path);
  await page.locator('#compare').click();
  await page.locator('#outcome').waitFor();
  await page.unroute(`**${path}`);
  assert.equal(sent.length, 1, 'one request is all that the page makes of it');
  return sent[0];
}

/** What a page shows of a report, in a window of its own. */
async function shown(open, report, options) {
  const opened = await open(options);
  await compared(opened.page, report);
  return opened;
}

/** Checks of the page with reports that are made by hand. */
export async function checkReports({ open, check, shoot, fitsWidth }) {
  const { page, wrong } = await shown(open, reports.everything);

  await check('the verdict is in the words of the report, and announced', async () => {
    const { words } = reports.everything.verdict;
    assert.deepEqual(await verdict(page), [...words, 'only 42 of 50 rounds: the time was up']);
    assert.equal(await page.locator('#verdict').getAttribute('role'), 'status');
    assert.equal(await page.locator('#verdict').getAttribute('class'), 'unhealthy');
    assert.match(await page.locator('#outcome').textContent(), /^GET \/tasks, rounds: 42 after 1 to warm up/);
    assert.match(await page.locator('#outcome').textContent(), /Left out: resting, known to be down <b>Left out: broken, its URL is not valid/);
  });

  await check('rows are sorted by median, and say statuses, failures, equality and times', async () => {
    assert.deepEqual(await rows(page, 'race'), [
      [['other-ids@local', '250 bytes'], ['0.63 ms', '0.41 to 57.3 ms'], ['200', 'equal but for 1 generated id and 2 times', 'equivalent']],
      [['same@local', '250 bytes'], ['0.95 ms', '0.80 to 1.60 ms'], ['200', 'identical']],
      [['reference@local', '250 bytes'], ['1.20 ms', '0.90 to 2.10 ms'], ['200', 'reference']],
      [['no-json@local', '250 bytes'], ['1.50 ms', '1.00 to 2.00 ms'], ['200', 'not compared', 'no JSON']],
      [['partly@local', '250 bytes'], ['2.50 ms', '2.00 to 3.00 ms'], ['200', 'different in 5 places or more']],
      [['page@local', '250 bytes'], ['3.00 ms', '2.00 to 4.00 ms'], ['404', 'another status, the whole body', 'different']],
      [['unsteady@local', '250 bytes'], ['12.5 ms', '9.50 to 24.0 ms, approximate'],
        ['200 ×45, 500 ×2, 3 of 50 failed', 'different in 8 places', '504 Gateway Timeout: no answer in time']],
      [['down@cloud'], ['–'], ['50 of 50 failed', 'no answer', '503 Backend Unavailable: connection <b>refused</b>']],
    ]);
  });

  await check('an outlier does not flatten the bars: it is cut off with a mark', async () => {
    const bars = await page.locator('#race .track').evaluateAll(tracks => tracks.map(track => {
      const [bar, range] = track.children, { left, width } = track.getBoundingClientRect();
      const share = x => Math.round(100 * (x - left) / width);
      return {
        bar: share(bar.getBoundingClientRect().right), range: share(range.getBoundingClientRect().right),
        mark: getComputedStyle(track, '::after').content,
      };
    }));
    assert.match(await page.locator('#race caption').textContent(), /Bars end at 25\.0 ms\.$/, 'twice the largest median');
    assert.deepEqual(bars.at(-1), { bar: 50, range: 96, mark: 'none' }, '12.5 and 24 ms');
    assert.deepEqual(bars[0], { bar: 3, range: 100, mark: '"»"' }, '0.63 and 57.25 ms');
    assert.deepEqual(bars.slice(1).map(bar => bar.mark), Array(6).fill('none'));
  });

  await check('differences are one table with a column for each backend', async () => {
    assert.deepEqual(
      await page.locator('#differences thead th').allTextContents(),
      ['Where', 'reference@local (reference)', 'other-ids@local', 'same@local', 'no-json@local', 'partly@local', 'page@local', 'unsteady@local'],
    );
    const cells = (...texts) => texts.map(text => [text].flat());
    assert.deepEqual(await rows(page, 'differences'), [
      cells(['x-mark', 'header'], '<i>one</i>', '<i>one</i>', '<i>one</i>', '–', '–', '–', '<i>two</i>'),
      cells(['status', 'status'], '200', '200', '200', '–', '–', '404', '200'),
      cells(['whole body', 'type'], '[…', '[…', '[…', '–', '–', '"<h1>…', '[…'),
      cells(['/0/price', 'type, value'], '10.5', '10.5', '10.5', '–', ['"10.5"', 'type'], '–', ['10.50', 'value']),
      cells(['/0/title', 'value'], ...Array(3).fill('"<img src=x onerror=alert(1)>"'), '–', '–', '–', '"<script>alert(2)</script>"'),
      cells(['/0/owner', 'missing'], ...Array(3).fill('{"name":"A  B"}'), '–', '–', '–', 'absent'),
      cells(['/0/extra<b>', 'extra'], 'absent', 'absent', 'absent', '–', '–', '–', '{"a":1}'),
      cells(['/0/tags', 'order'], '["a","b"]', '["a","b"]', '["a","b"]', '–', '–', '–', '["b","a"]'),
      // An extra item has its place in the other document.
      cells(['/0/tags/1', 'extra'], 'absent', 'absent', 'absent', '–', '–', '–', '"d"'),
      cells(['/0/links/0', 'extra'], 'absent', 'absent', 'absent', '–', '–', '–', '{"url":"/d"}'),
      // What has no owner has no name of the owner either: it is not said to have the reference's.
      cells(['/0/owner/name', 'value'], '"A  B"', '"A  B"', '"A  B"', '–', '"A B"', '–', '–'),
      cells(['/0/tags/1', 'value'], '"b"', '"b"', '"b"', '–', '"c"', '–', '"b"'),
      cells(['/0/links/0/url', 'value'], '"/b"', '"/b"', '"/b"', '–', '"/c"', '–', '"/b"'),
      cells(['/0/seen', 'value, varying'], '17', '17', '17', '–', ['null', 'value'], '–', ['18', 'varying']),
    ]);
    const quiet = await page.locator('#differences td.same').evaluateAll(cells => new Set(cells.map(cell => getComputedStyle(cell).color)).size);
    assert.equal(quiet, 1, 'values that are the reference\'s are grey');
    const loud = page.locator('#differences td:not(.same)').first();
    assert.notEqual(await loud.evaluate(cell => getComputedStyle(cell).color), await page.locator('td.same').first().evaluate(cell => getComputedStyle(cell).color));
    assert.equal(await loud.evaluate(cell => getComputedStyle(cell).whiteSpace), 'pre-wrap', 'spaces in values count');
    assert.match(await page.locator('#outcome').textContent(), /partly@local has more differences than are listed\./);
  });

  await check('what is set aside is a group of its own, closed until the keyboard opens it', async () => {
    const group = page.locator('#outcome details').first();
    assert.equal(await group.locator('summary').textContent(), 'Set aside: 1 notation, 2 generated, 1 ignored');
    assert.equal(await page.locator('#aside').isVisible(), false);
    await group.locator('summary').focus();
    await page.keyboard.press('Enter');
    await page.locator('#aside').waitFor();
    assert.deepEqual((await rows(page, 'aside')).map(([place, reference, other]) => [...place, ...reference, ...other]), [
      ['content-type', 'notation', 'application/json', 'application/json; charset=utf-8'],
      ['/0/id', 'generated', '"3f0c"', '"9d1e"'],
      ['/0/created_at', 'generated', '"2026-02-07T10:00:00Z"', '"2026-02-07T10:00:09Z"'],
      ['/0/updated_at', 'ignored', '"2026-02-07T10:00:00Z"', '"2026-02-07T10:00:09Z"'],
    ]);
  });

  await check('markup in a report is text', async () => {
    const made = page.locator(':is(#outcome, #verdict) :is(img, script, a, h1, i:not(.track i), p b, small b)');
    assert.equal(await made.count(), 0, 'elements made of values');
    assert.deepEqual(wrong, []);
  });

  await check('tables and fields have names, and boxes that scroll have the focus and scroll by keys', async () => {
    const unnamed = await page.evaluate(() => [
      ...[...document.querySelectorAll('#contest :is(input, select)')].filter(field => !field.labels.length),
      ...[...document.querySelectorAll('#outcome table')].filter(table => !table.caption?.textContent),
      ...[...document.querySelectorAll('#outcome thead th')].filter(cell => cell.scope !== 'col'),
      ...[...document.querySelectorAll('#outcome tbody tr')].filter(row => row.cells[0].scope !== 'row'),
      ...[...document.querySelectorAll('#outcome :is(.box, pre)')].filter(box => box.tabIndex !== 0 || !box.ariaLabel),
    ].map(node => node.outerHTML.slice(0, 200)));
    assert.deepEqual(unnamed, []);
    assert.match(await page.locator('#race').ariaSnapshot(), /rowheader "same@local 250 bytes"/);
    await page.locator('#differences').focus();
    await page.keyboard.press('ArrowRight');
    await page.waitForFunction(() => document.getElementById('differences').scrollLeft > 0);
    await shoot(page, 'shootout-everything', true);
    await page.context().close();
  });

  await check('the fastest is marked, and no other', async () => {
    const { page } = await shown(open, reports.agreement);
    assert.deepEqual(await verdict(page), reports.agreement.verdict.words);
    assert.equal(await page.locator('#verdict').getAttribute('class'), 'healthy');
    const [quick, slow] = await page.locator('#race tbody tr').evaluateAll(rows => rows.map(row => [
      row.cells[0].firstChild.textContent, getComputedStyle(row.querySelector('.track i')).backgroundColor,
    ]));
    assert.deepEqual([quick[0], slow[0]], ['quick', 'slow'], 'without the location, which is the same');
    assert.notEqual(quick[1], slow[1]);
    assert.equal(await page.locator('#differences, #aside').count(), 0, 'there is nothing to list');
    await page.context().close();
  });

  await check('where nobody answers there are no times and no differences', async () => {
    const { page, wrong } = await shown(open, reports.silence);
    assert.deepEqual(await verdict(page), reports.silence.verdict.words);
    assert.equal(await page.locator('#verdict').getAttribute('class'), 'unknown');
    assert.deepEqual((await rows(page, 'race')).map(([name, time]) => [...name, ...time]), [['first', '–'], ['second', '–']]);
    assert.doesNotMatch(await page.locator('#race caption').textContent(), /Bars/);
    assert.deepEqual(wrong, []);
    await page.context().close();
  });

  await check('the report is there as it came, numbers to the last digit', async () => {
    const text = JSON.stringify(reports.agreement).replace('"patch":null', '"patch":[{"op":"replace","path":"/n","value":12345678901234567890.10}]');
    const { page } = await shown(open, text);
    await page.getByText('Report as JSON').click();
    const report = await page.locator('#outcome pre').textContent();
    assert.equal(report.replace(/\s/g, ''), text.replace(/\s/g, ''));
    await page.context().close();
  });

  await check('the fields of the form are sent as fields', async () => {
    const { page } = await open();
    const own = sent => Object.fromEntries(Object.entries(sent).filter(([name]) => name.startsWith('x-')));
    assert.deepEqual(own(await compared(page, reports.agreement)), { 'x-backend': '*', 'x-shootout-method': 'GET', 'x-shootout-runs': '10' });
    const boxes = page.locator('#picks input');
    const ids = await boxes.evaluateAll(boxes => boxes.slice(0, 2).map(box => box.value));
    await boxes.nth(0).check();
    await boxes.nth(1).check();
    await page.getByLabel('Method').first().selectOption('HEAD');
    await page.getByLabel('Runs').fill('50');
    await page.getByLabel('Warm-up').fill('0');
    await page.getByLabel('Reference').selectOption(ids[1]);
    await page.getByLabel('Ignore').fill('/*/updated_at, header:etag,/größe/50%,#/ü%2Cb');
    assert.deepEqual(own(await compared(page, reports.agreement)), {
      'x-backend': ids.join(), 'x-shootout-method': 'HEAD', 'x-shootout-runs': '50', 'x-shootout-warmup': '0', 'x-shootout-reference': ids[1],
      'x-shootout-ignore': '/*/updated_at, header:etag,#/gr%C3%B6%C3%9Fe/50%25,#/%C3%BC%2Cb',
    });
    const options = await page.getByLabel('Reference').locator('option').allTextContents();
    assert.equal(options[0], 'first good answer');
    assert.deepEqual(options.slice(1), await boxes.evaluateAll(boxes => boxes.map(box => box.value)));
    await page.context().close();
  });

  await check('where the gateway makes no comparison its message is shown', async () => {
    const { page } = await open();
    for (const [status, error, message] of [
      [409, 'Nothing To Compare', 'fewer than two backends are left: a (known to be down), b (<b>)'],
      [400, 'Bad Request', 'x-shootout-runs must be a number from 1 to 50'],
    ]) {
      await page.route('**/refused', route => route.fulfill({ status, json: { error, message } }));
      await page.locator('#target').fill('/refused');
      await page.locator('#compare').click();
      await waitForVerdict(page, message);
      assert.deepEqual(await verdict(page), [`${status} ${error}: ${message}`]);
      assert.equal(await page.locator('#outcome').isVisible(), false);
      await page.unroute('**/refused');
    }
    await page.context().close();
  });

  await check('windows of 390 and 360 px hold every report, light and dark', async () => {
    for (const [width, colorScheme, report] of [
      [390, 'light', reports.everything], [360, 'dark', reports.everything], [390, 'dark', reports.wide], [360, 'light', reports.wide],
    ]) {
      const { page, wrong } = await shown(open, report, { viewport: { width, height: 740 }, colorScheme });
      for (const summary of await page.locator('#outcome summary').all()) await summary.click();
      await fitsWidth(page);
      const box = await page.locator('#differences').evaluate(box => [box.scrollWidth > box.clientWidth, getComputedStyle(box).overflowX]);
      assert.deepEqual(box, [true, 'auto'], 'the table scrolls in its box');
      const race = await page.locator('#race').evaluate(box => box.scrollWidth - box.clientWidth);
      assert.ok(race <= 0, `rows are ${race} px wider than their box`);
      await shoot(page, `shootout-${width}-${colorScheme}`, true);
      assert.deepEqual(wrong, []);
      await page.context().close();
    }
  });
}

/** Checks of the page with two backends behind the gateway, which answer `/contest` as `browser.rs` makes them. */
export async function checkTwins({ open, check, shoot, tabTo, fitsWidth, held, origin, twins }) {
  /** Compares them by keyboard alone. Returns the request and the report. */
  async function compareTwins(page) {
    for (const id of twins) {
      await tabTo(page, null, `#picks input[value="${id}"]`);
      await page.keyboard.press('Space');
    }
    await tabTo(page, 'target');
    await page.keyboard.press('Control+A');
    await page.keyboard.type('/contest');
    await tabTo(page, 'runs');
    await page.keyboard.press('Control+A');
    await page.keyboard.type('3');
    const [answer] = await Promise.all([
      page.waitForResponse(response => response.url() === `${origin}/contest`),
      page.keyboard.press('Enter'),
    ]);
    await page.locator('#outcome').waitFor();
    return { sent: answer.request().headers(), report: await answer.json() };
  }

  const { page, wrong } = await open();
  let report;

  await check('the keyboard alone compares two backends', async () => {
    const compared = await compareTwins(page);
    ({ report } = compared);
    assert.equal(compared.sent['x-backend'], twins.join());
    assert.equal(compared.sent['x-shootout-runs'], '3');
    assert.equal(compared.sent['x-shootout-method'], 'GET');
    assert.deepEqual(['warmup', 'ignore', 'reference'].filter(name => `x-shootout-${name}` in compared.sent), [], 'fields left empty');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'runs', 'the focus stays');
  });

  await check('the page says what the report says', async () => {
    assert.ok(report.verdict.words.length > 0, 'a verdict');
    assert.deepEqual((await verdict(page)).slice(0, report.verdict.words.length), report.verdict.words);
    const medians = new Map(report.backends.map(row => [row.backend, row.times.total_ms.median]));
    const order = (await rows(page, 'race')).map(([[name]]) => name);
    assert.deepEqual([...order].sort(), [...twins].sort());
    assert.ok(medians.get(order[0]) <= medians.get(order[1]), 'the fastest comes first');
  });

  await check('differences are listed with both values, markup in them as text', async () => {
    assert.deepEqual((await rows(page, 'differences')).map(([place, reference, other]) => [place.join(' '), ...reference, ...other]).sort(), [
      ['/done value', 'false', 'true'],
      ['/extra<b> extra', 'absent', '{"a":1}'],
      ['/tags/1 missing', '"b"', 'absent'],
      ['/title value', '"<img src=x onerror=alert(1)>"', '"<script>alert(2)</script>"'],
      ['x-mark header', '<i>one</i>', '<i>two</i>'],
    ]);
    assert.equal(await page.locator('#outcome :is(img, script, a)').count(), 0, 'elements made of values');
  });

  await shoot(page, 'shootout-test', true);
  await check('no errors or policy violations in a comparison', () => assert.deepEqual(wrong, []));
  await page.context().close();

  await check('a backend that fails is a row with its reason', async () => {
    const { page } = await open();
    await page.locator('#picks input[value="hostile"]').check();
    await page.locator(`#picks input[value="${twins[0]}"]`).check();
    await page.locator('#target').fill('/contest');
    await page.locator('#compare').click();
    await page.locator('#outcome').waitFor();
    const [answered, failed] = await rows(page, 'race');
    assert.deepEqual([answered[0][0], failed[0][0]], [twins[0], 'hostile'], 'those without times come last');
    assert.match(failed[2].join('|'), /^(\d+) of \1 failed\|.*\|503 Backend Unavailable: ./);
    assert.match((await verdict(page)).join('|'), /hostile failed/);
    await page.context().close();
  });

  await check('what cannot be compared is said, and a running comparison can be cancelled', async () => {
    const { page, wrong } = await open();
    await page.locator('#picks input[value="hostile"]').check();
    await page.locator('#compare').click();
    assert.match(await page.locator('#verdict').textContent(), /two or more/);
    await page.locator('#picks input[value="hostile"]').uncheck();
    await page.locator('#target').fill('/health');
    await page.locator('#compare').click();
    await waitForVerdict(page, 'no comparison');
    const release = await held(page, '/waiting');
    await page.locator('#target').fill('/waiting');
    await page.locator('#compare').click();
    await page.locator('#stop').waitFor();
    assert.match(await page.locator('#verdict').textContent(), /^Comparing all healthy backends/);
    assert.equal(await page.locator('#compare').getAttribute('aria-disabled'), 'true');
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => document.getElementById('verdict').textContent === 'Cancelled.');
    assert.equal(await page.locator('#compare').getAttribute('aria-disabled'), 'false');
    release();
    assert.deepEqual(wrong, []);
    await page.context().close();
  });

  await check('the gateway refuses a reference that is not compared, in words', async () => {
    const { page } = await open();
    for (const id of twins) await page.locator(`#picks input[value="${id}"]`).check();
    await page.locator('#target').fill('/contest');
    await page.getByLabel('Reference').selectOption('hostile');
    await page.locator('#compare').click();
    await waitForVerdict(page, 'x-shootout-reference must be one of the backends that are compared');
    await page.context().close();
  });
}

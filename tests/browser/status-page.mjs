// The status page in a real browser, against a gateway that is already running:
//
//   node status-page.mjs http://127.0.0.1:3000/backends [folder for screenshots]
//
// The gateway needs a backend `bun-sqlite` that answers SHOOTOUT_PATH (default /tasks) with 200, and one more backend with
// markup in its name, such as `<script>alert(1)</script>`. Where TWINS names two backends, such as `twin-a,twin-b`, they are
// compared on /contest: their JSON has to differ as `browser.rs` makes it, with markup in values. CHROMIUM names the browser (default /usr/bin/chromium). Exits with 1
// and says which checks failed.

import assert from 'node:assert/strict';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { checkReports, checkTwins } from './comparison.mjs';

const [url = 'http://127.0.0.1:3000/backends', folder] = process.argv.slice(2);
const origin = new URL(url).origin;
const shootoutPath = process.env.SHOOTOUT_PATH ?? '/tasks';
const BACKEND = 'bun-sqlite';
/** How long something that is about to happen may take on the busiest machine, in milliseconds. */
const PATIENCE = 120_000;
const twins = (process.env.TWINS ?? '').split(',').filter(Boolean);

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync',
  ],
});

let failed = 0;
async function check(name, test) {
  try {
    await test();
    console.log(`ok      ${name}`);
  } catch (error) {
    failed += 1;
    process.exitCode = 1;
    console.log(`FAILED  ${name}\n        ${String(error.message).replaceAll('\n', '\n        ')}`);
  }
}

async function listing() {
  const answer = await fetch(url, { headers: { accept: 'application/json' } });
  assert.equal(answer.status, 200, 'GET with accept: application/json');
  return (await answer.json()).backends;
}

/** What the table says, row by row. */
const table = page => page.locator('#rows > tr').evaluateAll(rows => rows.map(row => ({
  id: row.querySelector('code').textContent,
  name: row.querySelector('.name').textContent,
  health: row.querySelector('.badge').textContent,
  reason: row.querySelector('.reason').textContent || null,
  elements: row.querySelector('.name').childElementCount + row.querySelector('.reason').childElementCount,
})));

/** Waits until the table agrees with the listing: health may change between the two. */
async function agree(page) {
  let difference;
  for (const end = Date.now() + PATIENCE; Date.now() < end; await page.waitForTimeout(500)) {
    const listed = await listing();
    const expected = listed.map(({ id, name, health, reason }) => ({ id, name, health, reason, elements: 0 }));
    try {
      assert.deepEqual(await table(page), expected);
      return;
    } catch (error) {
      difference = error;
    }
  }
  throw difference;
}

/** A page, the list of what went wrong on it, and how often it has asked for the listing to refresh its table. */
async function open(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const wrong = [];
  const refreshes = { sent: 0 };
  page.on('console', message => message.type() === 'error' && wrong.push(`console: ${message.text()}`));
  page.on('pageerror', error => wrong.push(`script: ${error.message}`));
  page.on('dialog', dialog => {
    wrong.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on('request', request => {
    const target = new URL(request.url());
    if (request.url() === url && request.resourceType() === 'fetch') refreshes.sent += 1;
    if (target.origin !== origin && target.protocol !== 'data:') wrong.push(`request to ${target}`);
  });
  await context.exposeFunction('reportViolation', text => wrong.push(text));
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', event => {
      window.reportViolation(`policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  const answer = await page.goto(url);
  return { page, wrong, answer, refreshes };
}

const shoot = (page, name, fullPage = false) =>
  folder && page.screenshot({ path: path.join(folder, `${name}.png`), fullPage, animations: 'disabled' });

async function tabTo(page, id, selector = `#${id}`) {
  for (let step = 0; step < 60; step += 1) {
    if (await page.evaluate(wanted => document.activeElement?.matches(wanted), selector)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`${selector} cannot be reached with the Tab key`);
}

/** Holds requests for `path` back until the returned function is called, and drops them then. */
async function held(page, path) {
  let release;
  const released = new Promise(resolve => { release = resolve });
  await page.route(`**${path}`, async route => {
    await released;
    await route.abort();
  });
  return release;
}

async function fitsWidth(page) {
  const [content, room] = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return [scrollWidth, clientWidth];
  });
  assert.ok(content <= room, `the page is ${content} px wide in a window of ${room} px`);
}

try {
  const { page, wrong, answer, refreshes } = await open({ colorScheme: 'light' });

  await check('a browser gets a page with a policy', () => {
    assert.match(answer.headers()['content-type'], /^text\/html/);
    const policy = answer.headers()['content-security-policy'] ?? '';
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe/);
  });

  await check('every backend has a row with its name, health and reason', () => agree(page));

  await check('markup in a name is shown as text', async () => {
    const hostile = (await listing()).filter(backend => backend.name.includes('<'));
    assert.notEqual(hostile.length, 0, 'configure a backend whose name is <script>alert(1)</script>, or the like');
    const rows = await table(page);
    for (const { id, name } of hostile) assert.equal(rows.find(row => row.id === id)?.name, name);
  });

  await shoot(page, 'status-page-light');

  await check('the table refreshes by itself', async () => {
    const before = await page.locator('#asof').textContent();
    await page.waitForResponse(response => response.url() === url && response.request().resourceType() === 'fetch');
    await page.waitForFunction(old => document.getElementById('asof').textContent !== old, before);
  });

  await check('the refresh can be paused', async () => {
    await page.locator('#refresh').uncheck();
    // One that is under way may still end, however long that takes. One that was just sent may still be reported.
    await page.waitForTimeout(1_000);
    const { sent } = refreshes;
    await page.waitForTimeout(6_000);
    assert.equal(refreshes.sent, sent);
    await page.locator('#refresh').check();
  });

  await check(`the keyboard alone sends a request to ${BACKEND}`, async () => {
    await tabTo(page, 'backend');
    await page.keyboard.type(BACKEND);
    await tabTo(page, 'path');
    await page.keyboard.press('Control+A');
    await page.keyboard.type(shootoutPath);
    const [sent] = await Promise.all([
      page.waitForRequest(request => request.url() === origin + shootoutPath),
      page.keyboard.press('Enter'),
    ]);
    assert.equal(sent.headers()['x-backend'], BACKEND);
    await page.locator('#result').waitFor();
    assert.match(await page.locator('#status').textContent(), /^200 /);
    await page.waitForFunction(id => document.getElementById('live').textContent.includes(`from ${id} in`), BACKEND);
    assert.match(await page.locator('#times').textContent(), /^total [\d.]+ ms.* gateway [\d.]+ ms.* backend [\d.]+ ms/);
    const direct = await (await fetch(origin + shootoutPath, { headers: { 'x-backend': BACKEND } })).text();
    const shown = await page.locator('#content').textContent();
    assert.equal(shown.replace(/\s/g, ''), direct.replace(/\s/g, ''), 'the body, apart from white space');
    assert.match(await page.locator('#fields').textContent(), /x-gateway-backend/);
  });

  await shoot(page, 'status-page-request', true);

  await check('a refresh keeps the focus', async () => {
    await page.locator('#path').focus();
    const before = await page.locator('#asof').textContent();
    await page.waitForFunction(old => document.getElementById('asof').textContent !== old, before);
    assert.equal(await page.evaluate(() => document.activeElement.id), 'path');
  });

  await check('methods with a body have a field for it', async () => {
    assert.equal(await page.locator('#body').isVisible(), false, 'GET');
    await page.locator('#method').selectOption('POST');
    assert.equal(await page.locator('#body').isVisible(), true, 'POST');
  });

  await checkReports({ open, check, shoot, fitsWidth });
  if (twins.length === 2) await checkTwins({ open, check, shoot, tabTo, fitsWidth, held, origin, twins });

  await check('the page is not wider than the window', () => fitsWidth(page));

  await check('no errors, policy violations, dialogs or requests to others', () => assert.deepEqual(wrong, []));
  await page.context().close();

  await check('Escape cancels a running request', async () => {
    const { page } = await open();
    await page.route('**/held', () => {});
    await page.locator('#path').fill('/held');
    await page.locator('#send').click();
    await page.locator('#cancel').waitFor();
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => /^Cancelled after/.test(document.getElementById('live').textContent));
    await page.context().close();
  });

  await check('a gateway that does not answer is noticed, and its return too', async () => {
    const { page } = await open();
    await page.route(url, route => route.abort());
    await page.locator('#notice').waitFor();
    assert.match(await page.locator('#notice').textContent(), /does not answer/);
    await page.unroute(url);
    await page.locator('#notice').waitFor({ state: 'hidden' });
    await page.context().close();
  });

  await check('without JavaScript the table is there, markup in it is text, and there is no form', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(url);
    const rows = (await table(page)).map(({ id, name, elements }) => ({ id, name, elements }));
    assert.deepEqual(rows, (await listing()).map(({ id, name }) => ({ id, name, elements: 0 })));
    assert.equal(await page.locator('#form').isVisible(), false, 'the form');
    assert.equal(await page.locator('noscript').isVisible(), true, 'the note');
    await context.close();
  });

  await check('dark', async () => {
    const { page } = await open({ colorScheme: 'dark' });
    const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    assert.ok(background.match(/\d+/g).every(part => part < 64), `the background is ${background}`);
    await shoot(page, 'status-page-dark');
    await page.context().close();
  });

  await check('a window of 360 px holds the page, and an answer in it', async () => {
    const { page } = await open({ viewport: { width: 360, height: 740 } });
    await fitsWidth(page);
    await page.locator('#path').fill(shootoutPath);
    await page.locator('#backend').selectOption(BACKEND);
    await page.locator('#send').click();
    await page.locator('#result').waitFor();
    await fitsWidth(page);
    await shoot(page, 'status-page-360', true);
    await page.context().close();
  });
} catch (error) {
  failed += 1;
  process.exitCode = 1;
  console.log(`FAILED  ${error.message}`);
} finally {
  await browser.close();
}

console.log(failed === 0 ? 'all checks passed' : `failed: ${failed}`);

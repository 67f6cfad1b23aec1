// Backends behind host names, in a real browser: http://one.localhost:<port>/ and http://two.localhost:<port>/ are two origins of one gateway. To a browser
// they are two sites as well; http://one.gateway.localhost:<port>/ and http://two.gateway.localhost:<port>/ are two origins of one site.
//
//   node labels.mjs <gateway's port> <port for backend one> <port for backend two>
//
// The gateway has to have the backends `one` and `two` at these ports of 127.0.0.1, and `label_domain` has to be gateway.localhost, and
// `cors_origins` http://one.gateway.localhost:<port>. This program serves both. CHROMIUM names the browser (default /usr/bin/chromium). Exits with 1 and says what failed.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { chromium } from 'playwright-core';

const [port, ...backendPorts] = process.argv.slice(2).map(Number);
/** How long something that is about to happen may take on the busiest machine, in milliseconds. */
const PATIENCE = 120_000;
const origin = id => `http://${id}.localhost:${port}`;

function backend(id) {
  return createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://backend');
    const answer = (type, body, fields = {}) => response.writeHead(200, { 'content-type': type, ...fields }).end(body);
    switch (pathname) {
      case '/page':
        return answer('text/html', `<!DOCTYPE html><title>${id}</title><img src="/image.svg" id="image" alt="">
          <form method="post" action="/form"><input name="word" value="from ${id}"><button>send</button></form>
          <a href="/page?again" id="link">again</a>`);
      case '/image.svg':
        return answer('image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg" width="7" height="5"></svg>');
      case '/form': {
        let body = '';
        for await (const chunk of request) body += chunk;
        return answer('text/html', `<!DOCTYPE html><title>${id} got ${body}</title>`);
      }
      case '/events':
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write(`data: hello from ${id}\n\n`);
        // It goes on until the browser has what it waits for.
        return undefined;
      case '/log-in':
        return answer('text/plain', id, { 'set-cookie': `session=${id}` });
      case '/who':
        return answer('text/plain', request.headers.cookie ?? 'nobody', { etag: '"1"', 'x-own': 'yes' });
      default:
        return answer('text/plain', 'ready');
    }
  });
}

const servers = ['one', 'two'].map(backend);
await Promise.all(servers.map((server, index) => once(server.listen(backendPorts[index], '127.0.0.1'), 'listening')));

/** Until the gateway has noticed that the backend is there. */
async function isReady(id) {
  for (const end = Date.now() + PATIENCE; ; await new Promise(resolve => setTimeout(resolve, 100))) {
    const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { 'x-backend': id } });
    if (answer.ok) return;
    assert.ok(Date.now() < end, `${id}: ${answer.status} ${await answer.text()}`);
  }
}
await Promise.all(['one', 'two'].map(isReady));

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync',
  ],
});
try {
  const context = await browser.newContext();
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const text = url => page.evaluate(url => fetch(url).then(answer => answer.text()), url);

  await page.goto(`${origin('one')}/page`);
  assert.equal(await page.title(), 'one', 'a page');
  assert.equal(await page.evaluate(() => document.querySelector('#image').decode().then(() => document.querySelector('#image').naturalWidth)), 7, 'an image');
  await page.click('#link');
  await page.waitForURL('**/page?again');
  assert.equal(await page.title(), 'one', 'a link');
  const event = await page.evaluate(() => new Promise((resolve, reject) => {
    const source = new EventSource('/events');
    source.onmessage = ({ data }) => (source.close(), resolve(data));
    source.onerror = () => reject(new Error('the stream of events broke off'));
  }));
  assert.equal(event, 'hello from one', 'EventSource');
  await page.click('button');
  await page.waitForURL('**/form');
  assert.equal(await page.title(), 'one got word=from+one', 'a form');

  // A cookie stays with its backend.
  await text('/log-in');
  assert.equal(await text('/who'), 'session=one');
  await page.goto(`${origin('two')}/page`);
  assert.equal(await text('/who'), 'nobody', 'two does not get the cookie of one');
  await text('/log-in');
  assert.equal(await text('/who'), 'session=two');
  await page.goto(`${origin('one')}/page`);
  assert.equal(await text('/who'), 'session=one', 'one has kept its own');

  // A page of a listed origin may send cookies to the other backend, and read everything; one of another origin reads nothing.
  const below = id => origin(`${id}.gateway`);
  const across = url => page.evaluate(async url => {
    const answer = await fetch(url, { credentials: 'include', headers: { 'x-custom': '1' } });
    return [await answer.text(), answer.headers.get('etag'), answer.headers.get('x-own'), answer.headers.get('x-gateway-backend')];
  }, url);
  await page.goto(`${below('two')}/page`);
  await text('/log-in');
  await assert.rejects(across(`${below('one')}/who`), /Failed to fetch/, 'an origin that is not listed');
  await page.goto(`${below('one')}/page`);
  assert.deepEqual(await across(`${below('two')}/who`), ['session=two', '"1"', 'yes', 'two'], 'a listed origin');
  console.log('ok');
} finally {
  await browser.close();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
}

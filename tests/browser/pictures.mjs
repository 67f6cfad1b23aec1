// The pictures of the README, of a gateway that is already running:
//
//   node pictures.mjs http://127.0.0.1:3000/backends <folder> bun-sqlite,cf-d1 [path, default /tasks] [runs, default 50]
//
// Writes shootout-light.png and shootout-dark.png, where the named backends are compared, and status-page-light.png and status-page-dark.png. CHROMIUM names the
// browser (default /usr/bin/chromium).

import path from 'node:path';
import { chromium } from 'playwright-core';

const [url, folder, ids, target = '/tasks', runs = '50'] = process.argv.slice(2);
if (!ids) {
  console.error('usage: node pictures.mjs <address of /backends> <folder> <id,id,...> [path] [runs]');
  process.exit(2);
}
/** Space around the panel of the comparison, in CSS pixels. */
const MARGIN = 12;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
try {
  for (const colorScheme of ['light', 'dark']) {
    const page = await browser.newPage({ viewport: { width: 1160, height: 1010 }, colorScheme });
    await page.goto(url);
    await page.screenshot({ path: path.join(folder, `status-page-${colorScheme}.png`) });
    await page.close();

    const closer = await browser.newPage({ viewport: { width: 1080, height: 1200 }, deviceScaleFactor: 1.5, colorScheme });
    await closer.goto(url);
    for (const id of ids.split(',')) await closer.locator('#picks').getByLabel(id, { exact: true }).check();
    await closer.locator('#target').fill(target);
    await closer.locator('#runs').fill(runs);
    await closer.locator('#compare').click();
    await closer.locator('#outcome').waitFor();
    await closer.evaluate(() => document.activeElement.blur());
    const { x, y, width, height } = await closer.locator('#shootout').boundingBox();
    const clip = { x: x - MARGIN, y: y + await closer.evaluate(() => scrollY) - MARGIN, width: width + 2 * MARGIN, height: height + 2 * MARGIN };
    await closer.screenshot({ path: path.join(folder, `shootout-${colorScheme}.png`), clip, fullPage: true });
    await closer.close();
  }
} finally {
  await browser.close();
}

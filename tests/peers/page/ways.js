'use strict';
// Other ways of using the pages: without scripts, by keyboard alone, with a language once chosen, on paper, reporting.

const path = require('node:path');
const { ask } = require('./pages.js');

const ways = async world => {
  await withoutScripts(world);
  await byKeyboard(world);
  await inAChosenLanguage(world);
  await onPaper(world);
  await small(world);
};

const codeOf = ({ samples }, verdict, nth = 2) => samples.find(sample => sample.verdict === verdict).codes[nth];

const withoutScripts = async world => {
  const { site, report } = world;
  const page = await world.open(world, { javaScriptEnabled: false, locale: 'en-GB' });
  await page.goto(site);
  report.hold(!(await page.locator('#scan').isVisible()), 'without scripts there are dead scan buttons');
  await page.fill('#code', codeOf(world, 'recalled'));
  await page.click('form button:not([type])');
  report.hold((await page.locator('.word').innerText()).includes('Recalled'), 'without scripts there is no answer');
  await page.reload();
  report.hold((await page.locator('.word').innerText()).includes('Recalled'), 'a reload loses the answer');
  const receipt = (await page.locator('.receipt').innerText()).replaceAll(/\s/g, '');
  await page.click('text=Report this article');
  await page.fill('#text', 'The seal was broken.\nBought at the market.');
  await page.click('form button');
  await page.waitForURL(/\/reported/);
  report.hold((await page.locator('.answer').innerText()).includes('on record'), 'without scripts there is no report');
  await page.goto(`${site}/receipt?lang=en`);
  await page.fill('#number', receipt);
  await page.click('form button');
  report.hold((await page.locator('.answer').innerText()).includes('Recalled'), 'the receipt is not found');
  await page.context().close();
};

const byKeyboard = async world => {
  const { site, report } = world;
  const page = await world.open(world, { viewport: { width: 1280, height: 800 }, isMobile: false, hasTouch: false, locale: 'en-GB' });
  await page.goto(site);
  const seen = [];
  for (let press = 0; press < 12; press += 1) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => {
      const now = document.activeElement;
      const style = getComputedStyle(now);
      const { width, height } = now.getBoundingClientRect();
      return { name: now.id || now.textContent.trim(), outline: style.outlineStyle !== 'none', width, height };
    });
    seen.push(at.name);
    report.hold(at.outline, `the focus on ${at.name} is not to be seen`);
    report.hold(at.width >= 24 && at.height >= 24, `${at.name} is ${at.width}×${at.height} pixels`);
    if (at.name === 'code') break;
  }
  report.hold(seen.at(-1) === 'code', `the field is not reached by Tab: ${seen.join(', ')}`);
  await page.keyboard.type(codeOf(world, 'expired'));
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/answer\//);
  report.hold((await page.locator('.word').innerText()).includes('Past its date'), 'Enter does not ask');
  await page.context().close();
};

const inAChosenLanguage = async world => {
  const { site, report } = world;
  const page = await world.open(world, { locale: 'en-GB' });
  await page.goto(site);
  report.hold(await page.getAttribute('html', 'lang') === 'en', 'the browser’s language is not used');
  await page.click('nav a[lang=zh-HK]');
  await page.goto(`${site}/receipt`);
  report.hold(await page.getAttribute('html', 'lang') === 'zh-HK', 'the chosen language is forgotten');
  await page.context().close();
};

const onPaper = async world => {
  const { site, report, shots } = world;
  const page = await world.open(world, { colorScheme: 'dark', locale: 'zh-CN', isMobile: false });
  await ask(page, site, codeOf(world, 'unknown'), {});
  await page.goto(page.url().replace('lang=en', 'lang=zh-Hans'));
  await page.emulateMedia({ media: 'print', colorScheme: 'light' });
  const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  report.hold(paper === 'rgb(255, 255, 255)', `the paper is ${paper}`);
  report.hold(!(await page.locator('nav').isVisible()), 'the choice of language is printed');
  report.hold(await page.locator('.receipt').isVisible(), 'the receipt is not printed');
  if (shots) await page.screenshot({ path: path.join(shots, 'print.png'), fullPage: true });
  await page.context().close();
};

// What comes over the wire before anybody opens the camera, packed as gzip would.
const small = async world => {
  const { site, report } = world;
  const { gzipSync } = require('node:zlib');
  let bytes = 0;
  const page = await world.open(world);
  const taken = [];
  page.on('response', response => taken.push(response));
  await page.goto(site);
  await page.waitForLoadState('networkidle');
  for (const response of taken) bytes += gzipSync(await response.body()).length;
  const names = taken.map(response => new URL(response.url()).pathname);
  report.hold(!names.some(name => name.startsWith('/scan/')), `the reader is loaded unasked: ${names}`);
  report.hold(bytes <= 20_480, `the first page is ${bytes} bytes`);
  console.log(`the first page with style, icon and script: ${bytes} bytes packed`);
  await page.context().close();
};

module.exports = ways;

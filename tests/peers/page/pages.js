'use strict';
// Every page and every verdict, in every language, light and dark: no violation of axe's rules, no second scroll bar at
// 320 CSS pixels (400 % zoom), a sign and a word beside the colour.

const fs = require('node:fs');
const path = require('node:path');

const LANGUAGES = ['zh-Hans', 'zh-HK', 'en'];
const SCHEMES = ['light', 'dark'];
const AXE = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const RULES = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] };

// Asks by the form as a shopper would, and returns the answer's address without its language.
const ask = async (page, site, code, request) => {
  await page.goto(`${site}/?lang=en`);
  await page.fill('#code', code);
  if (request.lot || request.expiry) {
    await page.click('summary');
    if (request.lot) await page.fill('#lot', request.lot);
    if (request.expiry) await page.fill('#expiry', request.expiry);
  }
  await page.click('form button:not([type])');
  await page.waitForURL(/\/answer\//);
  return page.url().replace(/[?&]lang=[^&]*/, '');
};

const withLanguage = (address, tag) => `${address}${address.includes('?') ? '&' : '?'}lang=${tag}`;

const pages = async world => {
  const { site, samples, report, shots } = world;
  const asking = await world.open(world);
  const addresses = [];
  for (const sample of samples) {
    const address = await ask(asking, site, sample.codes[sample.codes.length - 1], sample.request);
    const colour = await asking.locator('.answer').getAttribute('class');
    // A place can be given by a program only, so a few verdicts read otherwise here.
    if (!sample.request.place) report.hold(colour === `answer ${sample.colour}`, `${sample.verdict} is shown as ${colour}`);
    addresses.push([sample.verdict, address]);
  }
  // The second time in the same browser.
  const first = samples.find(sample => sample.verdict === 'genuine_first');
  const code = first.codes[0];
  await ask(asking, site, code, first.request);
  addresses.push(['genuine_again', await ask(asking, site, code, first.request)]);
  const receipt = new URL(addresses[0][1]).searchParams.get('receipt');
  addresses.push(
    ['home', `${site}/`], ['receipt', `${site}/receipt`], ['receipt_found', `${site}/receipt?number=${receipt}`],
    ['receipt_wrong', `${site}/receipt?number=1`], ['report', `${site}/report?receipt=${receipt}`],
    ['landing', `${site}/01/09520000001025/21/${samples.find(sample => sample.verdict === 'genuine_first').codes[1]}?17=271130`],
    ['landing_no_unit', `${site}/01/09520000001025`], ['trouble', `${site}/answer/none`],
  );
  await asking.context().close();

  for (const scheme of SCHEMES) {
    await Promise.all(LANGUAGES.map(async tag => {
      const page = await world.open(world, { colorScheme: scheme, locale: tag === 'en' ? 'en-GB' : tag });
      for (const [name, address] of addresses) {
        await page.goto(withLanguage(address, tag));
        await look(world, page, `${name} ${tag} ${scheme}`);
        if (shots) await page.screenshot({ path: path.join(shots, `${name}-${tag}-${scheme}.png`), fullPage: true });
      }
      await page.context().close();
    }));
    const page = await world.open(world, { colorScheme: scheme });
    await page.goto(`${site}/docs`);
    await look(world, page, `docs ${scheme}`);
    if (shots) await page.screenshot({ path: path.join(shots, `docs-${scheme}.png`) });
    await page.context().close();
  }
  await narrow(world, addresses);
};

const look = async ({ report }, page, name) => {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(rules => window.axe.run(document, rules), RULES);
  for (const { id, help, nodes } of violations) {
    report.fault(`${name}: ${id} (${help}): ${nodes.map(node => node.html).join(' | ').slice(0, 300)}`);
  }
  report.held += 1;
  const sign = page.locator('.answer svg');
  if (await sign.count()) report.hold(Boolean(await sign.first().getAttribute('aria-label')), `${name}: a colour without a word`);
};

// 1280 CSS pixels at 400 % are 320.
const narrow = async (world, addresses) => {
  const { report, shots } = world;
  const page = await world.open(world, { viewport: { width: 320, height: 256 }, isMobile: false });
  for (const tag of LANGUAGES) {
    for (const [name, address] of addresses) {
      await page.goto(withLanguage(address, tag));
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      report.hold(wide <= 320, `${name} ${tag} is ${wide} pixels wide at 400 %`);
    }
  }
  if (shots) await page.screenshot({ path: path.join(shots, 'narrow.png'), fullPage: true });
  await page.context().close();
};

module.exports = pages;
module.exports.ask = ask;

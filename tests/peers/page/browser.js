'use strict';
// Chromium as it is installed, driven by playwright-core: nothing is downloaded, nothing phones home.

const { chromium } = require('playwright-core');

const FLAGS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--hide-scrollbars', '--font-render-hinting=none'];

let running = [];

// A browser; `more` are further flags. The same flags give the same browser.
const browser = async (more = []) => {
  const key = more.join(' ');
  const held = running.find(one => one.key === key);
  if (held) return held.chromium;
  const started = await chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args: [...FLAGS, ...more] });
  running.push({ key, chromium: started });
  return started;
};

// A page in a fresh profile, on which every word of the console is a fault unless it is expected.
const open = async (world, options = {}, more = []) => {
  const context = await (await browser(more)).newContext({
    viewport: { width: 390, height: 780 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true, ...options,
  });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  page.on('pageerror', fault => world.report.fault(`script error on ${page.url()}: ${fault.message}`));
  page.on('console', said => {
    if (said.type() === 'error' && !/status of (400|404|429)/.test(said.text())) {
      world.report.fault(`console of ${page.url()}: ${said.text()}`);
    }
  });
  page.on('request', request => {
    const url = new URL(request.url());
    if (url.protocol !== 'blob:' && url.protocol !== 'data:' && url.origin !== world.site) {
      world.report.fault(`${page.url()} asks ${url.origin}`);
    }
  });
  return page;
};

const close = async () => {
  await Promise.all(running.map(one => one.chromium.close()));
  running = [];
};

class Report {
  constructor() {
    this.faults = [];
    this.held = 0;
  }

  fault(text) {
    this.faults.push(text);
    console.log(`FAULT ${text}`);
  }

  hold(condition, text) {
    if (condition) this.held += 1; else this.fault(text);
  }

  end() {
    console.log(`${this.held} held, ${this.faults.length} faults`);
    if (this.faults.length > 0) process.exitCode = 1;
  }
}

module.exports = { open, close, browser, Report };

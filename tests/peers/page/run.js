'use strict';
// The pages in a real Chromium: every verdict in three languages, light and dark, under axe; without scripts, by keyboard
// alone, at 400 % zoom, on paper; codes read by a fake camera and from photos. Against a running demo.
//
//   NODE_PATH=…/node_modules node run.js SAMPLES.JSON [--only PART] [--shots DIR]
//
// Exits with 1 where anything a shopper would notice is wrong.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { open, close, browser, Report } = require('./browser.js');
const parts = {
  pages: require('./pages.js'),
  ways: require('./ways.js'),
  scan: require('./scan.js'),
};

const main = async () => {
  const [samplesPath, ...rest] = process.argv.slice(2);
  const option = name => {
    const at = rest.indexOf(name);
    return at < 0 ? undefined : rest[at + 1];
  };
  if (!samplesPath) throw new Error('usage: run.js SAMPLES.JSON [--only pages|ways|scan] [--shots DIR]');
  const { listen, samples } = JSON.parse(fs.readFileSync(samplesPath, 'utf8'));
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'verigate-page-'));
  const report = new Report();
  const world = { site: `http://${listen.http}`, samples, shots: option('--shots'), scratch, report };
  if (world.shots) fs.mkdirSync(world.shots, { recursive: true });
  try {
    for (const [name, part] of Object.entries(parts)) {
      if (option('--only') && option('--only') !== name) continue;
      const begun = Date.now();
      await part({ ...world, open, close, browser });
      console.log(`${name}: ${((Date.now() - begun) / 1000).toFixed(1)} s`);
    }
  } finally {
    await close();
    fs.rmSync(scratch, { recursive: true, force: true });
  }
  report.end();
};

main().catch(fault => {
  console.error(fault);
  process.exit(1);
});

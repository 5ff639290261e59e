'use strict';
// From the press on the camera button to the verdict on the screen, in Chromium with a fake camera, for each kind of symbol;
// each run in a fresh profile, so that the reader is loaded anew every time.
//
//   NODE_PATH=…/node_modules node bench.js VERIGATE [--runs N] [--json]

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { open, close, Report } = require('./browser.js');
const { byCamera, symbols } = require('./scan.js');
const { scene } = require('./symbols.js');

const started = (binary, dir) => new Promise((good, bad) => {
  const demo = spawn(binary, ['demo', '--dir', dir, '--http', '127.0.0.1:0', '--smpp', '127.0.0.1:0', '--sip', '127.0.0.1:0', '--kiosk', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  demo.stdout.on('data', part => {
    said += part;
    if (said.split('\n').includes('ready')) good(demo);
  });
  demo.on('exit', () => bad(new Error('the demo ended')));
});

const main = async () => {
  const [binary, ...rest] = process.argv.slice(2);
  const at = rest.indexOf('--runs');
  const runs = at < 0 ? 7 : Number(rest[at + 1]);
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'verigate-page-'));
  const demo = await started(path.resolve(binary), path.join(scratch, 'demo'));
  demo.removeAllListeners('exit');
  const report = new Report();
  const rows = [];
  try {
    const { listen, samples } = JSON.parse(fs.readFileSync(path.join(scratch, 'demo', 'samples.json'), 'utf8'));
    const world = { site: `http://${listen.http}`, samples, scratch, report, open };
    const codes = [...samples.find(sample => sample.verdict === 'genuine_first').codes];
    for (const [nth, [name]] of symbols('').entries()) {
      const took = [];
      for (let run = 0; run < runs; run += 1) {
        const code = codes.pop();
        const [, text, format, options] = symbols(code)[nth];
        took.push(await byCamera(world, `${name} ${run}`, await scene(text, format, options), code));
        await close();
      }
      took.sort((one, other) => one - other);
      rows.push({ symbol: name, runs, median_ms: took[Math.floor(took.length / 2)], worst_ms: took.at(-1) });
    }
  } finally {
    await close();
    // Only once it has ended: it still writes to its folder.
    const ended = new Promise(good => demo.once('exit', good));
    demo.kill();
    await ended;
    fs.rmSync(scratch, { recursive: true, force: true });
  }
  if (rest.includes('--json')) console.log(JSON.stringify(rows)); else console.table(rows);
  report.end();
};

main().catch(fault => {
  console.error(fault);
  process.exit(1);
});

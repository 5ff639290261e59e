'use strict';
// Codes read by a camera that plays a video, and from photos: QR, DataMatrix, Code 128; a camera that is refused or absent, a
// photo without a code, a code that is none of a unit.

const path = require('node:path');
const { scene, video, png } = require('./symbols.js');

const GTIN = '09520000001025';

const symbols = code => [
  ['QR link', `https://verify.example/01/${GTIN}/21/${code}`, 'QRCode', {}],
  ['QR number', code, 'QRCode', {}],
  ['GS1 DataMatrix', `(01)${GTIN}(21)${code}`, 'DataMatrix', { options: 'gs1' }],
  ['Code 128', code, 'Code128', {}],
];

const cameraFlags = file => ['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${file}`];

const scan = async world => {
  const first = world.samples.find(sample => sample.verdict === 'genuine_first');
  const codes = first.codes.slice(10);
  const took = [];
  for (const [nth, [name, text, format, options]] of symbols(codes[0]).entries()) {
    const grey = await scene(text.replace(codes[0], codes[nth]), format, options);
    took.push(await byCamera(world, name, grey, codes[nth]));
    await byPhoto(world, name, grey);
  }
  console.log(`camera open → verdict: ${took.join(', ')} ms`);
  await whatIsNone(world);
  await refused(world);
};

// Returns the milliseconds from the press on the button to the answer on the screen.
const byCamera = async (world, name, grey, code) => {
  const { report, site, scratch, shots } = world;
  const file = path.join(scratch, `${name.replaceAll(' ', '-')}.y4m`);
  video(file, grey);
  const page = await world.open(world, { locale: 'en-GB', permissions: ['camera'] }, cameraFlags(file));
  await page.goto(site);
  const begun = Date.now();
  await page.click('#camera');
  try {
    await page.waitForURL(/\/answer\//, { timeout: 10_000 });
    await page.locator('.word').waitFor();
  } catch {
    report.fault(`${name} by camera: ${await page.locator('#said').innerText()}`);
    if (shots) await page.screenshot({ path: path.join(shots, 'camera-fault.png') });
    return NaN;
  }
  const took = Date.now() - begun;
  const word = await page.locator('.word').innerText();
  report.hold(word.includes('Valid number'), `${name} by camera (${code.length} digits): ${word}`);
  report.hold(took <= 2_000, `${name} by camera took ${took} ms`);
  await page.context().close();
  return took;
};

const byPhoto = async (world, name, grey) => {
  const { report, site, scratch } = world;
  const file = path.join(scratch, 'photo.png');
  png(file, grey);
  const page = await world.open(world, { locale: 'en-GB' });
  await page.goto(site);
  await page.setInputFiles('#photo', file);
  await page.waitForURL(/\/answer\//);
  const word = await page.locator('.word').innerText();
  report.hold(word.includes('Valid'), `${name} from a photo: ${word}`);
  await page.context().close();
};

const whatIsNone = async world => {
  const { report, site, scratch } = world;
  const page = await world.open(world, { locale: 'en-GB' });
  await page.goto(site);
  for (const [name, text, said] of [['empty', null, 'No code was found'], ['other', 'https://shop.example/sale', 'holds no number']]) {
    const file = path.join(scratch, `${name}.png`);
    png(file, await scene(text, 'QRCode'));
    await page.setInputFiles('#photo', file);
    await page.locator('#said', { hasText: said }).waitFor();
    report.hold(page.url() === `${site}/`, `a photo of ${name} asks`);
  }
  const broken = { name: 'photo.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('no picture') };
  await page.setInputFiles('#photo', broken);
  await page.locator('#said', { hasText: 'No code was found' }).waitFor();
  await page.fill('#code', world.samples.find(sample => sample.verdict === 'recalled').codes[3]);
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/answer\//);
  report.held += 1;
  await page.context().close();
};

// The permission is refused; there is no camera; the browser has no way to ask for one (WeChat on old Androids, http).
const refused = async world => {
  const { report, site, shots } = world;
  for (const [name, more, script] of [
    ['refused', ['--use-fake-device-for-media-stream', '--deny-permission-prompts'], null],
    ['absent', ['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream=device-count=0'], null],
  ]) {
    const page = await world.open(world, { locale: 'en-GB' }, more);
    if (script) await page.addInitScript(script);
    await page.goto(site);
    await page.click('#camera');
    await page.locator('#said', { hasText: 'cannot be used here' }).waitFor();
    report.hold(await page.locator('#choose').isVisible() && await page.locator('#code').isVisible(), `${name}: no way on`);
    if (shots) await page.screenshot({ path: path.join(shots, `camera-${name}.png`), fullPage: true });
    await page.context().close();
  }
  const page = await world.open(world, { locale: 'en-GB' });
  await page.addInitScript(() => Object.defineProperty(navigator, 'mediaDevices', { value: undefined }));
  await page.goto(site);
  report.hold(!(await page.locator('#camera').isVisible()), 'a camera button where no camera can be asked for');
  report.hold(await page.locator('#choose').isVisible(), 'without a camera there are no photos');
  await page.context().close();
};

module.exports = scan;
module.exports.byCamera = byCamera;
module.exports.symbols = symbols;

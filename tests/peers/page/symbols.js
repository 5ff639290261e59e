'use strict';
// Symbols as a camera sees them: drawn by zxing's writer, set into a grey scene, kept as PNG or as the video that Chromium
// plays in place of a camera. Reads nothing.

const fs = require('node:fs');
const zlib = require('node:zlib');
const { writeBarcode, prepareZXingModule } = require('zxing-wasm/writer');

const WIDTH = 1280;
const HEIGHT = 720;

let ready = null;
const load = () => ready ??= prepareZXingModule({
  overrides: { wasmBinary: fs.readFileSync(require.resolve('zxing-wasm/writer/zxing_writer.wasm')).buffer },
  fireImmediately: true,
});

// The symbol as rows of grey pixels in a scene of its size; `null` is a scene without one.
const scene = async (text, format, options = {}) => {
  const grey = Buffer.alloc(WIDTH * HEIGHT, 150);
  if (text === null) return grey;
  await load();
  const written = await writeBarcode(text, { format, scale: 1, ...options });
  if (written.error) throw new Error(`${format}: ${written.error}`);
  const { data, width, height } = written.symbol;
  const tall = height === 1 ? 90 : height;
  const scale = Math.max(1, Math.floor(Math.min(WIDTH * 0.7 / width, HEIGHT * 0.6 / tall)));
  const quiet = 8 * scale;
  const left = Math.floor((WIDTH - width * scale) / 2);
  const top = Math.floor((HEIGHT - tall * (height === 1 ? 1 : scale)) / 2);
  const bottom = top + tall * (height === 1 ? 1 : scale);
  for (let y = Math.max(0, top - quiet); y < Math.min(HEIGHT, bottom + quiet); y += 1) {
    for (let x = Math.max(0, left - quiet); x < Math.min(WIDTH, left + width * scale + quiet); x += 1) {
      const column = Math.floor((x - left) / scale);
      const row = height === 1 ? 0 : Math.floor((y - top) / scale);
      const inside = column >= 0 && column < width && y >= top && y < bottom;
      const dark = inside && data[row * width + column] === 0;
      grey[y * WIDTH + x] = dark ? 30 : 225;
    }
  }
  return grey;
};

// A video of a few equal frames; Chromium plays it over and over.
const video = (file, grey) => {
  const chroma = Buffer.alloc(WIDTH * HEIGHT / 2, 128);
  const frame = Buffer.concat([Buffer.from('FRAME\n'), grey, chroma]);
  const head = Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F30:1 Ip A1:1 C420jpeg\n`);
  fs.writeFileSync(file, Buffer.concat([head, frame, frame]));
};

const checksum = bytes => {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  }
  return (sum ^ 0xffffffff) >>> 0;
};

const chunk = (name, body) => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  const named = Buffer.concat([Buffer.from(name), body]);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(checksum(named));
  return Buffer.concat([length, named, sum]);
};

const png = (file, grey) => {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(WIDTH, 0);
  head.writeUInt32BE(HEIGHT, 4);
  head[8] = 8;
  const rows = [];
  for (let y = 0; y < HEIGHT; y += 1) rows.push(Buffer.from([0]), grey.subarray(y * WIDTH, (y + 1) * WIDTH));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const body = zlib.deflateSync(Buffer.concat(rows), { level: 1 });
  fs.writeFileSync(file, Buffer.concat([signature, chunk('IHDR', head), chunk('IDAT', body), chunk('IEND', Buffer.alloc(0))]));
};

module.exports = { scene, video, png };

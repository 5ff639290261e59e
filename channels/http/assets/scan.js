// Reads the code on the pack by camera or from a photo, and sends the form as a hand would. The page works without it.
// The reader (zxing, 0.4 MB) is loaded when somebody asks for it; pictures never leave the browser.
'use strict';
(() => {
  const at = id => document.getElementById(id);
  const scan = at('scan'), view = at('view'), form = at('ask');
  if (!scan || !form || typeof WebAssembly !== 'object' || !window.createImageBitmap) return;

  const say = what => { at('said').textContent = what ? scan.dataset[what] : ''; };
  // A till's scanner sends the AIM identifier in front; so do we, for then the number is read as scanned.
  const LOOKS_LIKE_A_UNIT = /(?:\d[ -]?){12}/;
  const WANTED = { formats: ['QRCode', 'DataMatrix', 'Code128'], textMode: 'Plain', maxNumberOfSymbols: 4, tryHarder: true };

  let reader = null;
  const load = () => reader ??= new Promise((good, bad) => {
    const script = document.createElement('script');
    script.src = '/scan/zxing-reader-3.1.4.js';
    script.onerror = bad;
    script.onload = () => good(window.ZXingWASM.prepareZXingModule({
      overrides: { locateFile: () => '/scan/zxing-reader-3.1.4.wasm' },
      fireImmediately: true,
    }));
    document.head.append(script);
  }).catch(fault => { reader = null; throw fault; });

  // The codes in a picture: the first that can be a unit's, or whether there was any.
  const read = async picture => {
    const found = await window.ZXingWASM.readBarcodes(picture, WANTED);
    const units = found.filter(code => code.isValid && LOOKS_LIKE_A_UNIT.test(code.text));
    const unit = units.find(code => code.contentType === 'GS1') || units[0];
    return { any: found.length > 0, code: unit && unit.symbologyIdentifier + unit.text.replaceAll('\x1d', '{GS}') };
  };

  const submit = code => {
    say('read');
    at('code').value = code;
    // Safari before 16 has no requestSubmit.
    if (form.requestSubmit) form.requestSubmit(); else form.submit();
  };

  const canvas = document.createElement('canvas');
  const pixels = (source, width, height, longest) => {
    const scale = Math.min(1, longest / Math.max(width, height));
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    const pen = canvas.getContext('2d', { willReadFrequently: true });
    pen.drawImage(source, 0, 0, canvas.width, canvas.height);
    return pen.getImageData(0, 0, canvas.width, canvas.height);
  };

  let stream = null;
  const close = () => {
    for (const track of stream ? stream.getTracks() : []) track.stop();
    stream = null;
    view.srcObject = null;
    view.hidden = at('stop').hidden = true;
    at('camera').hidden = !mayAsk;
  };

  const look = async () => {
    while (stream) {
      if (view.readyState >= 2 && view.videoWidth) {
        const { any, code } = await read(pixels(view, view.videoWidth, view.videoHeight, 1280));
        if (!stream) return;
        if (code) { close(); submit(code); return; }
        if (any) say('other');
      }
      await new Promise(next => setTimeout(next, 60));
    }
  };

  const open = async () => {
    at('camera').hidden = true;
    say('loading');
    const ready = load();
    ready.catch(() => {});
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: 'environment', width: { ideal: 1280 }, height: { ideal: 720 } },
      });
      view.srcObject = stream;
      view.hidden = at('stop').hidden = false;
      await view.play();
    } catch {
      close();
      say('refused');
      at('choose').focus();
      return;
    }
    try {
      await ready;
    } catch {
      close();
      say('failed');
      at('code').focus();
      return;
    }
    say('aim');
    look().catch(() => { close(); say('failed'); });
  };

  const photo = async file => {
    say('loading');
    try {
      await load();
    } catch {
      say('failed');
      at('code').focus();
      return;
    }
    try {
      const picture = await createImageBitmap(file);
      let any = false;
      // Small symbols need all the pixels there are; large and noisy ones are read better with fewer.
      for (const longest of [1600, 4000, 800]) {
        const found = await read(pixels(picture, picture.width, picture.height, longest));
        if (found.code) { submit(found.code); return; }
        any ||= found.any;
      }
      say(any ? 'other' : 'nothing');
    } catch {
      say('nothing');
    }
  };

  const mayAsk = Boolean(navigator.mediaDevices && navigator.mediaDevices.getUserMedia);
  at('camera').hidden = !mayAsk;
  at('camera').addEventListener('click', open);
  at('stop').addEventListener('click', () => { close(); say(''); });
  at('choose').addEventListener('click', () => at('photo').click());
  at('photo').addEventListener('change', event => {
    const [file] = event.target.files;
    event.target.value = '';
    if (file) { close(); photo(file); }
  });
  // Coming back by the back button: the camera is closed and the field is empty.
  window.addEventListener('pagehide', close);
  window.addEventListener('pageshow', () => say(''));
  scan.hidden = false;
})();

// The camera: what it sees is read a few times a second, by the browser where it can, else by a library that is fetched
// when the camera is first switched on.
(() => {
  "use strict";
  const door = (self.door ??= {});
  const PAUSE = 120, SIDE = 640;

  const reader = async (library) => {
    if ("BarcodeDetector" in self && (await BarcodeDetector.getSupportedFormats()).includes("qr_code")) {
      const detector = new BarcodeDetector({ formats: ["qr_code"] });
      return async (video) => (await detector.detect(video))[0]?.rawValue;
    }
    const { decodeQR } = await import(library);
    const canvas = document.createElement("canvas"), context = canvas.getContext("2d", { willReadFrequently: true });
    return async (video) => {
      // A QR fills a good part of what is held before a camera: the middle square, no larger than needed.
      const side = Math.min(video.videoWidth, video.videoHeight);
      canvas.width = canvas.height = Math.min(side, SIDE);
      context.drawImage(video, (video.videoWidth - side) / 2, (video.videoHeight - side) / 2, side, side, 0, 0, canvas.width, canvas.height);
      const image = context.getImageData(0, 0, canvas.width, canvas.height);
      try {
        return decodeQR(image);
      } catch {
        return undefined; // no QR in this picture
      }
    };
  };

  // Shows the camera in `video` and calls `seen` with what it reads; returns what switches it off.
  const start = async (video, library, seen) => {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: "environment", width: { ideal: 1280 } } });
    video.srcObject = stream;
    await video.play();
    let isOn = true;
    const stop = () => {
      isOn = false;
      for (const track of stream.getTracks()) track.stop();
      video.srcObject = null;
    };
    try {
      const read = await reader(library);
      (async () => {
        while (isOn) {
          const text = video.readyState >= 2 && !document.hidden ? await read(video).catch(() => undefined) : undefined;
          if (text && isOn) await seen(text);
          await new Promise((next) => setTimeout(next, PAUSE));
        }
      })();
    } catch (error) {
      stop();
      throw error;
    }
    return stop;
  };

  door.camera = { start };
})();

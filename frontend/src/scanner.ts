// Reads QR codes from the camera. Loaded when somebody scans, and not before.

import jsQR from "jsqr";

const EVERY = 120; // milliseconds between looks
const LARGEST = 800; // pixels across: enough for a code that fills a third of the picture

export interface Scanning {
  stop(): void;
}

/** Film with the back camera into `video`, and tell every text that a QR code holds. */
export async function scan(video: HTMLVideoElement, found: (text: string) => void): Promise<Scanning> {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: false,
    video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } },
  });
  video.srcObject = stream;
  await video.play();
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const timer = setInterval(() => {
    if (context === null || video.videoWidth === 0) return;
    const scale = Math.min(1, LARGEST / video.videoWidth);
    canvas.width = Math.round(video.videoWidth * scale);
    canvas.height = Math.round(video.videoHeight * scale);
    context.drawImage(video, 0, 0, canvas.width, canvas.height);
    const picture = context.getImageData(0, 0, canvas.width, canvas.height);
    const code = jsQR(picture.data, picture.width, picture.height);
    if (code !== null && code.data !== "") found(code.data);
  }, EVERY);
  return {
    stop() {
      clearInterval(timer);
      for (const track of stream.getTracks()) track.stop();
      video.srcObject = null;
    },
  };
}

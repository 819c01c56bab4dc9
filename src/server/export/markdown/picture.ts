/** The kinds of picture that Word shows everywhere. */
export type PictureType = "png" | "jpg" | "gif" | "bmp";

export interface Picture {
  type: PictureType;
  data: Uint8Array;
  /** pixels */
  width: number;
  height: number;
}

/** What the bytes of a file are, by what they say themselves; undefined for anything but a sound picture. */
export function readPicture(data: Uint8Array): Picture | undefined {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  try {
    const found = readPng(view) ?? readGif(view) ?? readBmp(view) ?? readJpeg(view);
    return found && found.width > 0 && found.height > 0 ? { ...found, data } : undefined;
  } catch (error) {
    // Shorter than its own header says.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

type Header = Omit<Picture, "data">;

function readPng(view: DataView): Header | undefined {
  if (view.getUint32(0) !== 0x89504e47 || view.getUint32(4) !== 0x0d0a1a0a) return undefined;
  return { type: "png", width: view.getUint32(16), height: view.getUint32(20) };
}

function readGif(view: DataView): Header | undefined {
  if (view.getUint32(0) !== 0x47494638) return undefined;
  return { type: "gif", width: view.getUint16(6, true), height: view.getUint16(8, true) };
}

function readBmp(view: DataView): Header | undefined {
  if (view.getUint16(0) !== 0x424d) return undefined;
  // A height below zero means that the rows come from the top.
  return { type: "bmp", width: view.getInt32(18, true), height: Math.abs(view.getInt32(22, true)) };
}

/** Walks the segments to the frame header, which holds the size; turned pictures (Exif) are not turned back. */
function readJpeg(view: DataView): Header | undefined {
  if (view.getUint16(0) !== 0xffd8) return undefined;
  for (let offset = 2; ; ) {
    if (view.getUint8(offset) !== 0xff) return undefined;
    const marker = view.getUint8(offset + 1);
    if (marker === 0xff) {
      offset += 1;
      continue;
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) {
      return { type: "jpg", height: view.getUint16(offset + 5), width: view.getUint16(offset + 7) };
    }
    const length = view.getUint16(offset + 2);
    if (length < 2 || marker === 0xda) return undefined;
    offset += 2 + length;
  }
}

const maxHeight = 620;

/** The size on the page in pixels: at most as wide as `twips`, never taller than most of a page, never enlarged. */
export function fitPicture({ width, height }: Header, twips: number): { width: number; height: number } {
  const scale = Math.min(1, twips / 15 / width, maxHeight / height);
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** The workspace path that an image's address means; undefined for addresses elsewhere and in the page. */
export function workspacePath(address: string): string | undefined {
  if (/^(?:[a-z][a-z0-9+.-]*:|\/\/|#)/i.test(address)) return undefined;
  const path = address.replace(/[?#].*$/s, "");
  try {
    return decodeURIComponent(path) || undefined;
  } catch {
    return path || undefined;
  }
}

/** The kinds of picture that models are shown. */
export type ImageType = "image/png" | "image/jpeg" | "image/gif" | "image/webp";

export interface ImageDescription {
  mediaType: ImageType;
  /** pixels; 0 where the file does not tell */
  width: number;
  height: number;
  /** Why providers would refuse it, as a sentence; undefined where they take it. */
  refusal: string | undefined;
}

/** What all providers take: 5 MB once encoded as base64, 8,000 pixels a side. */
const maxImageBytes = Math.floor((5 * 10 ** 6 * 3) / 4);
const maxSide = 8_000;

/** What picture the bytes are, by what they say themselves; undefined for anything that models are not shown. */
export function describeImage(bytes: Uint8Array): ImageDescription | undefined {
  const found = readHeader(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  return found && { ...found, refusal: findRefusal(found, bytes.length) };
}

type Header = Omit<ImageDescription, "refusal">;

function findRefusal({ width, height }: Header, bytes: number): string | undefined {
  if (width === 0 || height === 0) return "The picture is damaged: it has no size.";
  if (bytes > maxImageBytes) return "The picture is larger than the 3.7 MB that models take.";
  if (Math.max(width, height) > maxSide)
    return "The picture has more than the 8,000 pixels a side that models take.";
  return undefined;
}

function readHeader(view: DataView): Header | undefined {
  for (const read of [readPng, readGif, readWebp, readJpeg]) {
    const found = read(view);
    if (found) return found;
  }
  return undefined;
}

function startsWith(view: DataView, text: string, offset = 0): boolean {
  if (view.byteLength < offset + text.length) return false;
  return [...text].every((character, index) => view.getUint8(offset + index) === character.charCodeAt(0));
}

function readPng(view: DataView): Header | undefined {
  if (!startsWith(view, "\x89PNG\r\n\x1a\n")) return undefined;
  return sized("image/png", () => [view.getUint32(16), view.getUint32(20)]);
}

function readGif(view: DataView): Header | undefined {
  if (!startsWith(view, "GIF87a") && !startsWith(view, "GIF89a")) return undefined;
  return sized("image/gif", () => [view.getUint16(6, true), view.getUint16(8, true)]);
}

function readWebp(view: DataView): Header | undefined {
  if (!startsWith(view, "RIFF") || !startsWith(view, "WEBP", 8)) return undefined;
  return sized("image/webp", () => {
    if (startsWith(view, "VP8X", 12)) return [readUint24(view, 24) + 1, readUint24(view, 27) + 1];
    if (startsWith(view, "VP8L", 12)) {
      const bits = view.getUint32(21, true);
      return [(bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1];
    }
    return [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff];
  });
}

function readUint24(view: DataView, offset: number): number {
  return view.getUint16(offset, true) + view.getUint8(offset + 2) * 0x10000;
}

/** Walks the segments to the frame header, which holds the size. */
function readJpeg(view: DataView): Header | undefined {
  if (!startsWith(view, "\xff\xd8\xff")) return undefined;
  return sized("image/jpeg", () => {
    for (let offset = 2; view.getUint8(offset) === 0xff; ) {
      const marker = view.getUint8(offset + 1);
      if (marker === 0xff) {
        offset += 1;
        continue;
      }
      const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
      if (isFrame) return [view.getUint16(offset + 7), view.getUint16(offset + 5)];
      const length = view.getUint16(offset + 2);
      if (length < 2 || marker === 0xda) break;
      offset += 2 + length;
    }
    return [0, 0];
  });
}

/** A file that is shorter than its own header says has no size. */
function sized(mediaType: ImageType, read: () => [width: number, height: number]): Header {
  try {
    const [width, height] = read();
    return { mediaType, width, height };
  } catch (error) {
    if (error instanceof RangeError) return { mediaType, width: 0, height: 0 };
    throw error;
  }
}

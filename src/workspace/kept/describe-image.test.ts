import { expect, test } from "vitest";
import { describeImage } from "./describe-image.ts";

function bytes(...parts: (string | number[])[]): Buffer {
  return Buffer.concat(
    parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : Buffer.from(part))),
  );
}

const png = (width: number, height: number) =>
  bytes(
    "\x89PNG\r\n\x1a\n",
    [0, 0, 0, 13],
    "IHDR",
    [0, 0, width >> 8, width & 255, 0, 0, height >> 8, height & 255],
    [8, 6, 0, 0, 0],
  );

test("a picture tells its kind and its size", () => {
  const jpeg = bytes("\xff\xd8\xff", [0xe0, 0, 4, 0, 0], [0xff, 0xc0, 0, 11, 8, 0, 30, 0, 40, 3, 0, 0, 0]);
  expect(describeImage(png(640, 480))).toEqual({
    mediaType: "image/png",
    width: 640,
    height: 480,
    refusal: undefined,
  });
  expect(describeImage(jpeg)).toMatchObject({ mediaType: "image/jpeg", width: 40, height: 30 });
  expect(describeImage(bytes("GIF89a", [3, 0, 2, 0]))).toMatchObject({
    mediaType: "image/gif",
    width: 3,
    height: 2,
  });
  const webp = (kind: string, rest: number[]) =>
    describeImage(bytes("RIFF", [9, 9, 9, 9], "WEBP", kind, [9, 9, 9, 9], rest));
  expect(webp("VP8X", [0, 0, 0, 0, 99, 0, 0, 49, 1, 0])).toMatchObject({
    mediaType: "image/webp",
    width: 100,
    height: 306,
  });
  expect(webp("VP8L", [0x2f, 0x09, 0x40, 0x01, 0])).toMatchObject({ width: 10, height: 6 });
  expect(webp("VP8 ", [0, 0, 0, 0x9d, 1, 0x2a, 20, 0, 10, 0])).toMatchObject({ width: 20, height: 10 });
});

test("what providers would refuse says why", () => {
  expect(describeImage(png(9_000, 10))?.refusal).toMatch(/8,000 pixels/);
  expect(describeImage(Buffer.concat([png(10, 10), Buffer.alloc(4_000_000)]))?.refusal).toMatch(/3.7 MB/);
  expect(describeImage(bytes("\xff\xd8\xff\xd9"))?.refusal).toMatch(/damaged/);
  expect(describeImage(bytes("GIF89a"))?.refusal).toMatch(/damaged/);
});

test("what is no picture that models are shown is none", () => {
  for (const other of ["", "%PDF-1.7", "BM", "RIFF\0\0\0\0WAVE", "中文"]) {
    expect(describeImage(Buffer.from(other))).toBeUndefined();
  }
});

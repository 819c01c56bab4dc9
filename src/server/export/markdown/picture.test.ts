import fc from "fast-check";
import { expect, test } from "vitest";
import { fitPicture, readPicture, workspacePath } from "./picture.ts";

const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));

test("pictures say their kind and size themselves", () => {
  const png = hex("89504e470d0a1a0a 0000000d 49484452 00000280 000001e0 08060000");
  expect(readPicture(png)).toMatchObject({ type: "png", width: 640, height: 480 });
  expect(readPicture(hex("474946383961 8002 e001 00"))).toMatchObject({
    type: "gif",
    width: 640,
    height: 480,
  });
  const bmp = hex(`424d ${"00".repeat(16)} 80020000 20feffff`);
  expect(readPicture(bmp)).toMatchObject({ type: "bmp", width: 640, height: 480 });
  const jpeg = hex("ffd8 ffe0 0004 0000 ff ffc2 0011 08 01e0 0280 03");
  expect(readPicture(jpeg)).toMatchObject({ type: "jpg", width: 640, height: 480 });
});

test("whatever else the bytes are, they are no picture", () => {
  expect(readPicture(new TextEncoder().encode("<svg xmlns='http://www.w3.org/2000/svg'/>"))).toBeUndefined();
  expect(readPicture(hex("89504e470d0a1a0a 0000000d 49484452 00000000 000001e0"))).toBeUndefined();
  const starts = ["", "89504e470d0a1a0a", "474946", "424d", "ffd8ff", "ffd8ffe00002"].map(hex);
  fc.assert(
    fc.property(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 60 }), (start, rest) => {
      const picture = readPicture(new Uint8Array([...start, ...rest]));
      if (picture) expect(picture.width * picture.height).toBeGreaterThan(0);
    }),
  );
});

test("a picture fits its place and keeps its shape", () => {
  const size = { type: "png" as const, width: 2000, height: 1000 };
  expect(fitPicture(size, 9000)).toEqual({ width: 600, height: 300 });
  expect(fitPicture({ ...size, width: 100, height: 50 }, 9000)).toEqual({ width: 100, height: 50 });
  expect(fitPicture({ ...size, width: 1, height: 100_000 }, 9000)).toEqual({ width: 1, height: 620 });
});

test("only relative addresses mean files of the workspace", () => {
  expect(workspacePath("图表/a%20b.png?x=1#y")).toBe("图表/a b.png");
  expect(workspacePath("./100%.png")).toBe("./100%.png");
  for (const address of [
    "https://e.cn/a.png",
    "//e.cn/a.png",
    "data:image/png;base64,AA",
    "file:///etc/passwd",
    "#a",
    "",
  ]) {
    expect(workspacePath(address)).toBeUndefined();
  }
});

import { expect, test } from "vitest";
import { previewKind } from "./preview-kind.ts";

test("a file is shown by the ending of its name, whatever its case", () => {
  expect(["图.PNG", "汇总.csv", "页.html", "合同.pdf", "a.b.mp3", "片.mp4"].map(previewKind)).toEqual([
    "picture",
    "text",
    "page",
    "pdf",
    "sound",
    "film",
  ]);
});

test("what no browser shows is only downloaded", () => {
  for (const name of ["合同.docx", "x.swf", "png", "a.", "", "x.__proto__", "x.constructor"])
    expect(previewKind(name)).toBe("none");
});

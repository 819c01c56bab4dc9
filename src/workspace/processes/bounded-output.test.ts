import { expect, test } from "vitest";
import { createBoundedOutput } from "./bounded-output.ts";

function collect(maxBytes: number, chunks: Buffer[]): { output: string; droppedBytes: number } {
  const output = createBoundedOutput(maxBytes);
  for (const chunk of chunks) output.add(chunk);
  return output.finish();
}

test("output within the limit is kept whole, however it is cut into chunks", () => {
  const bytes = Buffer.from("第一行\n第二行\n");
  const single = Array.from(bytes, (byte) => Buffer.from([byte]));
  expect(collect(bytes.length, [bytes])).toEqual({ output: "第一行\n第二行\n", droppedBytes: 0 });
  expect(collect(bytes.length, single)).toEqual({ output: "第一行\n第二行\n", droppedBytes: 0 });
});

test("of longer output the head and the tail are kept, whole characters only, and the rest is counted", () => {
  for (let maxBytes = 0; maxBytes < 40; maxBytes++) {
    for (const text of ["汉字".repeat(50), "é".repeat(100), "😀".repeat(60), "abc".repeat(70)]) {
      const { output, droppedBytes } = collect(maxBytes, [Buffer.from(text)]);
      const [head = "", tail = ""] = output.split(/\n\[\.\.\. \d+ bytes left out \.\.\.\]\n/);
      expect(output).not.toContain("\uFFFD");
      expect(text.startsWith(head) && text.endsWith(tail)).toBe(true);
      expect(Buffer.byteLength(head + tail)).toBeLessThanOrEqual(maxBytes);
      expect(Buffer.byteLength(head + tail) + droppedBytes).toBe(Buffer.byteLength(text));
      expect(output).toContain(`[... ${droppedBytes} bytes left out ...]`);
    }
  }
});

test("a flood leaves its first and last bytes", () => {
  const chunks = Array.from({ length: 500 }, (_, index) => Buffer.alloc(10_000, String(index % 10)));
  const { output, droppedBytes } = collect(100, [Buffer.from("开始"), ...chunks, Buffer.from("结束")]);
  expect(output).toMatch(/^开始0+\n\[\.\.\. \d+ bytes left out \.\.\.\]\n9+结束$/);
  expect(droppedBytes).toBe(500 * 10_000 + 12 - 100);
});

test("bytes that are no UTF-8 become replacement characters", () => {
  expect(collect(100, [Buffer.from([0x61, 0xff, 0xfe, 0x62])]).output).toBe("a\uFFFD\uFFFDb");
});

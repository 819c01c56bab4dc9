import { expect, test } from "vitest";
import { showHidden } from "./show-hidden.ts";

test("what hides or turns text around is spelt out", () => {
  expect(showHidden("发票\u202efdp.exe")).toBe("发票⟨202E⟩fdp.exe");
  expect(showHidden("rm -rf x\r\u001b[2Kls\u200b")).toBe("rm -rf x⟨000D⟩⟨001B⟩[2Kls⟨200B⟩");
  expect(showHidden("坏\uef80名")).toBe("坏\ufffd名");
});

test("what people write stays as it is", () => {
  const text = "第一行\n\t第二行 👨\u200d👩 é ﷽ “引号”";
  expect(showHidden(text)).toBe(text);
});

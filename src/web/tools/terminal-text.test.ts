import { expect, test } from "vitest";
import { terminalText } from "./terminal-text.ts";

test("colours and other sequences of a terminal are not shown", () => {
  expect(terminalText("\u001b[1;31m错误\u001b[0m：\u001b]0;title\u0007没有文件")).toBe("错误：没有文件");
});

test("a progress bar leaves its last state", () => {
  expect(terminalText("10%\r 50%\r100%\n完成\r\n")).toBe("100%\n完成\n");
});

test("a shorter line written over a longer one keeps the rest, as a terminal does", () => {
  expect(terminalText("正在下载\r完成")).toBe("完成下载");
});

test("a backspace takes one character back", () => {
  expect(terminalText("ab\bc")).toBe("ac");
});

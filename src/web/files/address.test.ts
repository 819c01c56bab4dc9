import { expect, test } from "vitest";
import { readAddress } from "./address.ts";

test("an address without a scheme is a file of the task", () => {
  expect(readAddress("汇总.xlsx", "合同")).toEqual({ kind: "file", path: "合同/汇总.xlsx" });
  expect(readAddress("./附件/%E5%9B%BE.png?x=1", "合同")).toEqual({ kind: "file", path: "合同/附件/图.png" });
});

test("an address never leaves the task's directory upwards", () => {
  for (const written of ["../别人/机密.docx", "附件/../../机密.docx", "%2e%2e/机密.docx"]) {
    expect(readAddress(written, "合同")).toEqual({ kind: "none" });
  }
});

test("only http, https and mail lead out", () => {
  expect(readAddress("https://example.com/", "")).toEqual({ kind: "web", href: "https://example.com/" });
  expect(readAddress("mailto:li@example.com", "").kind).toBe("web");
  for (const written of [
    "javascript:alert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "//evil.example",
    "#",
    "",
  ]) {
    expect(readAddress(written, "")).toEqual({ kind: "none" });
  }
});

import { expect, test } from "vitest";
import { asksFirst } from "./leaving.ts";

test("a site is asked about once", () => {
  expect(asksFirst("https://docs.example.com/页", "说明", [])).toBe(true);
  expect(asksFirst("https://docs.example.com/其他?页=2", "说明", ["docs.example.com"])).toBe(false);
  expect(asksFirst("https://example.com/", "说明", ["docs.example.com"])).toBe(true);
  expect(asksFirst("https://example.com:8443/", "说明", ["example.com"])).toBe(true);
});

test("a link that says another site than it leads to is asked about each time", () => {
  const opened = ["elsewhere.invalid"];
  for (const shown of ["https://bank.example/登录", "bank.example", "www.bank.example/a?b"])
    expect([shown, asksFirst("https://elsewhere.invalid/", shown, opened)]).toEqual([shown, true]);
  for (const shown of ["elsewhere.invalid", "https://elsewhere.invalid/别的", "报告.docx 的说明", "点这里"])
    expect([shown, asksFirst("https://elsewhere.invalid/x", shown, opened)]).toEqual([shown, false]);
});

test("names that only look alike are other sites", () => {
  expect(asksFirst("https://аpple.com/", "点", ["apple.com"])).toBe(true);
  expect(asksFirst("https://xn--pple-43d.com/", "apple.com", ["xn--pple-43d.com"])).toBe(true);
});

test("an address that carries much, or a name and a password, is asked about each time", () => {
  const opened = ["known.example"];
  expect(asksFirst(`https://known.example/?data=${"x".repeat(200)}`, "点", opened)).toBe(true);
  expect(asksFirst(`https://known.example/#${"x".repeat(200)}`, "点", opened)).toBe(true);
  expect(asksFirst("https://bank.example@known.example/", "点", opened)).toBe(true);
});

test("mail is the mail program's to show", () => {
  expect(asksFirst("mailto:li@example.com", "写信", [])).toBe(false);
});

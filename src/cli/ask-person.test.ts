import { describe, expect, test } from "vitest";
import type { Request } from "../protocol/request.ts";
import { readAnswer } from "./ask-person.ts";

const question: Request = {
  request_id: "r",
  call_id: "c",
  kind: "question",
  question: "哪些报告？",
  choices: [{ label: "一季度" }, { label: "二季度" }, { label: "三季度" }],
  multiple: true,
  deadline: null,
};
const approval: Request = { request_id: "r", call_id: "c", kind: "approval", tool: "bash", deadline: null };

describe("a line typed at a terminal", () => {
  test("chooses by number, or answers in words", () => {
    expect(readAnswer("2\n", question)).toEqual({ answers: ["二季度"] });
    expect(readAnswer("1, 3", question)).toEqual({ answers: ["一季度", "三季度"] });
    expect(readAnswer("3，1、3", question)).toEqual({ answers: ["三季度", "一季度"] });
    expect(readAnswer(" 都不要 ", question)).toEqual({ answers: ["都不要"] });
    expect(readAnswer("2026", { ...question, choices: undefined })).toEqual({ answers: ["2026"] });
  });

  test("is asked for again where it is empty, chooses what there is not, or too much", () => {
    expect(readAnswer("  ", question)).toBeNull();
    expect(readAnswer("4", question)).toBeNull();
    expect(readAnswer("0 1", question)).toBeNull();
    expect(readAnswer("1 2", { ...question, multiple: false })).toBeNull();
  });

  test("allows or denies, with a word for the model", () => {
    expect(readAnswer("y", approval)).toEqual({ decision: "allow" });
    expect(readAnswer("No 换一个目录", approval)).toEqual({ decision: "deny", note: "换一个目录" });
    expect(readAnswer("也许", approval)).toBeNull();
    expect(readAnswer("yesterday", approval)).toBeNull();
  });

  test("allows for good only where there is a rule to make", () => {
    const ruled: Request = { ...approval, rule: { tool: "bash", argument: "git push*" } };
    expect(readAnswer("t", ruled)).toEqual({ decision: "allow", remember: "task" });
    expect(readAnswer("Always 可以", ruled)).toEqual({ decision: "allow", remember: "user", note: "可以" });
    expect(readAnswer("a", approval)).toBeNull();
  });
});

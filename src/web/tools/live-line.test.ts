import { expect, test } from "vitest";
import { newTurn, startCall } from "../../client/turn.ts";
import { liveLine } from "./live-line.ts";
import { toolLabel } from "./tool-face.ts";

const t = (key: string) => key;

test("a sub-agent's line is the tool in use, else the last line it said", () => {
  const text = { type: "text", step: 1, text: "先看\n三份合同。\n" } as const;
  const call = startCall(1, "c", "read", { path: "合同/甲.md" });
  expect(liveLine(newTurn, t)).toBe("tool.thinking");
  expect(liveLine({ ...newTurn, parts: [text] }, t)).toBe("三份合同。");
  expect(liveLine({ ...newTurn, parts: [text, call] }, t)).toBe("tool.read · 合同/甲.md");
});

test("of a sub-agent's own sub-agent the line says what that one is at", () => {
  const inner = { ...newTurn, parts: [startCall(1, "e", "bash", { command: "ls" })] };
  const call = { ...startCall(1, "d", "delegate", { task: "查" }), inner };
  expect(liveLine({ ...newTurn, parts: [call] }, t)).toBe("tool.delegate · tool.bash · ls");
});

test("a tool of another server is called by the server and its own name", () => {
  expect(toolLabel("mcp__github__create_issue", t)).toBe("github · create_issue");
  expect(toolLabel("mcp__x", t)).toBe("mcp__x");
  expect(toolLabel("constructor", t)).toBe("constructor");
});

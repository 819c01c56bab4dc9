/** One line of a message that the demo can carry out: a tool and its arguments. */
export interface Instruction {
  line: string;
  tool: string;
  arguments: Record<string, string>;
}

type Form = [pattern: RegExp, tool: string, names: string[]];

/** Between a path and a text stands a colon, ASCII or full-width, or an arrow. */
const forms: Form[] = [
  [/^(?:list|ls|列出|列表)(?:\s+(.+))?$/iu, "list", ["path"]],
  [/^(?:read|cat|读取|读)\s*(?<=[\s取读])(.+)$/iu, "read", ["path"]],
  [/^(?:write|写入|写)\s*(?<=[\s入写])([^:：]+?)\s*[:：]\s*(.*)$/iu, "write", ["path", "content"]],
  [
    /^(?:edit|修改)\s*(?<=[\s改])([^:：]+?)\s*[:：]\s*(.+?)\s*(?:=>|→)\s*(.*)$/iu,
    "edit",
    ["path", "old_text", "new_text"],
  ],
  [/^(?:run|运行|执行)\s*(?<=[\s行])(.+)$/iu, "bash", ["command"]],
  [/^(?:search|grep|搜索)\s*(?<=[\s索])(.+)$/iu, "grep", ["pattern"]],
  [/^(?:find|glob|查找)\s*(?<=[\s找])(.+)$/iu, "glob", ["pattern"]],
];

/**
 * The instructions in a message, one a line, in order, and the lines that are none. `\n` in a text to
 * write or put in place stands for a line break.
 */
export function readInstructions(message: string): { instructions: Instruction[]; others: string[] } {
  const instructions: Instruction[] = [];
  const others: string[] = [];
  for (const raw of message.split("\n")) {
    const line = raw.trim().replace(/^(?:[-*]|\d+[.)、])\s+/, "");
    if (line === "") continue;
    const instruction = readLine(line);
    if (instruction) instructions.push(instruction);
    else others.push(line);
  }
  return { instructions, others };
}

function readLine(line: string): Instruction | undefined {
  for (const [pattern, tool, names] of forms) {
    const match = pattern.exec(line);
    if (!match) continue;
    const values = names.map((name, index) => [name, readValue(name, match[index + 1])] as const);
    return { line, tool, arguments: Object.fromEntries(values.filter(([, value]) => value !== undefined)) };
  }
  return undefined;
}

function readValue(name: string, value: string | undefined): string | undefined {
  const text = value?.trim();
  return name === "content" || name.endsWith("_text") ? text?.replaceAll("\\n", "\n") : text;
}

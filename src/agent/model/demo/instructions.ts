/** One line of a message that the demo can carry out: a tool and its arguments. */
export interface Instruction {
  line: string;
  tool: string;
  arguments: Record<string, string>;
}

type Form = [pattern: RegExp, tool: string, names: string[]];

/**
 * The verb stands alone, so that a sentence which happens to begin with it is less likely one. Between a
 * path and a text stands a colon, ASCII or full-width. No two parts can match the same blanks, which are trimmed
 * afterwards: a long line of them would take for ever.
 */
const forms: Form[] = [
  [/^(?:list|列出)(?:\s(.+))?$/isu, "list", ["path"]],
  [/^(?:read|读取)\s(.+)$/isu, "read", ["path"]],
  [/^(?:write|写入)\s([^:：]+)[:：](.*)$/isu, "write", ["path", "content"]],
  [/^(?:edit|修改)\s([^:：]+)[:：](.+?)=>(.*)$/isu, "edit", ["path", "old_text", "new_text"]],
  [/^(?:run|运行)\s(.+)$/isu, "bash", ["command"]],
  [/^(?:search|搜索)\s(.+)$/isu, "grep", ["pattern"]],
  [/^(?:find|查找)\s(.+)$/isu, "glob", ["pattern"]],
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
    const values = names.flatMap((name, index) => {
      const text = match[index + 1]?.trim();
      return text === undefined ? [] : [[name, readValue(name, text)] as const];
    });
    return { line, tool, arguments: Object.fromEntries(values) };
  }
  return undefined;
}

function readValue(name: string, text: string): string {
  return name === "content" || name.endsWith("_text") ? text.replaceAll("\\n", "\n") : text;
}

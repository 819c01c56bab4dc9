/** What the demo says, in the language of the message it answers. */
export interface DemoWords {
  explanation: string;
  step(number: number, count: number, line: string): string;
  summary(results: { line: string; result: string }[]): string;
  notUnderstood(lines: string[]): string;
  unavailable(lines: string[]): string;
}

const english: DemoWords = {
  explanation: `## This is the demo profile

I am **not a language model**. No model key is set, so a small offline stand-in answers. I understand only the lines below, but what they do is real: the tools work on the files of this task.

| Line | What it does |
|---|---|
| \`list\` or \`list <folder>\` | lists files |
| \`read <path>\` | reads a file |
| \`write <path>: <text>\` | writes a file; \`\\n\` is a line break |
| \`edit <path>: <old> => <new>\` | replaces a passage |
| \`search <pattern>\` | searches in all files |
| \`find <pattern>\` | finds files by name, such as \`*.md\` |
| \`run <command>\` | runs a command, where that is allowed |

Several lines are several steps. Try:

\`\`\`
write hello.md: # Hello\\n\\nWritten by the demo.
read hello.md
list
\`\`\`

For real answers, set a key and a model before starting, such as \`DEEPSEEK_API_KEY\` and \`ZCBOT_MODEL=deepseek/<model>\`.`,
  step: (number, count, line) => `Step ${number} of ${count}: ${code(line)}`,
  summary: (results) =>
    `**Done**, by the demo profile, which carries lines out without understanding them.\n\n${showResults(results)}`,
  notUnderstood: (lines) =>
    `I left these lines alone, as the demo understands only its few instructions (send \`help\` to see them): ${showLines(lines)}`,
  unavailable: (lines) => `The tools for these lines are switched off on this server: ${showLines(lines)}`,
};

const chinese: DemoWords = {
  explanation: `## 这是演示配置

我**不是语言模型**。当前没有设置模型密钥，由一个离线的小替身来回答。我只认识下面这些指令，但它们的效果是真实的：工具会操作本任务的文件。

| 指令 | 作用 |
|---|---|
| \`列出\` 或 \`列出 <文件夹>\` | 列出文件 |
| \`读取 <路径>\` | 读取文件 |
| \`写入 <路径>：<文本>\` | 写入文件；\`\\n\` 表示换行 |
| \`修改 <路径>：<旧文本> => <新文本>\` | 替换一段文本 |
| \`搜索 <模式>\` | 在所有文件中搜索 |
| \`查找 <模式>\` | 按名称查找文件，例如 \`*.md\` |
| \`运行 <命令>\` | 运行命令（在允许时） |

多行就是多个步骤。可以试试：

\`\`\`
写入 你好.md：# 你好\\n\\n由演示配置写入。
读取 你好.md
列出
\`\`\`

想要真正的回答，请在启动前设置密钥和模型，例如 \`DEEPSEEK_API_KEY\` 和 \`ZCBOT_MODEL=deepseek/<模型>\`。`,
  step: (number, count, line) => `第 ${number} 步，共 ${count} 步：${code(line)}`,
  summary: (results) => `**完成。**演示配置只是照着指令执行，并不理解其内容。\n\n${showResults(results)}`,
  notUnderstood: (lines) =>
    `以下内容我没有处理，演示配置只认识少数指令（发送“帮助”查看）：${showLines(lines)}`,
  unavailable: (lines) => `以下指令所需的工具在本服务器上已关闭：${showLines(lines)}`,
};

/** The words for a message: Chinese if there is any Chinese in it. */
export function wordsFor(message: string): DemoWords {
  return /\p{Script=Han}/u.test(message) ? chinese : english;
}

const maxShownLines = 6;
const maxShownLength = 400;

function showResults(results: { line: string; result: string }[]): string {
  return results.map(({ line, result }) => `- ${code(line)}\n\n${fence(shorten(result))}`).join("\n\n");
}

function shorten(text: string): string {
  const lines = text.trim().split("\n");
  const shown = lines.slice(0, maxShownLines).join("\n");
  const cut = shown.length > maxShownLength ? shown.slice(0, maxShownLength).toWellFormed() : shown;
  return cut.length < text.trim().length ? `${cut}\n…` : cut;
}

function showLines(lines: string[]): string {
  return lines
    .slice(0, maxShownLines)
    .map((line) => code(line.slice(0, 80).toWellFormed()))
    .join(", ");
}

/** An inline code span that holds any text: fenced by more backticks than it contains. */
function code(text: string): string {
  const ticks = "`".repeat(longestRun(text) + 1);
  const pad = text.startsWith("`") || text.endsWith("`") ? " " : "";
  return ticks + pad + text + pad + ticks;
}

function fence(text: string): string {
  const ticks = "`".repeat(Math.max(3, longestRun(text) + 1));
  return `${ticks}\n${text}\n${ticks}`.replaceAll(/^/gm, "  ");
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
}

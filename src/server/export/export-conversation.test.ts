import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readZip } from "../../../test/support/read-zip.ts";
import { ApiError } from "../../protocol/error.ts";
import type { ChatMessage } from "../../protocol/message.ts";
import type { Directory } from "../../workspace/directory.ts";
import { exportConversation } from "./export-conversation.ts";
import type { Language } from "./words.ts";

// A picture of one pixel.
const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

let folder: string;
const opened: string[] = [];
/** Just what an export uses of a working directory. */
const directory = {
  async open(path: string) {
    opened.push(path);
    if (path.includes("..")) throw new ApiError("invalid_path", "outside");
    const handle = await open(join(folder, path)).catch(() => {
      throw new ApiError("path_not_found", "missing");
    });
    const { size, mtime } = await handle.stat();
    return { handle, path, size, modifiedAt: mtime, version: "" };
  },
} as Directory;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "zcbot-导出-"));
  await writeFile(join(folder, "图表.png"), png);
  await writeFile(join(folder, "假的.png"), "no picture at all");
});
afterAll(() => rm(folder, { recursive: true }));

type Words = { name?: string; description?: string; language?: Language };

async function exportMessages(
  payloads: ChatMessage[],
  { name, description, language }: Words = {},
  attachments: string[] = [],
) {
  const messages = payloads.map((payload, idx) => ({
    idx,
    payload,
    attachments: payload.role === "user" ? attachments : [],
    tokens_in: 0,
    tokens_out: 0,
    created_at: "2026-11-23T01:30:00.000Z",
  }));
  const task = { name: name ?? "季度分析", description: description ?? "", createdAt: new Date(0) };
  const conversation = JSON.stringify({ messages });
  const input = { task, conversation, directory, language: language ?? "zh" };
  const files = readZip(await exportConversation(input, new AbortController().signal));
  const xml = (path: string) => files.get(path)?.toString() ?? "";
  return { files, xml, document: xml("word/document.xml") };
}

const answer = (content: string) =>
  exportMessages([
    { role: "user", content: "问题" },
    { role: "assistant", content },
  ]);

/** The paragraph that holds a text. */
function paragraphWith(document: string, text: string): string {
  const paragraph = document.split("<w:p>").find((each) => each.includes(text));
  if (paragraph === undefined) throw new Error(`no paragraph holds ${text}`);
  return paragraph;
}

/** Every text of the document, in order. */
function textOf(xml: string): string {
  return [...xml.matchAll(/<w:t(?: [^>]*)?>([^<]*)<\/w:t>/g)].map((match) => match[1]).join("");
}

test("headings stand below the document's title and the messages' own", async () => {
  const { document } = await answer("# 一级\n\n## 二级\n\n###### 六级");
  expect(paragraphWith(document, "季度分析")).toContain('w:val="Title"');
  expect(paragraphWith(document, "一级")).toContain('w:val="Heading2"');
  expect(paragraphWith(document, "二级")).toContain('w:val="Heading3"');
  expect(paragraphWith(document, "六级")).toContain('w:val="Heading6"');
  expect(paragraphWith(document, ">助手<")).toContain('w:val="AssistantHeading"');
});

test("every ordered list begins its numbers anew, and nested lists stand deeper", async () => {
  const { document, xml } = await answer("1. 甲\n   - 内\n     1. 深\n2. 乙\n\n文字\n\n1. 丙\n\n又\n\n7. 丁");
  const numberOf = (text: string) => /w:numId w:val="(\d+)"/.exec(paragraphWith(document, text))?.[1];
  expect(numberOf("甲")).toBe(numberOf("乙"));
  expect(new Set(["甲", "丙", "丁", "深", "内"].map(numberOf)).size).toBe(5);
  expect(paragraphWith(document, "内")).toContain('<w:ilvl w:val="1"/>');
  expect(paragraphWith(document, "深")).toContain('<w:ilvl w:val="2"/>');
  expect(xml("word/numbering.xml")).toContain('<w:startOverride w:val="7"/>');
});

test("tasks carry boxes", async () => {
  const { document, xml } = await answer("- [x] 完成\n- [ ] 待办\n\n1. [x] 编号");
  const numbering = xml("word/numbering.xml");
  const mark = (text: string) => {
    const number = /w:numId w:val="(\d+)"/.exec(paragraphWith(document, text))?.[1];
    const list = new RegExp(`w:numId="${number}"[^>]*><w:abstractNumId w:val="(\\d+)"`).exec(numbering)?.[1];
    return new RegExp(`w:abstractNumId="${list}".*?w:lvlText w:val="(.*?)"`).exec(numbering)?.[1];
  };
  expect(mark("完成")).toBe("☑");
  expect(mark("待办")).toBe("☐");
  expect(paragraphWith(document, "编号")).toContain("☑ ");
});

test("a table repeats its header, aligns its columns and fits the page", async () => {
  const long = "很长的内容".repeat(60);
  const { document } = await answer(`| 名 | 数 | 中 | 说明 |\n|:--|--:|:-:|---|\n| a | 1 | b | ${long} |`);
  expect(document).toContain("<w:tblHeader/>");
  expect(paragraphWith(document, ">1<")).toContain('<w:jc w:val="right"/>');
  expect(paragraphWith(document, ">b<")).toContain('<w:jc w:val="center"/>');
  const widths = [...document.matchAll(/<w:gridCol w:w="(\d+)"/g)].map((match) => Number(match[1]));
  expect(widths).toHaveLength(4);
  expect(widths.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(9066);
  expect(Math.min(...widths)).toBeGreaterThan(400);
});

test("a table too wide for Word becomes its text", async () => {
  const row = (text: string) => `|${`${text}|`.repeat(80)}\n`;
  const { document } = await answer(row("列") + row("-") + row("值"));
  expect(document).not.toContain("<w:tbl>");
  expect(document).toContain('w:val="CodeBlock"');
});

test("code keeps its white space and its lines", async () => {
  const { document } = await answer("```python\ndef f():\n\treturn  '汉字'\n```");
  const code = paragraphWith(document, "def f():");
  expect(code).toContain('w:val="CodeBlock"');
  expect(code).toContain("<w:br/>");
  expect(code).toContain(`xml:space="preserve">    return  &apos;汉字&apos;</w:t>`);
});

test("inline marks, breaks and rules are set", async () => {
  const { document } = await answer("**粗** *斜* ~~删~~ `码`  \n下一行\n\n---\n\n> 引用\n>\n> > 深引用");
  const run = (text: string) => document.split("<w:r>").find((each) => each.includes(`>${text}<`)) ?? "";
  expect(run("粗")).toContain("<w:b/>");
  expect(run("斜")).toContain("<w:i/>");
  expect(run("删")).toContain("<w:strike/>");
  expect(run("码")).toContain('w:val="InlineCode"');
  expect(paragraphWith(document, "粗")).toContain("<w:br/>");
  expect(paragraphWith(document, ">引用")).toContain('w:val="Quote"');
  expect(document).not.toContain('w:type="page"');
  const indent = (text: string) => Number(/w:left="(\d+)"/.exec(paragraphWith(document, text))?.[1]);
  expect(indent("深引用")).toBeGreaterThan(indent(">引用"));
});

test("marks beside Chinese punctuation are set, and an address ends before it", async () => {
  const { document, xml } = await answer("**“重点”**是~~“旧”~~新，见 https://example.com/路径。然后");
  const run = (text: string) => document.split("<w:r>").find((each) => each.includes(`>${text}<`)) ?? "";
  expect(run("“重点”")).toContain("<w:b/>");
  expect(run("“旧”")).toContain("<w:strike/>");
  expect(textOf(paragraphWith(document, "重点"))).toBe("“重点”是“旧”新，见 https://example.com/路径。然后");
  expect(xml("word/_rels/document.xml.rels")).toContain('Target="https://example.com/%E8%B7%AF%E5%BE%84"');
});

test("only web and mail addresses become links; others are shown", async () => {
  const { document, xml } = await answer(
    "[网](https://例子.cn/甲) [好](https://e.cn/?a=1&b=<2>) [信](mailto:a@b.cn) [坏](javascript:alert(1)) [文](报告.docx) [参][r]\n\n[r]: http://r.cn",
  );
  const targets = [
    ...xml("word/_rels/document.xml.rels").matchAll(/Target="([^"]*)" TargetMode="External"/g),
  ];
  expect(targets.map((match) => match[1])).toEqual([
    "https://xn--fsqu00a.cn/%E7%94%B2",
    "https://e.cn/?a=1&amp;b=%3C2%3E",
    "mailto:a@b.cn",
    "http://r.cn/",
  ]);
  expect(textOf(document)).toContain("坏 (javascript:alert(1))");
  expect(textOf(document)).toContain("文 (报告.docx)");
});

test("a picture of the workspace is in the document, and every other one is named", async () => {
  opened.length = 0;
  const { document, files } = await answer(
    "![图](%E5%9B%BE%E8%A1%A8.png) ![远](https://e.cn/a.png) ![无](没有.png) ![假](假的.png) ![外](../../别人.png) ![数](data:image/png;base64,AAAA)",
  );
  expect([...files.keys()].filter((name) => name.startsWith("word/media/"))).toHaveLength(1);
  expect(document.match(/<w:drawing>/g)).toHaveLength(1);
  expect(document).toContain('descr="图"');
  const text = textOf(document);
  expect(text).toContain("[图片: 远 (https://e.cn/a.png)]");
  expect(text).toContain("[图片: 无 (没有.png, 未显示)]");
  expect(text).toContain("[图片: 假 (假的.png, 未显示)]");
  expect(text).toContain("[图片: 外 (../../别人.png, 未显示)]");
  expect(opened).toEqual(["图表.png", "没有.png", "假的.png", "../../别人.png"]);
});

test("footnotes are Word's own", async () => {
  const { document, xml } = await answer("数据[^甲]，再次[^甲]。\n\n[^甲]: 来源：**财务部**");
  expect(document.match(/<w:footnoteReference /g)).toHaveLength(1);
  expect(textOf(xml("word/footnotes.xml"))).toContain("来源：财务部");
});

test("raw HTML is shown as text", async () => {
  const { document } = await answer('<div onclick="x">块</div>\n\n行内 <b>粗</b>，换行<br>之后');
  expect(textOf(document)).toContain("&lt;div onclick=&quot;x&quot;&gt;块&lt;/div&gt;");
  expect(textOf(document)).toContain("行内 &lt;b&gt;粗&lt;/b&gt;");
  expect(paragraphWith(document, "之后")).toContain("<w:br/>");
});

test("Chinese has its fonts and hints, and line ends within it leave no gaps", async () => {
  const { document, xml } = await answer("中文“引号”与\n换行\n\nEnglish “quotes” and\nlines");
  const styles = xml("word/styles.xml");
  expect(styles).toMatch(/<w:docDefaults>.*?w:eastAsia="SimSun".*?w:eastAsia="zh-CN"/);
  expect(styles).toMatch(/w:styleId="Heading2".*?w:eastAsia="SimHei"/);
  expect(paragraphWith(document, "中文“引号”与换行")).toContain('w:hint="eastAsia"');
  expect(paragraphWith(document, "English “quotes” and lines")).not.toContain("w:hint");
});

test("calls of tools are a few lines each", async () => {
  const result = Array.from({ length: 50 }, (_, line) => `\x1b[31m第${line}行\x1b[0m`).join("\n");
  const call = (id: string, name: string, args: string) => ({
    id,
    type: "function" as const,
    function: { name, arguments: args },
  });
  const { document } = await exportMessages([
    { role: "user", content: "读" },
    {
      role: "assistant",
      content: null,
      tool_calls: [
        call("1", "read", JSON.stringify({ path: "数据/a.csv", limit: 5 })),
        call("2", "write", `{"text": "${"长".repeat(5000)}"`),
        call("3", "bash", "{}"),
      ],
    },
    { role: "tool", tool_call_id: "1", content: result },
    { role: "tool", tool_call_id: "2", content: "" },
    { role: "assistant", content: "好了" },
  ]);
  const text = textOf(document);
  expect(text).toContain("read  path: 数据/a.csv, limit: 5");
  expect(text).toContain("第0行第1行第2行第3行第4行第5行… 另有 44 行");
  expect(text).not.toContain("长".repeat(200));
  expect(text).toContain("（空）");
  expect(text).toContain("（无结果）");
  expect(document.match(/w:val="AssistantHeading"/g)).toHaveLength(1);
});

test("the document says what it is, in the reader's language", async () => {
  const words: ChatMessage[] = [{ role: "user", content: "hello\nworld" }];
  const { document, xml, files } = await exportMessages(words, {
    name: "报告 <1> & \u0007“二”",
    description: "说明\n第二行",
    language: "en",
  });
  expect(xml("docProps/core.xml")).toContain("<dc:title>报告 &lt;1&gt; &amp; \uFFFD“二”</dc:title>");
  expect(xml("docProps/core.xml")).toContain("<dc:creator>zcbot</dc:creator>");
  expect(textOf(xml("word/header1.xml"))).toContain("报告 &lt;1&gt;");
  expect(xml("word/footer1.xml")).toMatch(/PAGE.* \/ .*NUMPAGES/s);
  expect(document).toContain('<w:pgSz w:w="11906" w:h="16838"');
  expect(textOf(document)).toMatch(/Created \d{4}-\d\d-\d\d \d\d:\d\d {2}·/);
  expect(textOf(document)).toContain("说明第二行You");
  expect(paragraphWith(document, "hello")).toContain("<w:br/>");
  expect([...files.keys()]).toContain("[Content_Types].xml");
});

test("no text whatever breaks the document", async () => {
  const hostile =
    "\u0000\u0001\u001b[0m\uFFFE\uD800 ]]> <w:p/> &amp; &#1; `\u000b` [\u0008](http://x/\u0007) ![\u0002](\u0003.png)";
  const { files } = await exportMessages(
    [
      { role: "user", content: hostile },
      { role: "assistant", content: `${hostile}\n\n${"长".repeat(20_000)}\n\n${"> ".repeat(5000)}x` },
      { role: "tool", tool_call_id: "没有", content: hostile },
    ],
    { name: hostile, description: hostile },
  );
  for (const [name, data] of files) {
    if (!/\.(xml|rels)$/.test(name)) continue;
    const xml = data.toString("utf8");
    expect(xml, name).not.toMatch(/[^\P{Cc}\t\n\r]|[\uFFFE\uFFFF]/u);
    expect(xml, name).not.toContain("\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD");
    expect(xml.replaceAll(/&(amp|lt|gt|quot|apos|#\d+|#x[0-9a-fA-F]+);/g, ""), name).not.toContain("&");
  }
});

test("text from the right reads from the right", async () => {
  const { document } = await answer("مرحبا بالعالم");
  expect(paragraphWith(document, "مرحبا")).toContain("<w:bidi/>");
  expect(paragraphWith(document, "مرحبا")).toContain("<w:rtl/>");
});

test("a message of megabytes is cut, and says by how much", async () => {
  const { document } = await answer("很长的一行 ".repeat(900_000));
  expect(textOf(document)).toMatch(/… 另有 4400000 个字符已略去$/);
});

test("markers that would take minutes to match are set as they are", async () => {
  const { document } = await answer(`**粗**\n\n${"*a_ ".repeat(30_000)}`);
  expect(textOf(document)).toContain("**粗**");
});

test("more markdown than Word bears is set as it is, after what it does bear", async () => {
  const row = `|${"甲|".repeat(50)}\n`;
  const table = `${row}|${"-|".repeat(50)}\n${row.repeat(700)}`;
  const { document } = await exportMessages([
    { role: "assistant", content: "**先**" },
    { role: "assistant", content: table },
    { role: "assistant", content: "**后**" },
  ]);
  expect(document).not.toContain("<w:tbl>");
  expect(textOf(document)).toMatch(/先\|甲\|甲.*\*\*后\*\*$/);
});

test("a conversation without messages is refused", async () => {
  await expect(exportMessages([])).rejects.toMatchObject({ code: "nothing_to_export" });
});

test("a plan stands once, as a checklist as it ended, and files that came with a message are named", async () => {
  const plan = (id: string, status: string) => ({
    id,
    type: "function" as const,
    function: {
      name: "todo",
      arguments: JSON.stringify({
        items: [
          { content: "读合同", status },
          { content: "发邮件", status: "cancelled" },
        ],
      }),
    },
  });
  const payloads: ChatMessage[] = [
    { role: "user", content: "问题" },
    { role: "assistant", content: null, tool_calls: [plan("a", "pending")] },
    { role: "tool", tool_call_id: "a", content: "Plan kept." },
    { role: "assistant", content: "读。", tool_calls: [plan("b", "completed")] },
    { role: "tool", tool_call_id: "b", content: "Plan kept." },
  ];
  const { document } = await exportMessages(payloads, {}, ["任务/报价 单.xlsx", "任务/图.png"]);
  const text = textOf(document);
  expect(text).toContain("附件：报价 单.xlsx、图.png");
  expect(text.split("读合同")).toHaveLength(2);
  expect(text).toMatch(/☑ 读合同☒ 发邮件.*读。/s);
  expect(text).not.toContain("Plan kept.");
});

import { expect, test } from "vitest";
import { calls, says } from "../../support/model-turn.ts";
import { gate, type WebTest } from "../../support/web.ts";

// A picture of one pixel.
const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

/** What a person sees of how the agent works, and what they decide about it. */
export function testAgentsWork(web: WebTest): void {
  const { opened, open } = gate();

  test("files go with a message, can be taken away before, and are shown with it", async () => {
    web.server.models.script(says("看完了。"), says("附件也看完了。"));
    await web.handOver("看报价");
    await web.page.getByText("看完了。").waitFor();
    await web.page.locator("main input[type=file]").setInputFiles([
      { name: "报价 单.txt", mimeType: "text/plain", buffer: Buffer.from("九十六万") },
      { name: "照片.png", mimeType: "image/png", buffer: png },
    ]);
    const list = web.page.getByRole("list", { name: "附件" });
    await list.getByText("照片.png").waitFor();
    await web.page.getByRole("button", { name: "从消息中移除 照片.png" }).click();
    await web.reply().fill("再看附件");
    await web.reply().press("Enter");
    await web.page.getByText("附件也看完了。").waitFor();
    expect(JSON.stringify(web.server.models.requests.at(-1)?.body)).toContain("报价 单.txt");
    await web.page.reload();
    await list.getByRole("button", { name: "查看 报价 单.txt" }).click();
    await web.page.getByRole("dialog").getByText("九十六万").waitFor();
    expect(await list.getByText("照片.png").count()).toBe(0);
    await web.page.keyboard.press("Escape");
  });

  test("a plan stands above the composer while the run is at work, and what it took below its end", async () => {
    const items = [
      { content: "读合同", status: "completed" },
      { content: "核对金额", status: "in_progress" },
    ];
    web.server.models.script(calls("todo", { items }), {
      parts: [{ text: "还在核对。" }, { until: opened }],
      usage: { input: 1_000, output: 20, cached: 800 },
    });
    await web.handOver("按计划做");
    const plan = web.page.getByRole("region", { name: "计划" });
    await plan.getByRole("listitem").filter({ hasText: "核对金额" }).waitFor();
    await plan.getByRole("button", { name: "计划 1/2 · 核对金额" }).click();
    expect(await plan.getByRole("listitem").count()).toBe(0);
    open();
    await plan.waitFor({ state: "detached" });
    await web.page.getByText(/^输入 1,0\d\d tokens · 缓存 \d+% · 输出 \d+ · 价格未知$/).waitFor();
  });

  test("what a sub-agent is at stands in the call it works for, and all it did when that is opened", async () => {
    const { opened: reported, open: report } = gate();
    web.server.models.script(
      calls("delegate", { task: "读丙方的合同，找出金额", description: "查丙方合同" }),
      { parts: [{ text: "先看有什么。" }, { toolCall: { name: "list", arguments: "{}" } }] },
      { parts: [{ text: "共九十六万。" }, { until: reported }] },
      says("子助手说九十六万。"),
    );
    await web.handOver("查合同金额");
    await web.page.getByText("共九十六万。").waitFor();
    await web.page.getByRole("button", { name: "子助手 查丙方合同" }).click();
    const work = web.page.getByRole("region", { name: "过程" });
    await work.getByText("先看有什么。").waitFor();
    await work.getByRole("button", { name: "列出文件夹" }).waitFor();
    report();
    await web.page.getByText("子助手说九十六万。").waitFor();
  });

  test("leave given for the whole task is not asked for again", async () => {
    web.server.models.script(
      calls("bash", { command: "echo 第一次" }),
      calls("bash", { command: "echo 第二次" }),
      says("两次都做了。"),
    );
    await web.handOver("做两次");
    await web.page.getByRole("button", { name: "本任务中始终允许" }).click();
    await web.page.getByText("两次都做了。").waitFor();
    await web.page.getByText("已允许 · 本任务中始终").waitFor();
    expect(await web.page.getByText("已允许").count()).toBe(1);
  });

  test("a slash offers the skills, and the keyboard takes one", async () => {
    await web.page.goto(`${web.server.url}/new`);
    const field = web.page.getByRole("textbox", { name: "要做什么？" });
    await field.fill("/report");
    const skill = web.page.getByRole("listbox", { name: "技能" }).getByRole("option", { selected: true });
    const [name] = (await skill.innerText()).split("\n");
    expect(name).toMatch(/^\/.*report/);
    await field.press("Enter");
    expect(await field.inputValue()).toBe(`${name} `);
    await field.fill("");
  });

  test("rules are written in order, and deleted only after a question", async () => {
    await web.page.goto(`${web.server.url}/settings/approvals`);
    const rules = web.page.getByRole("list", { name: "规则" });
    for (const tool of ["fetch", "mcp__*"]) {
      await web.page.getByRole("textbox", { name: "工具" }).fill(tool);
      await web.page.getByRole("button", { name: "添加规则" }).click();
      await rules.getByText(tool).waitFor();
    }
    await rules.getByRole("combobox", { name: "mcp__* 的处理方式" }).selectOption("deny");
    await rules.getByRole("button", { name: "上移 mcp__*" }).click();
    await rules.getByRole("listitem").first().getByText("mcp__*").waitFor();
    await rules.getByRole("button", { name: "删除规则 fetch" }).click();
    await web.page.getByRole("dialog").getByRole("button", { name: "删除" }).click();
    await rules.getByText("fetch").waitFor({ state: "detached" });
    await web.page.reload();
    await rules.getByText("mcp__*").waitFor();
    expect(await rules.getByRole("combobox").inputValue()).toBe("deny");
    expect(await rules.getByRole("listitem").count()).toBe(1);
  });

  test("a note of the memory is written, changed, and brought back as it was", async () => {
    await web.page.goto(`${web.server.url}/settings/memory`);
    await web.page.getByRole("button", { name: "新建笔记" }).click();
    await web.page.getByRole("textbox", { name: "名称" }).fill("偏好/格式");
    await web.page.getByRole("textbox", { name: "内容" }).fill("金额用万元");
    await web.page.getByRole("button", { name: "保存" }).click();
    const edit = web.page.getByRole("button", { name: "编辑 偏好/格式.md" });
    await edit.click();
    await web.page.getByRole("textbox", { name: "内容" }).fill("金额用元");
    await web.page.getByRole("button", { name: "保存" }).click();
    await web.page.getByRole("dialog", { name: "偏好/格式.md" }).waitFor({ state: "detached" });
    await edit.click();
    await web.page.getByRole("button", { name: "恢复" }).click();
    await web.page.getByText("已恢复该版本。").waitFor();
    await web.page.reload();
    await edit.click();
    expect(await web.page.getByRole("textbox", { name: "内容" }).inputValue()).toBe("金额用万元");
  });
}

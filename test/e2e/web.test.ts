import { expect, test } from "vitest";
import { calls, fails, says } from "../support/model-turn.ts";
import { gate, setUpWeb } from "../support/web.ts";
import { testAgentsWork } from "./web/agents-work.ts";
import { testHostileText } from "./web/hostile/hostile-text.ts";
import { testSafeViewing } from "./web/safe-viewing.ts";
import { testWorkingTogether } from "./web/working-together.ts";

const web = setUpWeb({ approvals: ["bash"], userRuns: 1 });

test("the sign-in code is gone from the address, and the page keeps no token", async () => {
  expect(web.page.url()).toBe(`${web.server.url}/`);
  const kept = await web.page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
  expect(kept).not.toMatch(/eyJ|token/i);
  expect(await web.page.context().cookies()).toMatchObject([{ httpOnly: true, sameSite: "Strict" }]);
});

test("a used link signs nobody in and says so", async () => {
  const stranger = await web.openPage();
  await stranger.goto(web.server.server.signInLink ?? "");
  await stranger.getByText("这个登录链接已被使用或已过期").waitFor();
  await stranger.context().close();
});

test("an answer streams in, is drawn as markdown, and loads nothing from elsewhere", async () => {
  web.server.models.script(
    says("# 合同汇总\n\n", "共 **3** 份。<b>不是粗体</b>\n\n", "![图](https://elsewhere.invalid/图.png)"),
  );
  await web.handOver("整理三季度合同");
  await web.page.getByRole("heading", { name: "合同汇总" }).waitFor();
  await web.page.getByText("<b>不是粗体</b>").waitFor();
  await web.page.getByRole("link", { name: "elsewhere.invalid" }).waitFor();
  expect(await web.page.getByRole("link", { name: "elsewhere.invalid" }).getAttribute("rel")).toBe(
    "noopener noreferrer",
  );
  expect(web.foreignRequests).toEqual([]);
  await web.page.getByRole("navigation", { name: "任务" }).getByText("整理三季度合同").waitFor();
});

test("bold text and addresses end where Chinese punctuation does", async () => {
  web.server.models.script(says("**“重点”**是这个，见 https://example.com/path。然后继续。"));
  await web.handOver("写一段带标点的话");
  const link = web.page
    .getByRole("article")
    .getByRole("link", { name: "https://example.com/path", exact: true });
  await link.waitFor();
  expect(await link.getAttribute("href")).toBe("https://example.com/path");
  expect(await web.page.getByRole("article").locator("[data-streamdown=strong]").allInnerTexts()).toEqual([
    "“重点”",
  ]);
});

test("code is shown as it comes, whatever its language", async () => {
  const { opened, open } = gate();
  web.server.models.script({
    parts: [{ text: "```\n第一行\n第二" }, { until: opened }, { text: "行\n第三行\n```\n" }],
  });
  await web.handOver("写三行代码");
  const code = web.page.locator("pre");
  await code.getByText("第二", { exact: true }).waitFor();
  open();
  await code.getByText("第三行").waitFor();
  expect(await code.allInnerTexts()).toEqual(["第一行\n第二行\n第三行"]);
});

test("an Enter that ends an input method's composition does not send", async () => {
  web.server.models.script(says("收到。"));
  const session = await web.page.context().newCDPSession(web.page);
  await web.reply().focus();
  await session.send("Input.imeSetComposition", { text: "nihao", selectionStart: 5, selectionEnd: 5 });
  const composing = { key: "Enter", code: "Enter", windowsVirtualKeyCode: 229 };
  await session.send("Input.dispatchKeyEvent", { type: "rawKeyDown", ...composing });
  await session.send("Input.insertText", { text: "你好" });
  expect(await web.reply().inputValue()).toBe("你好");
  await web.page.keyboard.press("Enter");
  await web.page.getByText("收到。").waitFor();
  expect(await web.page.getByRole("article", { name: "你" }).allInnerTexts()).toEqual(["写三行代码", "你好"]);
});

test("a page reloaded in mid-answer, and a second one, go on with it", async () => {
  const { opened, open } = gate();
  web.server.models.script({ parts: [{ text: "前半句，" }, { until: opened }, { text: "后半句。" }] });
  await web.handOver("写一句话");
  await web.page.getByText("前半句，").waitFor();
  const second = await web.openPage(web.page.context());
  await second.goto(web.page.url());
  await second.getByText("前半句，").waitFor();
  await web.page.reload();
  await web.page.getByText("前半句，").waitFor();
  open();
  for (const each of [web.page, second]) {
    await each.getByText("前半句，后半句。", { exact: true }).waitFor();
    await each.getByRole("button", { name: "发送" }).waitFor();
    expect(await each.getByText("前半句").count()).toBe(1);
  }
  await second.close();
});

test("a run that another page starts is seen", async () => {
  const second = await web.openPage(web.page.context());
  await second.goto(web.page.url());
  await second.getByText("前半句，后半句。").waitFor();
  web.server.models.script(says("第二个回答。"));
  await web.reply().fill("再来一句");
  await web.page.keyboard.press("Enter");
  await second.getByText("第二个回答。").waitFor();
  await second.close();
});

test("Escape stops a run, and the task takes the next message", async () => {
  const { opened, open } = gate();
  web.server.models.script({ parts: [{ text: "一直写" }, { until: opened }] }, says("好。"));
  await web.handOver("写到我说停");
  await web.page.getByText("一直写").waitFor();
  await web.page.keyboard.press("Escape");
  await web.page.getByText("已停止。", { exact: true }).first().waitFor();
  open();
  await web.reply().fill("继续");
  await web.page.keyboard.press("Enter");
  await web.page.getByText("好。", { exact: true }).waitFor();
});

test("tools show what they did, and their files appear in the panel", async () => {
  web.server.models.script(
    calls("write", { path: "结果.md", content: "# 结果" }),
    says("写好了：[结果](结果.md)"),
  );
  await web.handOver("写结果文件");
  await web.page.getByRole("link", { name: "文件", exact: true }).click();
  await web.page.getByRole("button", { name: "写入文件 结果.md" }).waitFor();
  const panel = web.page.getByRole("complementary", { name: "文件" });
  await panel.getByText("结果.md").waitFor();
  const download = web.page.waitForEvent("download");
  await web.page.getByRole("article").getByRole("link", { name: "结果" }).click();
  expect((await download).suggestedFilename()).toBe("结果.md");
});

test("a file is uploaded into the task's directory, and deleted only after a question", async () => {
  await web.page
    .getByTestId("file-chooser")
    .setInputFiles({ name: "报价 单.txt", mimeType: "text/plain", buffer: Buffer.from("内容") });
  const panel = web.page.getByRole("complementary", { name: "文件" });
  await panel.getByText("报价 单.txt").waitFor();
  await panel.getByRole("button", { name: "“报价 单.txt”的操作" }).click();
  await web.page.getByRole("menuitem", { name: "删除" }).click();
  await web.page.getByRole("dialog").getByRole("button", { name: "删除" }).click();
  await panel.getByText("报价 单.txt").waitFor({ state: "detached" });
  await panel.getByText("结果.md").waitFor();
});

test("a model that refuses is explained, and there is a way on", async () => {
  web.server.models.script(fails(401, "wrong key"), says("现在可以了。"));
  await web.handOver("会失败的任务");
  const alert = web.page.getByRole("alert").filter({ hasText: "工作因故中止" });
  await alert.getByText("模型服务商拒绝了密钥").waitFor();
  await alert.getByRole("button", { name: "重试" }).click();
  await web.page.getByText("现在可以了。").waitFor();
});

test("what is being written outlives a reload", async () => {
  await web.reply().fill("还没写完");
  await web.page.reload();
  await web.reply().waitFor();
  expect(await web.reply().inputValue()).toBe("还没写完");
});

test("a task is renamed, completed and deleted, and Back works", async () => {
  await web.page.getByRole("button", { name: "任务操作" }).click();
  await web.page.getByRole("menuitem", { name: "重命名" }).click();
  await web.page.getByRole("textbox", { name: "名称" }).fill("新的名字");
  await web.page.keyboard.press("Enter");
  await web.page.getByRole("heading", { name: "新的名字" }).waitFor();
  const address = web.page.url();
  await web.page.getByRole("link", { name: "新建任务" }).click();
  await web.page.goBack();
  expect(web.page.url()).toBe(address);
  await web.page.getByRole("button", { name: "任务操作" }).click();
  await web.page.getByRole("menuitem", { name: "删除" }).click();
  await web.page.getByRole("dialog").getByRole("button", { name: "删除" }).click();
  await web.page.getByRole("heading", { name: "有什么工作要交给我？" }).waitFor();
  await web.page.goto(address);
  await web.page.getByText("任务可能已被删除").waitFor();
});

testWorkingTogether(web);
testAgentsWork(web);
testSafeViewing(web);
testHostileText(web);

test("an ended session leads to the sign-in, and the address stays", async () => {
  await web.page.goto(`${web.server.url}/new`);
  await web.page.getByRole("button", { name: "设置" }).click();
  await web.page.getByRole("menuitem", { name: "退出登录" }).click();
  await web.page.getByRole("heading", { name: "登录" }).waitFor();
  await web.page.reload();
  await web.page.getByRole("heading", { name: "登录" }).waitFor();
  expect(web.page.url()).toBe(`${web.server.url}/new`);
});

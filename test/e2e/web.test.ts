import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { build } from "vite";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { calls, fails, says } from "../support/model-turn.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let browser: Browser;
let page: Page;
const foreignRequests: string[] = [];
const complaints: string[] = [];

beforeAll(async () => {
  await build({ configFile: join(import.meta.dirname, "../../vite.config.ts"), logLevel: "error" });
  // Without a platform key it is in local mode, where `serve` prints the link.
  server = await startTestServer({ platformKey: undefined, jwtSecret: undefined });
  browser = await launchBrowser();
  page = await openPage();
  await page.goto(server.server.signInLink ?? "");
  await page.getByRole("heading", { name: "有什么工作要交给我？" }).waitFor();
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});
afterEach(() => {
  expect(complaints.splice(0)).toEqual([]);
});

async function openPage(context = browser.newContext({ locale: "zh-CN" })): Promise<Page> {
  const opened = await (await context).newPage();
  opened.on("pageerror", (error) => complaints.push(error.message));
  opened.on("request", (request) => {
    if (!request.url().startsWith(server.url) && !request.url().startsWith("data:")) {
      foreignRequests.push(request.url());
    }
  });
  return opened;
}

const reply = () => page.getByRole("textbox", { name: "回复，或说明下一步做什么" });

/** Opens the form for a new task, writes `message`, sends it by Enter and waits for the task to be open. */
async function handOver(message: string): Promise<void> {
  await page.goto(`${server.url}/new`);
  await page.getByRole("textbox", { name: "要做什么？" }).fill(message);
  await page.keyboard.press("Enter");
  await reply().waitFor();
}

/** A promise and what fulfils it. */
function gate(): { opened: Promise<void>; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: () => resolve() };
}

test("the sign-in code is gone from the address, and the page keeps no token", async () => {
  expect(page.url()).toBe(`${server.url}/`);
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
  expect(kept).not.toMatch(/eyJ|token/i);
  expect(await page.context().cookies()).toMatchObject([{ httpOnly: true, sameSite: "Strict" }]);
});

test("a used link signs nobody in and says so", async () => {
  const stranger = await openPage();
  await stranger.goto(server.server.signInLink ?? "");
  await stranger.getByText("这个登录链接已被使用或已过期").waitFor();
  await stranger.context().close();
});

test("an answer streams in, is drawn as markdown, and loads nothing from elsewhere", async () => {
  server.models.script(
    says("# 合同汇总\n\n", "共 **3** 份。<b>不是粗体</b>\n\n", "![图](https://elsewhere.invalid/图.png)"),
  );
  await handOver("整理三季度合同");
  await page.getByRole("heading", { name: "合同汇总" }).waitFor();
  await page.getByText("<b>不是粗体</b>").waitFor();
  await page.getByRole("link", { name: "elsewhere.invalid" }).waitFor();
  expect(await page.getByRole("link", { name: "elsewhere.invalid" }).getAttribute("rel")).toBe(
    "noopener noreferrer",
  );
  expect(foreignRequests).toEqual([]);
  await page.getByRole("navigation", { name: "任务" }).getByText("整理三季度合同").waitFor();
});

test("bold text and addresses end where Chinese punctuation does", async () => {
  server.models.script(says("**“重点”**是这个，见 https://example.com/path。然后继续。"));
  await handOver("写一段带标点的话");
  const link = page.getByRole("article").getByRole("link", { name: "https://example.com/path", exact: true });
  await link.waitFor();
  expect(await link.getAttribute("href")).toBe("https://example.com/path");
  expect(await page.getByRole("article").locator("[data-streamdown=strong]").allInnerTexts()).toEqual([
    "“重点”",
  ]);
});

test("code is shown as it comes, whatever its language", async () => {
  const { opened, open } = gate();
  server.models.script({
    parts: [{ text: "```\n第一行\n第二" }, { until: opened }, { text: "行\n第三行\n```\n" }],
  });
  await handOver("写三行代码");
  const code = page.locator("pre");
  await code.getByText("第二", { exact: true }).waitFor();
  open();
  await code.getByText("第三行").waitFor();
  expect(await code.allInnerTexts()).toEqual(["第一行\n第二行\n第三行"]);
});

test("an Enter that ends an input method's composition does not send", async () => {
  server.models.script(says("收到。"));
  const session = await page.context().newCDPSession(page);
  await reply().focus();
  await session.send("Input.imeSetComposition", { text: "nihao", selectionStart: 5, selectionEnd: 5 });
  const composing = { key: "Enter", code: "Enter", windowsVirtualKeyCode: 229 };
  await session.send("Input.dispatchKeyEvent", { type: "rawKeyDown", ...composing });
  await session.send("Input.insertText", { text: "你好" });
  expect(await reply().inputValue()).toBe("你好");
  await page.keyboard.press("Enter");
  await page.getByText("收到。").waitFor();
  expect(await page.getByRole("article", { name: "你" }).allInnerTexts()).toEqual(["写三行代码", "你好"]);
});

test("a page reloaded in mid-answer, and a second one, go on with it", async () => {
  const { opened, open } = gate();
  server.models.script({ parts: [{ text: "前半句，" }, { until: opened }, { text: "后半句。" }] });
  await handOver("写一句话");
  await page.getByText("前半句，").waitFor();
  const second = await openPage(Promise.resolve(page.context()));
  await second.goto(page.url());
  await second.getByText("前半句，").waitFor();
  await page.reload();
  await page.getByText("前半句，").waitFor();
  open();
  for (const each of [page, second]) {
    await each.getByText("前半句，后半句。", { exact: true }).waitFor();
    await each.getByRole("button", { name: "发送" }).waitFor();
    expect(await each.getByText("前半句").count()).toBe(1);
  }
  await second.close();
});

test("a run that another page starts is seen", async () => {
  const second = await openPage(Promise.resolve(page.context()));
  await second.goto(page.url());
  await second.getByText("前半句，后半句。").waitFor();
  server.models.script(says("第二个回答。"));
  await reply().fill("再来一句");
  await page.keyboard.press("Enter");
  await second.getByText("第二个回答。").waitFor();
  await second.close();
});

test("Escape stops a run, and the task takes the next message", async () => {
  const { opened, open } = gate();
  server.models.script({ parts: [{ text: "一直写" }, { until: opened }] }, says("好。"));
  await handOver("写到我说停");
  await page.getByText("一直写").waitFor();
  await page.keyboard.press("Escape");
  await page.getByText("已停止。", { exact: true }).first().waitFor();
  open();
  await reply().fill("继续");
  await page.keyboard.press("Enter");
  await page.getByText("好。", { exact: true }).waitFor();
});

test("tools show what they did, and their files appear in the panel", async () => {
  server.models.script(
    calls("write", { path: "结果.md", content: "# 结果" }),
    says("写好了：[结果](结果.md)"),
  );
  await handOver("写结果文件");
  await page.getByRole("link", { name: "文件", exact: true }).click();
  await page.getByRole("button", { name: "写入文件 结果.md" }).waitFor();
  const panel = page.getByRole("complementary", { name: "文件" });
  await panel.getByText("结果.md").waitFor();
  const download = page.waitForEvent("download");
  await page.getByRole("article").getByRole("link", { name: "结果" }).click();
  expect((await download).suggestedFilename()).toBe("结果.md");
});

test("a file is uploaded into the task's directory, and deleted only after a question", async () => {
  await page
    .getByTestId("file-chooser")
    .setInputFiles({ name: "报价 单.txt", mimeType: "text/plain", buffer: Buffer.from("内容") });
  const panel = page.getByRole("complementary", { name: "文件" });
  await panel.getByText("报价 单.txt").waitFor();
  await panel.getByRole("button", { name: "“报价 单.txt”的操作" }).click();
  await page.getByRole("menuitem", { name: "删除" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "删除" }).click();
  await panel.getByText("报价 单.txt").waitFor({ state: "detached" });
  await panel.getByText("结果.md").waitFor();
});

test("a model that refuses is explained, and there is a way on", async () => {
  server.models.script(fails(401, "wrong key"), says("现在可以了。"));
  await handOver("会失败的任务");
  const alert = page.getByRole("alert").filter({ hasText: "工作因故中止" });
  await alert.getByText("模型服务商拒绝了密钥").waitFor();
  await alert.getByRole("button", { name: "重试" }).click();
  await page.getByText("现在可以了。").waitFor();
});

test("what is being written outlives a reload", async () => {
  await reply().fill("还没写完");
  await page.reload();
  await reply().waitFor();
  expect(await reply().inputValue()).toBe("还没写完");
});

test("a task is renamed, completed and deleted, and Back works", async () => {
  await page.getByRole("button", { name: "任务操作" }).click();
  await page.getByRole("menuitem", { name: "重命名" }).click();
  await page.getByRole("textbox", { name: "名称" }).fill("新的名字");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "新的名字" }).waitFor();
  const address = page.url();
  await page.getByRole("link", { name: "新建任务" }).click();
  await page.goBack();
  expect(page.url()).toBe(address);
  await page.getByRole("button", { name: "任务操作" }).click();
  await page.getByRole("menuitem", { name: "删除" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "删除" }).click();
  await page.getByRole("heading", { name: "有什么工作要交给我？" }).waitFor();
  await page.goto(address);
  await page.getByText("任务可能已被删除").waitFor();
});

test("an ended session leads to the sign-in, and the address stays", async () => {
  await page.goto(`${server.url}/new`);
  await page.getByRole("button", { name: "设置" }).click();
  await page.getByRole("menuitem", { name: "退出登录" }).click();
  await page.getByRole("heading", { name: "登录" }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "登录" }).waitFor();
  expect(page.url()).toBe(`${server.url}/new`);
});

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { says } from "../../support/model-turn.ts";
import type { WebTest } from "../../support/web.ts";
import { signedIn, writeFiles } from "./hostile/page.ts";

/** Looking at files and following links, which both may come from whoever wrote what a model has read. */
export function testSafeViewing(web: WebTest): void {
  const panel = () => web.page.getByRole("complementary", { name: "文件" });
  const dialog = () => web.page.getByRole("dialog");

  test("a file is shown over the page, by its kind, and can be downloaded from there", async () => {
    await writeFiles(web, await signedIn(web), "查看", [
      { name: "说明.md", content: "# 说明\n\n<b>原样</b>" },
      { name: "国标.txt", content: Buffer.from("d6d0cec4", "hex") },
      { name: "空.txt", content: "" },
      { name: "大.log", content: `开头${"一".repeat(200_000)}结尾` },
      { name: "图.svg", content: "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>" },
      { name: "合同.docx", content: randomBytes(20) },
      { name: "发票\u202efdp.exe", content: "x" },
    ]);
    await web.page.goto(`${web.server.url}/new?files=${encodeURIComponent("查看")}`);
    const show = (name: string) => panel().getByRole("link", { name }).click();
    const close = () => web.page.keyboard.press("Escape");

    await show("说明.md");
    await dialog().getByText("<b>原样</b>").waitFor();
    await web.page.reload();
    await dialog().getByText("<b>原样</b>").waitFor();
    const download = web.page.waitForEvent("download");
    await dialog().getByRole("link", { name: "下载" }).click();
    expect((await download).suggestedFilename()).toBe("说明.md");
    await close();
    await dialog().waitFor({ state: "detached" });

    await show("国标.txt");
    await dialog().getByText("中文", { exact: true }).waitFor();
    await close();
    await show("空.txt");
    await dialog().getByText("（空）").waitFor();
    await close();
    await show("大.log");
    await dialog().getByText("只显示开头部分：256 KB，共 585.9 KB").waitFor();
    expect(await dialog().locator("pre").innerText()).not.toContain("结尾");
    await close();
    await show("图.svg");
    await dialog().getByRole("img", { name: "图.svg" }).waitFor();
    await close();
    await show("合同.docx");
    await dialog().getByText("这种文件无法在这里显示。").waitFor();
    await close();
    await panel().getByText("发票⟨202E⟩fdp.exe").waitFor();
  }, 60_000);

  test("a page that is looked at runs nothing, asks for nothing and sends nothing", async () => {
    const asked: string[] = [];
    const elsewhere = createServer((request, response) => {
      asked.push(request.url ?? "");
      response.end();
    });
    await once(elsewhere.listen(0, "127.0.0.1"), "listening");
    const content = hostilePage(`http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`);
    await writeFiles(web, await signedIn(web), "查看", [{ name: "页.html", content }]);
    await web.page.goto(`${web.server.url}/new?files=${encodeURIComponent("查看")}`);
    await panel().getByRole("link", { name: "页.html" }).click();
    const frame = dialog().locator("iframe");
    expect(await frame.getAttribute("sandbox")).toBe("");
    const shown = frame.contentFrame().locator("body");
    await shown.getByText("看得见").waitFor();
    expect(await shown.innerText()).not.toContain("坏");
    await shown.getByRole("button", { name: "送出" }).click();
    // A link changes what the frame shows, to the browser's word that this is not allowed.
    const refused = web.page.waitForEvent("framenavigated");
    await shown.getByRole("link", { name: "走" }).click();
    await refused;
    await web.page.keyboard.press("Escape");
    elsewhere.close();
    expect(asked).toEqual([]);
  });

  test("before a link of an answer leads to a site for the first time, its whole address is shown", async () => {
    const context = web.page.context();
    await context.route("https://elsewhere.invalid/**", (route) => route.fulfill({ body: "别处" }));
    web.server.models.script(
      says("[资料](https://elsewhere.invalid/a?b=1)，[https://bank.example](https://elsewhere.invalid/)"),
    );
    await web.handOver("给我链接");
    const link = web.page.getByRole("article").getByRole("link", { name: "资料" });
    await link.click();
    await dialog().getByText("https://elsewhere.invalid/a?b=1").waitFor();
    await dialog().getByRole("button", { name: "取消" }).click();
    await link.click({ button: "middle" });
    const opened = context.waitForEvent("page");
    await dialog().getByRole("link", { name: "打开" }).click();
    await (await opened).close();
    await dialog().waitFor({ state: "detached" });

    const again = context.waitForEvent("page");
    await link.click();
    await (await again).close();
    await web.page.getByRole("article").getByRole("link", { name: "bank.example" }).click();
    await dialog().getByText("https://elsewhere.invalid/", { exact: true }).waitFor();
    await web.page.keyboard.press("Escape");
    await context.unroute("https://elsewhere.invalid/**");
  });

  test("who runs the server is told once how commands could be isolated better", async () => {
    const health = { status: "ok", version: "0", database: "ok", sandbox: "reduced" };
    await web.page.route("**/healthz", (route) => route.fulfill({ json: health }));
    await web.page.goto(`${web.server.url}/new`);
    const notice = web.page.getByRole("complementary", { name: "部分隔离" });
    await notice.getByText("sudo apt-get install bubblewrap").waitFor();
    await notice.getByRole("button", { name: "关闭" }).click();
    await notice.waitFor({ state: "detached" });
    await web.page.reload();
    await web.page.getByText("部分隔离").first().waitFor();
    expect(await notice.count()).toBe(0);
    await web.page.unroute("**/healthz");
  });

  test("too many requests are answered with when to try again", async () => {
    await web.handOver("先说一句");
    await web.page.getByText("好的。").waitFor();
    await web.page.route("**/messages", (route) =>
      route.fulfill({
        status: 429,
        headers: { "Retry-After": "7" },
        json: { code: "rate_limited", detail: "Too many requests.", request_id: "x" },
      }),
    );
    await web.reply().fill("再说一句");
    await web.reply().press("Enter");
    await web.page.getByText("请求过多，请 7 秒后再试。").waitFor();
    expect(await web.reply().inputValue()).toBe("再说一句");
    await web.page.unroute("**/messages");
  });

  test("a session that ends in the middle of work leads to the sign-in, with a word", async () => {
    await web.handOver("先说一句");
    const browser = web.page.context().browser();
    const context = await browser?.newContext({ locale: "zh-CN" });
    await context?.addCookies(await web.page.context().cookies());
    const page = await web.openPage(context);
    await page.goto(web.page.url());
    await page.getByText("好的。").first().waitFor();
    await context?.clearCookies();
    await page.getByRole("textbox", { name: "回复，或说明下一步做什么" }).fill("还在吗");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "登录" }).waitFor();
    await page.getByText("登录已失效，请重新登录。").waitFor();
    expect(page.url()).toBe(web.page.url());
    await context?.close();
  });
}

function hostilePage(elsewhere: string): string {
  return `<!doctype html><p>看得见</p>
<script>document.body.append("坏"); parent.postMessage("x", "*"); fetch("${elsewhere}/s")</script>
<img src="${elsewhere}/i.png" onerror="document.body.append('坏')"><iframe src="${elsewhere}/f"></iframe>
<link rel="stylesheet" href="${elsewhere}/c.css"><style>@import "${elsewhere}/d.css"</style>
<meta http-equiv="refresh" content="0;url=${elsewhere}/r">
<form action="${elsewhere}/p"><button>送出</button></form>
<a href="${elsewhere}/l">走</a>`;
}

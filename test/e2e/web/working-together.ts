import { expect, test } from "vitest";
import { calls, fails, says, type Turn } from "../../support/model-turn.ts";
import { gate, type WebTest } from "../../support/web.ts";

/** A step that says something, waits, and then reads a file, so that another step follows. */
function slowStep(text: string): { turn: Turn; open: () => void } {
  const { opened, open } = gate();
  const toolCall = { name: "list", arguments: "{}" };
  return { turn: { parts: [{ text }, { until: opened }, { toolCall }] }, open };
}

/** What a person can do with a run at work, at the page of its task. */
export function testWorkingTogether(web: WebTest): void {
  const messages = () => web.page.getByRole("article", { name: "你" }).allInnerTexts();
  const waiting = () => web.page.getByRole("region", { name: /条消息在等待/ });
  const marks = () => web.page.getByRole("navigation", { name: "任务" }).getByRole("listitem");

  async function send(text: string, mode?: "插话" | "排队" | "打断"): Promise<void> {
    if (mode) {
      await web.page.getByRole("button", { name: /发给正在进行的工作/ }).click();
      await web.page.getByRole("menuitemradio", { name: mode }).click();
    }
    await web.reply().fill(text);
    await web.reply().press("Enter");
  }

  test("a message steers the run at work, and stays where it came in", async () => {
    const { turn, open } = slowStep("先写第一段。");
    web.server.models.script(turn, says("改成表格了。"));
    await web.handOver("写一份长报告");
    await web.page.getByText("先写第一段。").waitFor();
    await send("用表格");
    await waiting().getByText("用表格").waitFor();
    expect(await web.reply().inputValue()).toBe("");
    open();
    await web.page.getByText("改成表格了。").waitFor();
    await waiting().waitFor({ state: "detached" });
    const shown = () => web.page.getByRole("region", { name: "对话" }).innerText();
    const order = /写一份长报告.*先写第一段。.*用表格.*改成表格了。/s;
    expect(await shown()).toMatch(order);
    await web.page.reload();
    await web.page.getByText("改成表格了。").waitFor();
    expect(await shown()).toMatch(order);
    expect(await messages()).toEqual(["写一份长报告", "用表格"]);
  });

  test("messages that wait are edited and withdrawn, and the rest become runs", async () => {
    const { turn, open } = slowStep("正在算。");
    web.server.models.script(turn, says("算完了。"), says("已导出。"));
    await web.handOver("核对合计");
    await web.page.getByText("正在算。").waitFor();
    await send("然后导出", "排队");
    await waiting().getByText("然后导出").waitFor();
    await send("再发邮件");
    await web.page.getByRole("region", { name: "2 条消息在等待" }).waitFor();
    await waiting().getByRole("button", { name: "撤回：再发邮件" }).click();
    await web.page.getByRole("region", { name: "1 条消息在等待" }).waitFor();
    await web.page.getByRole("button", { name: "放回输入框" }).click();
    expect(await web.reply().inputValue()).toBe("再发邮件");
    await waiting().getByRole("button", { name: "编辑：然后导出" }).click();
    await web.page.getByRole("textbox", { name: "消息" }).fill("然后导出成 Word");
    await web.page.getByRole("dialog").getByRole("button", { name: "保存" }).click();
    await waiting().getByText("然后导出成 Word").waitFor();
    open();
    await web.page.getByText("已导出。").waitFor();
    expect(await messages()).toEqual(["核对合计", "然后导出成 Word"]);
    expect(await waiting().count()).toBe(0);
  });

  test("a message interrupts the run at work", async () => {
    const { turn } = slowStep("先做旧的。");
    web.server.models.script(turn, says("做新的。"));
    await web.handOver("做旧的事");
    await web.page.getByText("先做旧的。").waitFor();
    await send("做新的事", "打断");
    await web.page.getByText("做新的。").waitFor();
    await web.page.getByRole("paragraph").filter({ hasText: "已停止。" }).waitFor();
    expect(await messages()).toEqual(["做旧的事", "做新的事"]);
  });

  test("a question is answered by a choice, after a reload too, and the list of tasks tells that it waits", async () => {
    const choices = [{ label: "三季度", description: "12 份" }, { label: "全部" }];
    web.server.models.script(calls("ask", { question: "哪几份合同？", choices }), says("只看三季度。"));
    await web.handOver("整理合同");
    await web.page.getByRole("heading", { name: "哪几份合同？" }).waitFor();
    await marks().first().getByText("等你回答").waitFor();
    await web.page.reload();
    await web.page.getByRole("button", { name: "三季度 12 份" }).click();
    await web.page.getByText("只看三季度。").waitFor();
    await marks().first().getByText("等你回答").waitFor({ state: "detached" });
    const sent = JSON.stringify(web.server.models.requests.at(-1)?.body);
    expect(sent).toContain("三季度");
  });

  test("words of one's own answer a question, written where messages are written", async () => {
    web.server.models.script(calls("ask", { question: "用什么标题？" }), says("标题定了。"));
    await web.handOver("起一个标题");
    await web.page.getByRole("button", { name: "发给正在进行的工作：回答" }).waitFor();
    await send("三季度总结");
    await web.page.getByText("标题定了。").waitFor();
    expect(await messages()).toEqual(["起一个标题"]);
    expect(JSON.stringify(web.server.models.requests.at(-1)?.body)).toContain("三季度总结");
  });

  test("what needs leave is shown in full, and denied with a word for the assistant", async () => {
    const command = "rm -r 旧文件\necho 完成";
    web.server.models.script(calls("bash", { command }), says("好，不删。"));
    await web.handOver("清理旧文件");
    await web.page.getByRole("heading", { name: "允许“运行命令”吗？" }).waitFor();
    expect(await web.page.getByRole("region", { name: "输入" }).innerText()).toBe(command);
    await web.page.getByRole("textbox", { name: "给助手的说明" }).fill("先备份");
    await web.page.getByRole("button", { name: "拒绝" }).click();
    await web.page.getByText("好，不删。").waitFor();
    await web.page.getByText("已拒绝").waitFor();
    expect(JSON.stringify(web.server.models.requests.at(-1)?.body)).toContain("先备份");
  });

  test("a run that failed is tried again with the same message", async () => {
    web.server.models.script(fails(401, "wrong key"), says("这次成了。"));
    await web.handOver("再试一次的任务");
    await web.page.getByRole("alert").getByRole("button", { name: "重试" }).click();
    await web.page.getByText("这次成了。").waitFor();
    expect(await messages()).toEqual(["再试一次的任务"]);
    expect(await web.page.getByRole("alert").count()).toBe(0);
  });

  test("a task begun elsewhere appears, one in the queue says so, and one deleted elsewhere goes", async () => {
    const { turn, open } = slowStep("别处的回答。");
    web.server.models.script(turn, says("完。"), says("轮到我了。"));
    const elsewhere = await web.openPage(web.page.context());
    await elsewhere.goto(`${web.server.url}/new`);
    await elsewhere.getByRole("textbox", { name: "要做什么？" }).fill("别处开始的任务");
    await elsewhere.keyboard.press("Enter");
    await marks().filter({ hasText: "别处开始的任务" }).getByText("正在工作").waitFor();
    await web.handOver("要排队的任务");
    await web.page.getByRole("paragraph").filter({ hasText: "正在排队，第 1 位…" }).waitFor();
    open();
    await web.page.getByText("轮到我了。").waitFor();
    await elsewhere.goto(web.page.url());
    await elsewhere.getByRole("button", { name: "任务操作" }).click();
    await elsewhere.getByRole("menuitem", { name: "删除" }).click();
    await elsewhere.getByRole("dialog").getByRole("button", { name: "删除" }).click();
    await web.page.getByText("任务可能已被删除").waitFor();
    await elsewhere.close();
  });

  test("a message whose acceptance was not heard of is sent again, and said once", async () => {
    web.server.models.script(says("好。"), says("收到一次。"));
    await web.handOver("先打招呼");
    await web.page.getByText("好。", { exact: true }).waitFor();
    await web.page.getByRole("button", { name: "发送" }).waitFor();
    await web.page.route(
      /messages$/,
      async (route) => {
        await route.fetch();
        await route.abort("connectionreset");
      },
      { times: 1 },
    );
    await send("付一次款");
    await web.page.getByText("无法连接服务器").waitFor();
    await web.reply().press("Enter");
    await web.page.getByText("收到一次。").waitFor();
    await web.page.getByRole("button", { name: "发送" }).waitFor();
    // For a moment what was sent and what was stored may both stand there.
    await expect.poll(messages).toEqual(["先打招呼", "付一次款"]);
    expect(await waiting().count()).toBe(0);
  });

  test("a page that is not seen holds no stream, and catches up once it is seen again", async () => {
    web.server.models.script(says("早。"), says("在你看别处时说的。"));
    await web.handOver("早上好");
    await web.page.getByText("早。", { exact: true }).waitFor();
    await web.page.getByRole("button", { name: "发送" }).waitFor();
    const elsewhere = await web.openPage(web.page.context());
    await elsewhere.goto(web.page.url());
    await elsewhere.getByText("早。", { exact: true }).waitFor();
    const hungUp = elsewhere.waitForEvent("requestfailed", (request) => request.url().endsWith("/v1/events"));
    const setHidden = (hidden: boolean) =>
      elsewhere.evaluate(`Object.defineProperty(document, "hidden", { value: ${hidden}, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"))`);
    await setHidden(true);
    await hungUp;
    await send("说点什么");
    await web.page.getByText("在你看别处时说的。").waitFor();
    await setHidden(false);
    await elsewhere.getByText("在你看别处时说的。").waitFor();
    await elsewhere.close();
  });

  test("a new task begins from a message, which waits there to be written anew", async () => {
    web.server.models.script(says("第一答。"), says("第二答。"));
    await web.handOver("第一问");
    await web.page.getByText("第一答。").waitFor();
    await web.page.getByRole("button", { name: "发送" }).waitFor();
    await send("第二问");
    await web.page.getByText("第二答。").waitFor();
    await web.page.getByRole("article", { name: "你" }).filter({ hasText: "第二问" }).hover();
    await web.page.getByRole("button", { name: "从这里开始新任务" }).nth(1).click();
    await web.page.getByRole("heading", { name: "第一问（分支）" }).waitFor();
    await web.page.getByText("第一答。").waitFor();
    expect(await messages()).toEqual(["第一问"]);
    expect(await web.reply().inputValue()).toBe("第二问");
  });
}

import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { sample } from "../../../attacks/sample.ts";
import { post } from "../../../support/api/pending.ts";
import { ask, createTask } from "../../../support/api/request.ts";
import { finishRun, startRun } from "../../../support/api/runs.ts";
import { calls, fails } from "../../../support/model-turn.ts";
import type { WebTest } from "../../../support/web.ts";
import { chunks, inPage, signedIn, watched, writeFiles } from "./page.ts";

/** The same texts where people, models and disks have the say: names, questions, errors, addresses. */
export function testOtherPlaces(web: WebTest, all: readonly string[]): void {
  test("hostile texts stay texts in requests, waiting messages and errors", async () => {
    const user = await signedIn(web);
    await watched(web, { bypassCSP: true }, async ({ page }) => {
      const open = async (taskId: string) => {
        await page.goto(`${web.server.url}/tasks/${taskId}`);
        await page.getByRole("heading", { name: "敌意文本" }).waitFor();
      };
      const whole = all.join("\n");
      const tenths = chunks(all, Math.ceil(all.length / 10)).map((texts) => texts.join("\n"));

      const asking = await createTask(user, { name: "敌意文本" });
      const choices = tenths.map((text) => ({ label: text, description: text }));
      web.server.models.script(calls("ask", { question: whole, choices, multiple: true, wait_minutes: 5 }));
      await startRun(user, asking.task_id);
      await open(asking.task_id);
      await page.getByRole("main").locator("form li").nth(9).waitFor();
      for (const mode of ["queue", "steer"]) await post(user, asking.task_id, whole, mode);
      await page.getByRole("region", { name: "2 条消息在等待" }).waitFor();
      await page.getByRole("region", { name: "2 条消息在等待" }).getByRole("button").first().click();
      await page.getByRole("dialog").getByRole("textbox").waitFor();
      await ask(user, "DELETE", `/v1/tasks/${asking.task_id}`);

      const needsLeave = await createTask(user, { name: "敌意文本" });
      web.server.models.script(calls("bash", { command: whole, [whole]: whole }));
      await startRun(user, needsLeave.task_id);
      await open(needsLeave.task_id);
      await page.getByRole("button", { name: "拒绝" }).waitFor();
      await ask(user, "DELETE", `/v1/tasks/${needsLeave.task_id}`);

      const failing = await createTask(user, { name: "敌意文本" });
      for (const text of tenths) {
        web.server.models.script(fails(400, text));
        await finishRun(user, failing.task_id);
      }
      await open(failing.task_id);
      await page.getByRole("alert").filter({ hasText: "工作因故中止" }).first().waitFor();
      expect(await page.getByRole("alert").filter({ hasText: "pwned" }).count()).toBeGreaterThan(0);

      await answerWith(page, "PATCH", whole);
      await page.getByRole("button", { name: "任务操作" }).click();
      await page.getByRole("menuitem", { name: "标记为完成" }).click();
      await page.getByRole("dialog").filter({ hasText: "pwned" }).waitFor();
    });
  }, 120_000);

  test("hostile texts stay texts as names of tasks, folders, files, skills and models", async () => {
    const user = await signedIn(web);
    await watched(web, { bypassCSP: true }, async ({ context, page }) => {
      const names = sample(all.filter(isTaskName), 20);
      for (const name of names) {
        const { task_id } = await createTask(user, { name });
        await ask(user, "PATCH", `/v1/tasks/${task_id}`, { description: name });
      }
      const fileNames = [...new Set(all.map(toFileName))];
      await writeFiles(
        web,
        user,
        "敌意文件",
        fileNames.map((name) => ({ name, content: name })),
      );
      const list = (items: object) => ({ json: items });
      await context.route("**/v1/skills", (route) =>
        route.fulfill(list({ skills: all.map(skillOf), skipped: all.slice(0, 20).map(skippedOf) })),
      );
      await context.route("**/v1/models", (route) =>
        route.fulfill(list({ default: all[0], profiles: all.map(modelOf) })),
      );
      await context.route("**/healthz", (route) =>
        route.fulfill(list({ status: "ok", version: all[1], database: "ok", sandbox: all[2] })),
      );

      await page.goto(`${web.server.url}/new?files=${encodeURIComponent("敌意文件")}`);
      const files = page.getByRole("complementary", { name: "文件" });
      for (let shown = 200; shown < fileNames.length; shown += 200) {
        await files
          .locator("li")
          .nth(shown - 1)
          .waitFor({ state: "attached" });
        await files.getByRole("button", { name: "显示更多" }).dispatchEvent("click");
      }
      const last = files.locator("li").nth(fileNames.length - 1);
      await last.waitFor({ state: "attached" });
      await page.getByRole("button", { name: /^下一条消息使用的模型/ }).click();
      await page.getByRole("menuitemradio").nth(20).waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("textbox", { name: "要做什么？" }).fill("/");
      await page.getByRole("listbox", { name: "技能" }).getByRole("option").nth(20).waitFor();
      await page.getByRole("textbox", { name: "要做什么？" }).fill("");
      await page.getByText("名称、文件夹、技能").click();
      await page.getByLabel("技能").selectOption({ index: 3 });
      await page.getByRole("combobox", { name: "文件夹" }).click();
      await page.getByRole("option").nth(20).waitFor();
      await page.keyboard.press("Escape");
      expect(
        await page.getByRole("navigation", { name: "任务" }).getByRole("listitem").count(),
      ).toBeGreaterThanOrEqual(20);
      const picked = fileNames
        .slice(0, 100)
        .map((name) => ({ name, mimeType: "text/html", buffer: Buffer.from("x") }));
      await page.locator('main input[type="file"]').setInputFiles(picked);
      const chip = page.locator("main li[title]").nth(picked.length - 1);
      await chip.waitFor({ state: "attached" });
    });
  }, 120_000);

  test("hostile texts stay texts in the settings", async () => {
    await watched(web, { bypassCSP: true }, async ({ context, page }) => {
      const texts = sample(all, 8);
      const answers = {
        usage: {
          ...{ group_by: "day", from: "2026-11-01", to: "2026-11-27" },
          results: texts.map((text) => ({ ...nothingUsed, key: text, name: text })),
          total: nothingUsed,
        },
        skills: { skills: texts.map(skillOf), skipped: texts.map(skippedOf) },
        memory: {
          enabled: true,
          files: texts.map(noteOf),
          deleted: texts.map(noteOf),
          bytes: 1,
          max_bytes: 2,
        },
        mcp: { servers: texts.map(serverOf) },
        approvals: { rules: texts.map((text) => ({ tool: text, argument: text, action: "ask" })) },
        models: { default: texts[0], profiles: texts.map(modelOf) },
      };
      for (const [section, json] of Object.entries(answers))
        await context.route(new RegExp(`/v1/${section}(\\?|$)`), (route) => route.fulfill({ json }));
      await page.goto(`${web.server.url}/settings`);
      for (const section of Object.keys(answers)) {
        await page.locator(`a[href="/settings/${section}"]`).click();
        await page
          .locator("main :is(li, tbody tr)")
          .nth(texts.length - 1)
          .waitFor();
      }
    });
  }, 120_000);

  test("hostile texts stay texts in addresses, and in what the browser keeps", async () => {
    await watched(web, { bypassCSP: true }, async ({ page }) => {
      const coded = sample(all, 15).map((text) => encodeURIComponent(text.toWellFormed()));
      await page.goto(web.server.url);
      await page.getByRole("navigation", { name: "任务" }).waitFor();
      const addresses = coded.flatMap((text) => [
        `/?files=${text}#${text}`,
        `/tasks/${text}?${text}=${text}`,
      ]);
      await inPage(page, "visit", addresses);
      await page.evaluate((texts) => {
        for (const key of ["zcbot.theme", "zcbot.language", "zcbot.draft.new"])
          localStorage.setItem(key, texts);
      }, all.join("\n"));
      for (const text of coded.slice(0, 3)) {
        await page.goto(`${web.server.url}/new?files=${text}#code=${text}`);
        await page.getByRole("complementary", { name: "文件" }).waitFor();
      }
      await page.goto(`${web.server.url}/new`);
      await page.getByRole("textbox", { name: "要做什么？" }).waitFor();
    });
  }, 120_000);
}

/** Refuses requests of this method with a sentence of somebody else's. */
async function answerWith(page: Page, method: string, detail: string): Promise<void> {
  await page.route("**/v1/tasks/*", (route) =>
    route.request().method() === method
      ? route.fulfill({ status: 400, json: { code: "invalid_text", detail, request_id: "x" } })
      : route.fallback(),
  );
}

function isTaskName(text: string): boolean {
  return text.length <= 200 && !/[/\\\p{Cc}]|\.\.|^\.|^\s|\s$/u.test(text);
}

function toFileName(text: string): string {
  let name = text.replaceAll("/", "∕").toWellFormed();
  while (Buffer.byteLength(name) > 240) name = name.slice(0, -1).toWellFormed();
  return name;
}

const skillOf = (text: string) => ({ name: text, description: text, source: "user", user_invocable: true });
const skippedOf = (text: string) => ({ name: text, source: "user", reason: text });
const noteOf = (text: string) => ({ path: text, size: 1, updated_at: "2026-11-27T00:00:00Z", versions: [] });
const modelOf = (text: string) => ({
  name: text,
  provider: text,
  model: text,
  context_window: 1,
  vision: true,
  prices: null,
  fallback: [text],
});
const serverOf = (text: string) => ({
  name: text,
  source: "user",
  url: null,
  command: text,
  args: [text],
  state: "failed",
  error: text,
  checked_at: null,
  tools: [{ name: text, description: text }],
});
const nothingUsed = { calls: 1, tokens_in: 1, tokens_out: 1, cached: 0, cost: null };

import { expect, test } from "vitest";
import { sample } from "../../../attacks/sample.ts";
import { createTask } from "../../../support/api/request.ts";
import { finishRun } from "../../../support/api/runs.ts";
import { says, type Turn } from "../../../support/model-turn.ts";
import { readZip } from "../../../support/read-zip.ts";
import type { TestUser } from "../../../support/server.ts";
import type { WebTest } from "../../../support/web.ts";
import { corpus } from "./corpus.ts";
import { testOtherPlaces } from "./other-places.ts";
import { chunks, inPage, openWatched, signedIn, watched, writeFiles } from "./page.ts";

/** So many steps has a run that says hostile things: a conversation's length is paid for at each of its steps. */
const stepsOfRun = 60;
const all = corpus.map(({ text }) => text);
/** For what costs much for each text: always the same part in the short pass. */
const some = sample(all, 100);

interface Walk {
  complete: boolean;
  answers: number;
  tools: number;
  thoughts: string[];
}

/** A corpus of texts that try to be more than text, put into everything that the page shows. */
export function testHostileText(web: WebTest): void {
  test("every hostile text stays a text in what is asked, thought and answered, as it streams", async () => {
    expect(corpus.length).toBeGreaterThanOrEqual(500);
    const user = await signedIn(web);
    // Without the policy, so that what would only be refused by it is seen as well.
    await watched(web, { bypassCSP: true }, async ({ page }) => {
      const task = await createTask(user, { name: "敌意文本" });
      await page.goto(`${web.server.url}/tasks/${task.task_id}`);
      await page.getByText("还没有内容").waitFor();
      // All of them: a shorter run may be over before the page follows it, and thoughts are not stored.
      const groups = chunks(all, 12).map((texts) => texts.join("\n\n"));
      web.server.models.script(...groups.map(thinksAndSays), says("说完了。"));
      await finishRun(user, task.task_id, all.join("\n"));
      await page.getByText("说完了。", { exact: true }).waitFor();
      const met = await inPage<Walk>(page, "walk");
      expect(met).toMatchObject({ complete: true, answers: groups.length + 1, tools: groups.length });
      expect(groups.filter((text) => !met.thoughts.includes(text.trim()))).toEqual([]);
    });
  }, 120_000);

  test("hostile texts stay texts in tool calls, and when a conversation is read again", async () => {
    const user = await signedIn(web);
    await watched(web, {}, async ({ page }) => {
      const texts = sample(some, 8);
      for (const group of chunks(texts, stepsOfRun)) {
        const task = await createTask(user, { name: "敌意文本", working_dir: "敌意文本" });
        await writeFiles(
          web,
          user,
          "敌意文本",
          group.map((content, index) => ({ name: `${index}.txt`, content })),
        );
        web.server.models.script(...group.map(callsTools), says("说完了。\n\n[资料](https://example.com/)"));
        await finishRun(user, task.task_id);
        await page.goto(`${web.server.url}/tasks/${task.task_id}`);
        await page.getByText("说完了。", { exact: true }).waitFor();
        const everything = { complete: true, answers: group.length + 1, tools: 2 * group.length };
        expect(await inPage<Walk>(page, "walk")).toMatchObject(everything);
        expect(await remoteParts(user, task.task_id)).toEqual([]);
      }
    });
  }, 600_000);

  testOtherPlaces(web, some);

  test("the watch sees what these texts would do as markup", async () => {
    const { context, page, watch } = await openWatched(web, { bypassCSP: true });
    await context.route("**/empty", (route) => route.fulfill({ contentType: "text/html", body: "<body>" }));
    await page.goto(`${web.server.url}/empty`);
    const plain = corpus.filter(({ kind }) => ["handler", "svg and math", "mutation"].includes(kind));
    const noticed = await inPage<number>(
      page,
      "plant",
      plain.map(({ text }) => text),
    );
    expect(noticed).toBeGreaterThan(plain.length / 2);
    for (const kind of [
      "executed pwned",
      "element:",
      "attribute on",
      "asked image of https://elsewhere.invalid/",
    ])
      expect(watch.findings.filter((finding) => finding.startsWith(kind))).not.toEqual([]);
    await context.close();
  });
}

function thinksAndSays(text: string, index: number): Turn {
  const said = pieces(text).map((piece) => ({ text: piece }));
  // Another folder each time: a run that does the same again and again is ended.
  const toolCall = { name: "list", arguments: JSON.stringify({ path: `${index}` }) };
  return { parts: [{ reasoning: text }, ...said, { toolCall }] };
}

/** Says the text, calls a tool of that name with it, and reads it from a file. */
function callsTools(text: string, index: number): Turn {
  const call = (name: string, input: unknown) => ({ toolCall: { name, arguments: JSON.stringify(input) } });
  return { parts: [{ text }, call(text, { [text]: text }), call("read", { path: `${index}.txt` })] };
}

/** In parts of uneven length, so that markup is cut through. */
function pieces(text: string): string[] {
  return text.match(/.{1,37}/gsu) ?? [];
}

/** What the exported document would fetch when it is opened, or leads to beside the web and mail. */
async function remoteParts(user: TestUser, taskId: string): Promise<string[]> {
  const answer = await user.fetch(`/v1/tasks/${taskId}/export`);
  const files = [...readZip(Buffer.from(await answer.arrayBuffer()))];
  const links = files
    .filter(([name]) => name.endsWith(".rels"))
    .flatMap(
      ([, content]) =>
        content.toString("utf8").match(/<Relationship [^>]*TargetMode="External"[^>]*>/g) ?? [],
    );
  const fields = files.flatMap(
    ([, content]) => content.toString("utf8").match(/INCLUDE(?:PICTURE|TEXT)|DDEAUTO/g) ?? [],
  );
  expect(links.length).toBeGreaterThan(0);
  return [
    ...links.filter((link) => !/hyperlink"/.test(link) || !/Target="(?:https?:|mailto:)/.test(link)),
    ...fields,
  ];
}

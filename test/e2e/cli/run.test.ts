import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type CommandSetting, createCommandSetting } from "../../support/command.ts";
import { calls, fails, says } from "../../support/model-turn.ts";

let setting: CommandSetting;

beforeAll(async () => {
  setting = await createCommandSetting();
});
afterAll(() => setting.close());
beforeEach(() => setting.models.reset());

function lines(text: string): Record<string, unknown>[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

describe("zcbot run without a server", () => {
  test("starts one, puts the answer on stdout and the rest on stderr, and ends", async () => {
    setting.models.script(calls("write", { path: "总结.md", content: "好" }), says("写好了：", "总结.md"));
    const { code, out, err } = await setting.run(["run", "写一份总结", "--dir", "季度报告"]);
    expect(out).toBe("写好了：总结.md\n");
    expect(err).toContain("→ write 总结.md");
    expect(err).toContain("✓ write");
    expect(err).not.toContain("\u001b[");
    expect(code).toBe(0);
  });

  test("reads the message from standard input and prints each event as a line of JSON", async () => {
    setting.models.script(says("你好", "！"));
    const { code, out } = await setting.run(["run", "-", "--json"], { input: "早上好 / ..\n第二行" });
    const [ids, ...events] = lines(out);
    expect(ids).toMatchObject({
      type: "run",
      schema_version: 1,
      working_dir: expect.stringMatching(/users\/.*\/早上好$/),
    });
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    expect(events[0]).toMatchObject({ type: "run_start", run_id: ids?.run_id, task_id: ids?.task_id });
    expect(events.at(-1)).toMatchObject({ type: "done", status: "ok" });
    expect(code).toBe(0);

    setting.models.script(says("再见"));
    const again = await setting.run(["run", "走了", "--task", String(ids?.task_id)]);
    expect(again.out).toBe("再见\n");
    expect(JSON.stringify(setting.models.requests.at(-1)?.body)).toContain("早上好");
  });

  test("says how a question can be answered where there is no terminal, and waits for the answer", async () => {
    const input = {
      question: "几点？",
      choices: [{ label: "九点" }],
      wait_minutes: 0.001,
      default_answer: "九点",
    };
    setting.models.script(calls("ask", input), says("九点开始。"));
    const { code, out, err } = await setting.run(["run", "安排会议"]);
    expect(out).toBe("九点开始。\n");
    expect(err).toMatch(/\? 几点？\n {2}1\. 九点\n.*The run waits for an answer.*\/answers with request_id/s);
    expect(err).toContain("Nobody answered in time: 九点");
    expect(code).toBe(0);
  });

  test("goes on where nobody can give leave, once the time for that is over", async () => {
    setting.models.script(calls("bash", { command: "rm 旧.txt" }), says("好，不删。"));
    const environment = { ZCBOT_APPROVALS: "bash", ZCBOT_LIMIT_APPROVAL_MS: "1000" };
    const { code, out, err } = await setting.run(["run", "清理"], { environment });
    expect(out).toBe("好，不删。\n");
    expect(err).toMatch(/\? May it use bash\?\n {2}command: rm 旧.txt/);
    expect(err).toContain("Nobody answered in time: deny");
    expect(code).toBe(0);
  });

  test("sends files of the task's directory with the message, and what it took can be looked at", async () => {
    setting.models.script(says("写得好。"));
    const attached = ["run", "写得如何？", "--dir", "季度报告", "--attach", "./总结.md"];
    expect(await setting.run(attached)).toMatchObject({ code: 0, out: "写得好。\n" });
    expect(JSON.stringify(setting.models.requests.at(-1)?.body)).toContain("总结.md");
    const { out } = await setting.run(["usage", "--by", "task"]);
    expect(out).toMatch(/^task +calls +tokens in +cached +out +cost\n/);
    expect(out).toMatch(/^写得如何？ +1 +\d+ +0 +\d+ +unknown$/m);
    expect(out).toMatch(/^total /m);
  });

  test("tells by its exit code that the model failed", async () => {
    setting.models.script(fails(401, "no such key"));
    const { code, out, err } = await setting.run(["run", "你好"]);
    expect(code).toBe(1);
    expect(out).toBe("");
    expect(err).not.toBe("");
  });

  test("refuses what cannot be meant, with the exit code of its kind", async () => {
    const unknown = "00000000-0000-4000-8000-000000000001";
    const nobody = { ZCBOT_URL: "http://127.0.0.1:9", ZCBOT_TOKEN: "t" };
    const [bogus, empty, outside, missing, away, secretless, unattached] = await Promise.all([
      setting.run(["run", "你好", "--bogus"]),
      setting.run(["run", "-"], { input: " \n" }),
      setting.run(["run", "你好", "--dir", "../外面"]),
      setting.run(["run", "你好", "--task", unknown, "--json"]),
      setting.run(["run", "你好"], { environment: nobody }),
      setting.run(["run", "你好"], { environment: { ZCBOT_URL: nobody.ZCBOT_URL } }),
      setting.run(["run", "你好", "--attach", "没有.md"]),
    ]);
    expect([bogus, empty, outside, missing, away, secretless, unattached].map(({ code }) => code)).toEqual([
      2, 2, 2, 4, 6, 3, 4,
    ]);
    expect(lines(missing?.out ?? "")).toMatchObject([
      { type: "failure", code: "task_not_found", exit_code: 4 },
    ]);
    expect(bogus?.out).toBe("");
  });

  test("cancels its run on Ctrl-C and ends with 130", async () => {
    const command = setting.start(["run", "hang", "--json"]);
    await command.says('"text":"…"');
    command.child.kill("SIGINT");
    expect(await command.ended).toBe(130);
    expect(lines(command.stdout()).slice(-2)).toMatchObject([
      { type: "cancelled" },
      { type: "done", status: "cancelled" },
    ]);
    expect(await (await setting.models.request(0)).closedEarly).not.toBeNull();
  });
});

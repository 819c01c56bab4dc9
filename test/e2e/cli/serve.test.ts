import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CommandProcess, type CommandSetting, createCommandSetting } from "../../support/command.ts";

let setting: CommandSetting;
let server: CommandProcess;
let url: URL;

beforeAll(async () => {
  setting = await createCommandSetting();
  server = setting.start(["serve"]);
  await server.says("\n");
  url = new URL(server.stdout().replace("zcbot is ready:", "").trim());
});
afterAll(() => setting.close());

function signIn(code: string | null): Promise<Response> {
  return fetch(new URL("/v1/auth/code", url), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ code }),
  });
}

describe("zcbot serve", () => {
  test("prints one line on stdout: a link that signs in, once", async () => {
    expect(server.stdout()).toMatch(/^zcbot is ready: http:\/\/127\.0\.0\.1:\d+\/#code=\S+\n$/);
    const code = new URLSearchParams(url.hash.slice(1)).get("code");
    const first = await signIn(code);
    expect(first.status).toBe(200);
    expect(first.headers.get("Set-Cookie")).toContain("HttpOnly");
    expect((await signIn(code)).status).toBe(401);
  });

  test("is used by zcbot run, whose person is the one who signs in by the link", async () => {
    const asked = await setting.run(["run", "你好", "--json"]);
    expect(asked.code).toBe(0);
    expect(asked.out).toContain('"text":"好的。"');
    expect(server.stderr()).not.toContain("error");
    const ended = await setting.run(["run", "你好"], { environment: { ZCBOT_LOG_LEVEL: "debug" } });
    // No server was started: nothing was logged.
    expect(ended.err).not.toContain('"level"');
  });

  test("tells a run on a busy task with exit code 5", async () => {
    const busy = setting.start(["run", "hang", "--json"]);
    await busy.says('"text":"…"');
    const { task_id: taskId } = JSON.parse(busy.stdout().split("\n", 1)[0] ?? "");
    expect((await setting.run(["run", "你好", "--task", taskId])).code).toBe(5);
    busy.child.kill("SIGTERM");
    expect(await busy.ended).toBe(130);
  });

  test("can be left at once by a second Ctrl-C, even where it does not answer", async () => {
    const command = setting.start(["run", "hang", "--json"]);
    await command.says('"text":"…"');
    server.child.kill("SIGSTOP");
    try {
      const cancelling = new Promise<void>((resolve) => {
        command.child.stderr?.on("data", () => command.stderr().includes("again") && resolve());
      });
      command.child.kill("SIGINT");
      await cancelling;
      command.child.kill("SIGINT");
      expect(await command.ended).toBe(130);
      expect(command.stderr()).not.toContain("may still be at work");
    } finally {
      server.child.kill("SIGCONT");
    }
  });

  test("prints all problems of its configuration and ends with 2", async () => {
    const { code, out, err } = await setting.run(["serve", "--port", "很多", "--role", "boss"]);
    expect(code).toBe(2);
    expect(out).toBe("");
    expect(err).toContain("--port");
    expect(err).toContain("--role");
    expect((await setting.run(["serve"], { environment: { ZCBOT_MODEL: "" } })).code).toBe(2);
    const misspelt = await setting.run(["serve"], { environment: { ZCBOT_APPROVALS: "Bash" } });
    expect([misspelt.code, misspelt.err]).toEqual([2, expect.stringContaining('no tool "Bash"')]);
    expect((await setting.run(["serve", "--prot", "1"])).code).toBe(2);
    expect((await setting.run(["sevre"])).err).toContain("serve");
    expect((await setting.run([])).code).toBe(2);
    expect(await setting.run(["--version"])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });

  test("says that the demo answers where no model is set", async () => {
    const environment = { OPENAI_API_KEY: "", OPENAI_BASE_URL: "", ZCBOT_MODEL: "" };
    const demo = setting.start(["serve"], { environment });
    await demo.says("zcbot is ready");
    demo.child.kill("SIGTERM");
    expect(await demo.ended).toBe(0);
    expect(demo.stderr()).toContain("ZCBOT_MODEL");
    expect(demo.stdout().trimEnd().split("\n")).toHaveLength(1);
  });

  test("ends with 0 on SIGTERM although a run hangs, and goes on with it when it starts again", async () => {
    const command = setting.start(["run", "hang", "--json"]);
    await command.says('"text":"…"');
    server.child.kill("SIGTERM");
    expect(await server.ended).toBe(0);
    const [, port = ""] = /:(\d+)/.exec(server.stdout()) ?? [];
    server = setting.start(["serve", "--port", port]);
    await command.says('"reason":"server_stopped"');
    command.child.kill("SIGINT");
    expect(await command.ended).toBe(130);
  });
});

describe("zcbot migrate", () => {
  test("works on DATABASE_URL alone", async () => {
    expect(await setting.run(["migrate"])).toMatchObject({ code: 0, err: "The database is up to date.\n" });
    expect((await setting.run(["migrate"], { environment: { DATABASE_URL: "" } })).code).toBe(2);
  });
});

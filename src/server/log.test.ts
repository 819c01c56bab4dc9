import { expect, test } from "vitest";
import { createLogger } from "./log.ts";

function collect(isTTY: boolean) {
  const lines: string[] = [];
  return { lines, output: { isTTY, write: (line: string) => lines.push(line) } };
}

test("a line is JSON, and no field that carries a secret shows it", () => {
  const { lines, output } = collect(false);
  createLogger("info", output).info(
    {
      headers: { authorization: "Bearer 秘密", Cookie: "s=1" },
      request: { headers: { cookie: "session=秘密", host: "例子" } },
      platform_key: "秘密",
      profile: { apiKey: "秘密" },
    },
    "收到",
  );
  expect(lines.join("")).not.toContain("秘密");
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    level: "info",
    msg: "收到",
    request: { headers: { host: "例子" } },
  });
});

test("what is below the level is not written", () => {
  const { lines, output } = collect(false);
  const logger = createLogger("warn", output);
  logger.info("不写");
  logger.warn("写");
  expect(lines).toHaveLength(1);
});

test("at a terminal an entry is one short line, an error's stack below it", () => {
  const { lines, output } = collect(true);
  const logger = createLogger("info", output);
  logger.info({ port: 8787 }, "listening");
  logger.error({ error: new Error("磁盘满了") }, "cannot write");
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d info {2}listening \{"port":8787\}\n$/);
  expect(lines[1]).toMatch(/^\d\d:\d\d:\d\d error cannot write\n {2}Error: 磁盘满了\n {6}at /);
});

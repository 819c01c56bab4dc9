import { afterAll, beforeAll, expect, test } from "vitest";
import { encodeForm, formType } from "../support/api/multipart.ts";
import { createTask } from "../support/api/request.ts";
import { finishRun } from "../support/api/runs.ts";
import { effort } from "./effort.ts";
import { findLevels } from "./levels.ts";
import { findSecrets, formsOf, makeCanary } from "./secrets/canaries.ts";
import { createDay, type Day } from "./secrets/day.ts";

let day: Day;
beforeAll(async () => {
  const [level = "external"] = await findLevels();
  day = await createDay(level);
});
afterAll(() => day?.close());

test("a secret is known again in every form", () => {
  const canary = makeCanary("x");
  for (const form of formsOf(canary)) expect(findSecrets(`before ${form} after`, [canary])).toEqual(["x"]);
  for (const text of [
    canary.value,
    encodeURIComponent(canary.value),
    JSON.stringify({ key: `"${canary.value}"` }),
    Buffer.from(`Basic user:${canary.value}`).toString("base64"),
    Buffer.from(`1${canary.value}`).toString("base64url"),
    Buffer.from(canary.value).toString("hex"),
  ]) {
    expect(findSecrets(text, [canary])).toEqual(["x"]);
  }
  expect(findSecrets("nothing of it", [canary])).toEqual([]);
});

test("no secret of the server is anywhere after a whole day", { timeout: 120_000 }, async () => {
  await day.live();
  const traces = await day.gather();
  expect(day.findIn(traces)).toEqual([]);
  const places = [...traces.keys()].join("\n");
  // All that was to be looked at is there.
  for (const place of [
    "the log",
    "what the server says",
    ...(effort.isLong ? ["the doctor"] : []),
    "event streams",
    "headers of answers",
    "answers of /v1/auth/login",
    "/export",
    "the table public.events",
    "the table public.messages",
    "the table public.users",
    "the command line of",
    "the environment of bash",
    "甲.txt",
  ]) {
    expect(places).toContain(place);
  }
  expect(traces.get("the log")).toContain('"level":"warn"');
});

test("secrets that somebody puts there are found (so that the search can fail)", async () => {
  const { person } = day;
  const [planted] = day.canaries;
  const value = planted?.value ?? "";
  const task = await createTask(person, { name: "泄露", working_dir: "泄露" });
  await finishRun(person, task.task_id, `钥匙：${value}`);
  await person.fetch(`/v1/tasks/${task.task_id}/export`);
  await person.fetch("/v1/files/upload", {
    method: "POST",
    headers: { "Content-Type": formType },
    body: encodeForm([{ filename: "钥匙.txt", content: Buffer.from(value).toString("base64") }]),
  });
  const found = day.findIn(await day.gather());
  for (const place of [
    "the table public.messages",
    `answers of /v1/tasks/${task.task_id}/export`,
    "钥匙.txt",
  ]) {
    expect(found.some((each) => each.startsWith("platform in") && each.endsWith(place))).toBe(true);
  }
});

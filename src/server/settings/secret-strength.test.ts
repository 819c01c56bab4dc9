import { createHash, randomBytes, randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { StartError } from "../start-error.ts";
import { loadConfig } from "./config.ts";
import { findWeakness } from "./secret-strength.ts";

/** What stands in instructions, images and answers, or is typed by somebody in a hurry. */
const weak = [
  "changeme",
  "changeme-changeme",
  "ChangeMe!ChangeMe!ChangeMe!ChangeMe!",
  "change-me-in-production-please-now",
  "change_this_secret_before_deploying",
  "please-change-this-secret-in-production",
  "replace-me-with-a-random-string",
  "secret",
  "secretsecretsecretsecretsecretsecret",
  "supersecretsupersecretsupersecret123",
  "super-secret-jwt-token-with-at-least-32-characters",
  "your-256-bit-secret",
  "your-256-bit-secret-your-256-bit-secret",
  "your-secret-key-here-your-secret-key-here",
  "my-secret-key-my-secret-key-1234",
  "a-string-secret-at-least-256-bits-long",
  "this-is-a-secret-key-that-must-be-at-least-32-bytes",
  "platform-key-123456",
  "zcbot-platform-key",
  "zcbot-jwt-secret-zcbot-jwt-secret",
  "test-secret-test-secret-test-secret-1",
  "insecure-development-secret-for-local-testing",
  "default-jwt-secret-please-change-it",
  "0123456789abcdef0123456789abcdef",
  "abcdefghijklmnopqrstuvwxyz012345",
  "12345678901234567890123456789012",
  "qwertyuiopasdfghjklzxcvbnm123456",
  "a".repeat(64),
  "ab".repeat(32),
  "abc1".repeat(16),
  "f00d".repeat(10),
  "kZ8#qW2!".repeat(5),
  "kZ8qW2rT9mX4vB7c".repeat(2),
  "密".repeat(40),
  "11111111111111112222222222222222",
  "password1234password1234password1234",
  "correct-password-example-admin-root-1234",
];

describe(`${weak.length} secrets that others know or guess`, () => {
  test.each(weak)("%s is weak", (secret) => {
    expect(findWeakness(secret)).toMatch(/^(has|is) [a-z ]+$/);
  });
});

test("none of 2,000 random secrets is called weak, however it was made", () => {
  // Seeded, so that a failure can be looked into.
  const bytes = (index: number) => createHash("sha256").update(`种子 ${index}`).digest();
  const found: string[] = [];
  for (let index = 0; index < 500; index += 1) {
    const random = bytes(index);
    const made = [
      random.toString("hex"),
      random.toString("base64"),
      random.subarray(0, 16).toString("hex"),
      random.subarray(0, 12).toString("base64url"),
    ];
    found.push(...made.filter((secret) => findWeakness(secret) !== undefined));
  }
  expect(found).toEqual([]);
  expect(findWeakness(randomUUID())).toBeUndefined();
  expect(findWeakness("木火土金水-乾坤震巽坎离艮兑")).toBeUndefined();
});

const good = () => randomBytes(32).toString("hex");

function problemsOf(environment: Record<string, string>): string[] {
  try {
    loadConfig({ environment, cwd: "/" });
    return [];
  } catch (error) {
    if (error instanceof StartError && error.exitCode === 2) return error.problems;
    throw error;
  }
}

test("a server does not start on weak secrets: all are told at once, by name, with how to make a good one, and none is repeated", () => {
  const environment = {
    ZCBOT_PLATFORM_KEY: "changeme-changeme",
    ZCBOT_JWT_SECRET: "your-256-bit-secret-your-256-bit-secret",
    ZCBOT_JWT_PREVIOUS_SECRETS: `${good()},${"kZ8#qW2!".repeat(5)}`,
    ZCBOT_PORT: "-1",
  };
  const problems = problemsOf(environment);
  expect(problems).toEqual([
    "ZCBOT_PORT must be a whole number from 0 to 65535.",
    expect.stringMatching(/^ZCBOT_PLATFORM_KEY .*openssl rand -hex 32 makes a good one\.$/),
    expect.stringMatching(/^ZCBOT_JWT_SECRET .*openssl rand -hex 32 makes a good one\.$/),
    expect.stringMatching(/^ZCBOT_JWT_PREVIOUS_SECRETS .*openssl rand -hex 32 makes a good one\.$/),
  ]);
  for (const secret of Object.values(environment).flatMap((value) => value.split(",")))
    if (secret.length > 2) expect(problems.join("\n")).not.toContain(secret);
});

test("the platform key signs no tokens, neither now nor before", () => {
  const key = good();
  const same = { ZCBOT_PLATFORM_KEY: key, ZCBOT_JWT_SECRET: key };
  expect(problemsOf(same)).toEqual([
    expect.stringMatching(/^ZCBOT_JWT_SECRET is the same as ZCBOT_PLATFORM_KEY/),
  ]);
  const before = { ZCBOT_PLATFORM_KEY: key, ZCBOT_JWT_SECRET: good(), ZCBOT_JWT_PREVIOUS_SECRETS: key };
  expect(problemsOf(before)).toEqual([
    expect.stringMatching(/^ZCBOT_JWT_PREVIOUS_SECRETS is the same as ZCBOT_PLATFORM_KEY/),
  ]);
  expect(problemsOf({ ...before, ZCBOT_JWT_PREVIOUS_SECRETS: good() })).toEqual([]);
});

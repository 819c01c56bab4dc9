import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { expect } from "vitest";
import { stranger } from "../../../support/api/request.ts";
import type { TestUser } from "../../../support/server.ts";
import type { WebTest } from "../../../support/web.ts";
import { type Watch, watchContext } from "./watch.ts";

/** The one local user, by the cookie of the page. */
export async function signedIn(web: WebTest): Promise<TestUser> {
  const cookies = await web.page.context().cookies();
  const headers = {
    Cookie: cookies.map(({ name, value }) => `${name}=${value}`).join("; "),
    Origin: web.server.url,
  };
  const { fetch } = stranger(web.server.url, headers);
  const me = (await (await fetch("/v1/me")).json()) as { user_id: string };
  return { userId: me.user_id, token: "", fetch };
}

/** A page as high as a wall, so that much is shown at once. */
export async function openWatched(
  web: WebTest,
  options: { bypassCSP?: boolean } = {},
): Promise<{ context: BrowserContext; page: Page; watch: Watch }> {
  const browser = web.page.context().browser();
  if (!browser) throw new Error("there is no browser");
  const context = await browser.newContext({
    locale: "zh-CN",
    viewport: { width: 1280, height: 3000 },
    // What moves would be painted anew all the time, on all of that height.
    reducedMotion: "reduce",
    ...options,
  });
  await context.addCookies(await web.page.context().cookies());
  context.setDefaultTimeout(60_000);
  const watch = await watchContext(context, web.server.url);
  return { context, page: await context.newPage(), watch };
}

/** The same for the length of a test, at whose end nothing may have been found. */
export async function watched(
  web: WebTest,
  options: { bypassCSP?: boolean },
  work: (opened: { context: BrowserContext; page: Page }) => Promise<void>,
): Promise<void> {
  const { context, page, watch } = await openWatched(web, options);
  const failure = await work({ context, page }).then(
    () => undefined,
    (error: unknown) => error ?? "failed",
  );
  await context.close();
  // What a text has done says best why the page did not do what it should.
  expect(watch.findings).toEqual([]);
  if (failure !== undefined) throw failure;
}

/** Writes files where a command of the user would, whatever their names. */
export async function writeFiles(
  web: WebTest,
  user: TestUser,
  folder: string,
  files: readonly { name: string; content: string | Buffer }[],
): Promise<void> {
  const place = join(web.server.dataDir, "workspace", "users", user.userId, folder);
  await mkdir(place, { recursive: true });
  await Promise.all(files.map(({ name, content }) => writeFile(join(place, name), content)));
}

/** Calls a function that the scripts in `page/` have left in the page. */
export async function inPage<Result>(page: Page, name: string, argument?: unknown): Promise<Result> {
  return await page.evaluate(([of, given]) => Reflect.get(globalThis, String(of))(given), [name, argument]);
}

/** In groups of this size. */
export function chunks<Each>(all: readonly Each[], size: number): Each[][] {
  const count = Math.ceil(all.length / size);
  return Array.from({ length: count }, (_, index) => all.slice(index * size, (index + 1) * size));
}

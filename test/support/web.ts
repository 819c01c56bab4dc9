import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { launchBrowser } from "./browser.ts";
import { startTestServer, type TestServer } from "./server.ts";

/** The built web app at a server, and a browser with a page of it, signed in and in Chinese. */
export interface WebTest {
  server: TestServer;
  page: Page;
  /** What pages asked of other hosts. */
  foreignRequests: string[];
  openPage(context?: BrowserContext): Promise<Page>;
  /** Where the next message of an open task is written. */
  reply(): Locator;
  /** Opens the form for a new task, writes `message`, sends it by Enter and waits for the task to be open. */
  handOver(message: string): Promise<void>;
}

/** Sets it up for the tests of a file; its parts may be used inside tests only. No page may throw. */
export function setUpWeb(settings: Record<string, unknown> = {}): WebTest {
  const parts: { server?: TestServer; browser?: Browser; page?: Page } = {};
  const complaints: string[] = [];
  const started = <Part>(part: Part | undefined): Part => {
    if (part === undefined) throw new Error("the web app is not started yet");
    return part;
  };
  const web: WebTest = {
    get server() {
      return started(parts.server);
    },
    get page() {
      return started(parts.page);
    },
    foreignRequests: [],
    async openPage(context) {
      const browser = started(parts.browser);
      const page = await (context ?? (await browser.newContext({ locale: "zh-CN" }))).newPage();
      page.on("pageerror", (error) => complaints.push(error.message));
      page.on("request", (request) => {
        const address = request.url();
        if (!address.startsWith(web.server.url) && !address.startsWith("data:"))
          web.foreignRequests.push(address);
      });
      return page;
    },
    reply: () => web.page.getByRole("textbox", { name: "回复，或说明下一步做什么" }),
    async handOver(message) {
      await web.page.goto(`${web.server.url}/new`);
      await web.page.getByRole("textbox", { name: "要做什么？" }).fill(message);
      await web.page.keyboard.press("Enter");
      await web.reply().waitFor();
    },
  };
  beforeAll(async () => {
    // What is still that of its sources is left as it is.
    await promisify(execFile)(process.execPath, [join(import.meta.dirname, "../../scripts/build.ts")]);
    // Without a platform key it is in local mode, where `serve` prints the link.
    parts.server = await startTestServer({ platformKey: undefined, jwtSecret: undefined, ...settings });
    parts.browser = await launchBrowser();
    parts.page = await web.openPage();
    await parts.page.goto(parts.server.server.signInLink ?? "");
    await parts.page.getByRole("heading", { name: "有什么工作要交给我？" }).waitFor();
  });
  afterAll(async () => {
    await parts.browser?.close();
    await parts.server?.close();
  });
  afterEach(() => {
    expect(complaints.splice(0)).toEqual([]);
  });
  return web;
}

/** A promise and what fulfils it. */
export function gate(): { opened: Promise<void>; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: () => resolve() };
}

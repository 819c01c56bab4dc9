import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Tool } from "../../../src/agent/tools/tool.ts";
import { createFetchTool } from "../../../src/agent/tools/web/fetch.ts";
import { openDirectory } from "../../../src/workspace/open-directory.ts";
import { findLauncher, plainSandbox } from "../../../src/workspace/sandbox/plain.ts";
import { buildTown, listen, type Town } from "../../support/network/town.ts";
import { toolContext } from "../../support/tool-context.ts";
import { redirectStatuses, redirectTargets } from "./redirects.ts";
import { closedHosts } from "./spellings.ts";
import { closedNames, findName } from "./world.ts";

// The same attacks as on the proxy, on the tool that opens addresses for the model: whatever it is told to open, it
// reaches no place that is not public. A person who allows everything is no excuse, nor is a list of `*`.

const sandbox = plainSandbox(await findLauncher(), "off", []);
let town: Town;
let fetchTool: Tool;
let folder: string;
const site: string[] = [];

const web = createServer(({ headers, url = "" }, response) => {
  site.push(`${headers.host} ${url}`);
  response.setHeader("Content-Type", "text/plain");
  const [, status, location] = /^\/to\/(\d+)\/(.*)$/.exec(url) ?? [];
  if (location !== undefined) response.writeHead(Number(status), { Location: decodeURIComponent(location) });
  response.end("welcome");
});

beforeAll(async () => {
  await listen(web);
  town = await buildTown({ find: findName, at: () => web });
  const { resolve, connect } = town;
  fetchTool = createFetchTool({ allow: [{ kind: "any", host: "", port: undefined }], resolve, connect });
  folder = await mkdtemp(join(tmpdir(), "zcbot-fetch-"));
});

afterAll(async () => {
  town.close();
  web.close();
  await rm(folder, { recursive: true });
});

beforeEach(() => {
  site.length = 0;
  town.inside.length = 0;
});

async function open(url: string): Promise<string> {
  if (!fetchTool.parameters.safeParse({ url }).success) return "refused";
  const directory = await openDirectory(folder);
  return (await fetchTool.execute({ url }, toolContext(directory, sandbox))).content;
}

/** An address folds letters, as in browsers: these are public names then, and a person is asked about those. */
const folded = ["locaſhost.localdomain", "\u212a.example"];
const spelled = closedHosts.filter((host) => !folded.includes(host));

/** Opens each, and tells of those by which anything inside was reached. */
async function findReached(urls: readonly string[]): Promise<string[]> {
  const reached: string[] = [];
  for (const url of urls) {
    const content = await open(url);
    if (town.inside.splice(0).length > 0 || /secret/.test(content)) reached.push(`${url}: ${content}`);
  }
  return reached;
}

test("a public page is opened", async () => {
  await open("http://open.example/");
  expect(site).toEqual(["open.example /"]);
});

test(`${spelled.length * 4} spellings of what is not public lead nowhere`, async () => {
  const forms = ["http://H/", "https://H/", "http://H:80/latest/meta-data/", "http:\\\\H\\x"];
  const urls = spelled.flatMap((host) => forms.map((form) => form.replace("H", host)));
  expect(await findReached(urls)).toEqual([]);
  expect(site.filter((each) => !each.includes("open.example"))).toEqual([]);
});

test(`${closedNames.length} names with a closed address, alone or beside a public one, lead nowhere`, async () => {
  expect(await findReached(closedNames.map((name) => `http://${name}/`))).toEqual([]);
  expect(site).toEqual([]);
});

test("redirects inwards lead nowhere, and a name that changes its address is opened where it was judged", async () => {
  const urls = redirectStatuses.flatMap((status) =>
    redirectTargets.map((target) => `http://open.example/to/${status}/${encodeURIComponent(target)}`),
  );
  expect(await findReached(urls)).toEqual([]);
  site.length = 0;
  expect(await findReached(["http://rebind.example/", "http://rebind.example/"])).toEqual([]);
  expect(site).toEqual(["rebind.example /"]);
  expect(await readdir(folder)).toEqual([]);
});

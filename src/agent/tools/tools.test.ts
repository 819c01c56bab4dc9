import { expect, test } from "vitest";
import { createWebAccess } from "../../workspace/web/web-access.ts";
import { createTools } from "./tools.ts";
import { resolveSearch } from "./web/search/search-service.ts";

const search = resolveSearch("searxng", "http://127.0.0.1:1", {});
if ("problem" in search) throw new Error(search.problem);
const settings = { bash: true, maxCommandMs: 1_800_000, web: createWebAccess([]), search };
const tools = createTools(settings);
const namesOf = (more: Partial<typeof settings>) =>
  createTools({ ...settings, ...more }).map((tool) => tool.definition.name);

test("the tools are offered in a fixed order, and those that are switched off are not", () => {
  const always = "read list glob grep write edit todo skill remember recall ask delegate".split(" ");
  expect(namesOf({})).toEqual([...always, "bash", "process", "fetch", "search_web"]);
  expect(createTools({ bash: false, maxCommandMs: 1_000 }).map((tool) => tool.definition.name)).toEqual(
    always,
  );
});

test("every tool describes its parameters as a JSON Schema object", () => {
  for (const { definition } of tools) {
    expect(definition.parameters).toMatchObject({ type: "object", properties: expect.anything() });
    expect(JSON.stringify(definition.parameters)).not.toMatch(/\$schema|9007199254740991/);
  }
  expect(tools[0]?.definition.parameters).toMatchObject({ required: ["path"] });
});

test("a command leaves the sandbox where there is none", () => {
  const leaves = (isolated: boolean) =>
    createTools({ ...settings, isolated })
      .find(({ definition }) => definition.name === "bash")
      ?.leaves?.({ command: "ls" });
  expect(leaves(true)).toBeUndefined();
  expect(leaves(false)).toMatch(/not isolated/);
});

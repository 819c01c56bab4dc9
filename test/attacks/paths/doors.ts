import type { EndpointName } from "../../../src/protocol/api.ts";
import { encodeForm, formType } from "../../support/api/multipart.ts";
import { openConnection } from "../../support/api/raw-connection.ts";
import type { TestServer, TestUser } from "../../support/server.ts";
import { zipSkill } from "../../support/write-zip.ts";

/** All that an answer says. */
export interface Said {
  status: number;
  text: string;
}

/** A parameter of the API that names a place on the disk. */
export interface Door {
  name: string;
  /** Which parameter of which row of the contract; undefined for what is outside `/v1`. */
  covers?: `${EndpointName}.${string}`;
  /** It may change the disk. */
  changes: boolean;
  knock(path: string): Promise<Said>;
}

/** Every parameter of a request that names a place on the disk, as this user asks. */
export function openDoors(server: TestServer, user: TestUser, taskId: string): Door[] {
  const say = async (response: Response): Promise<Said> => ({
    status: response.status,
    text: `${JSON.stringify([...response.headers])}\n${await response.text()}`,
  });
  const get = (url: string) => user.fetch(url).then(say);
  const send = (method: string, url: string, json: unknown) => user.fetch(url, { method, json }).then(say);
  const form = (parts: Parameters<typeof encodeForm>[0]) =>
    user
      .fetch("/v1/files/upload", {
        method: "POST",
        headers: { "Content-Type": formType },
        body: encodeForm(parts),
      })
      .then(say);
  const sendArchive = (name: string, body: Buffer) =>
    user.fetch(`/v1/skills/${name}`, { method: "PUT", body }).then(say);
  const query = (name: string, covers: `${EndpointName}.${string}`, url: string): Door[] => [
    { name, covers, changes: false, knock: (path) => get(`${url}?path=${encode(path)}`) },
    // Escapes in the path are the server's to decode: what was encoded once comes as it is meant.
    {
      name: `${name}, escapes as they stand`,
      covers,
      changes: false,
      knock: (path) => get(`${url}?path=${leaveEscapes(path)}`),
    },
  ];
  return [
    ...query("list", "listFiles.path", "/v1/files"),
    ...query("download", "downloadFile.path", "/v1/files/download"),
    ...query("show", "rawFile.path", "/v1/files/raw"),
    {
      name: "upload to a path",
      covers: "uploadFiles.path",
      changes: true,
      knock: (path) =>
        form([
          { name: "path", content: path },
          { filename: "canary.txt", content: "x" },
        ]),
    },
    {
      name: "upload under a name",
      covers: "uploadFiles.files",
      changes: true,
      knock: (path) => form([{ filename: quote(path), content: "x" }]),
    },
    {
      name: "upload under an extended name",
      covers: "uploadFiles.files",
      changes: true,
      knock: (path) =>
        form([
          {
            disposition: `form-data; name="files"; filename="x.txt"; filename*=UTF-8''${encode(path)}`,
            content: "x",
          },
        ]),
    },
    {
      name: "delete",
      covers: "deleteFile.path",
      changes: true,
      knock: (path) => send("POST", "/v1/files/delete", { path }),
    },
    {
      name: "an attachment",
      covers: "postMessage.attachments",
      changes: false,
      knock: (path) => send("POST", `/v1/tasks/${taskId}/messages`, { content: "看", attachments: [path] }),
    },
    {
      name: "a task's directory",
      covers: "createTask.working_dir",
      changes: true,
      knock: (path) => send("POST", "/v1/tasks", { name: "任务", working_dir: path }),
    },
    {
      name: "a task's name",
      covers: "createTask.name",
      changes: true,
      knock: (path) => send("POST", "/v1/tasks", { name: path }),
    },
    {
      name: "a task's new name",
      covers: "updateTask.name",
      changes: true,
      knock: (path) => send("PATCH", `/v1/tasks/${taskId}`, { name: path }),
    },
    {
      name: "a fork's name",
      covers: "forkTask.name",
      changes: true,
      knock: (path) => send("POST", `/v1/tasks/${taskId}/fork`, { from_idx: 0, name: path }),
    },
    {
      name: "tasks of a directory",
      covers: "listTasks.working_dir",
      changes: false,
      knock: (path) => get(`/v1/tasks?working_dir=${encode(path)}`),
    },
    {
      name: "a task's skill",
      covers: "createTask.skill",
      changes: true,
      knock: (path) => send("POST", "/v1/tasks", { name: "技能", working_dir: "任务", skill: path }),
    },
    {
      name: "a skill's name",
      covers: "getSkill.name",
      changes: false,
      knock: (path) => get(`/v1/skills/${encode(path)}`),
    },
    {
      name: "a skill that is uploaded",
      covers: "putSkill.name",
      changes: true,
      knock: (path) => sendArchive(encode(path), zipSkill("做法")),
    },
    {
      name: "a file in a skill's archive",
      changes: true,
      knock: (path) => sendArchive("skill", zipSkill("做法", [{ name: path.toWellFormed(), content: "x" }])),
    },
    {
      name: "a skill that is deleted",
      covers: "deleteSkill.name",
      changes: true,
      knock: (path) => send("DELETE", `/v1/skills/${encode(path)}`, undefined),
    },
    {
      name: "a file of memory",
      covers: "getMemory.path",
      changes: false,
      knock: (path) => get(`/v1/memory/${encode(path)}`),
    },
    {
      name: "a version of memory",
      covers: "getMemory.version",
      changes: false,
      knock: (path) => get(`/v1/memory/MEMORY.md?version=${encode(path)}`),
    },
    {
      name: "memory that is written",
      covers: "putMemory.path",
      changes: true,
      knock: (path) => send("PUT", `/v1/memory/${encode(path)}`, { content: "x" }),
    },
    {
      name: "memory that is deleted",
      covers: "deleteMemory.path",
      changes: true,
      knock: (path) => send("DELETE", `/v1/memory/${encode(path)}?versions=true`, undefined),
    },
    { name: "the pages", changes: false, knock: (path) => knockRaw(server.url, `/${path}`) },
    { name: "the reference", changes: false, knock: (path) => knockRaw(server.url, `/docs/${path}`) },
  ];
}

/** As browsers escape a path in a query; lone surrogates, which they cannot, become U+FFFD. */
function encode(path: string): string {
  return encodeURIComponent(path.toWellFormed());
}

function leaveEscapes(path: string): string {
  return path.toWellFormed().replaceAll(/[^!$'()*,./0-9:;=?@A-Z\\_a-z~%-]/gu, encodeURIComponent);
}

/** A name within quotes; a line's end would end the header. */
function quote(path: string): string {
  return path.toWellFormed().replaceAll(/["\r\n]/g, encodeURIComponent);
}

/** Byte by byte, as fetch would tidy up the path before it is sent. */
async function knockRaw(url: string, path: string): Promise<Said> {
  const connection = await openConnection(url);
  try {
    const target = Buffer.from(leaveEscapes(path).replaceAll("?", "%3F").slice(0, 12_000));
    connection.send(
      Buffer.concat([
        Buffer.from("GET "),
        target,
        Buffer.from(` HTTP/1.1\r\nHost: ${new URL(url).host}\r\nConnection: close\r\n\r\n`),
      ]),
    );
    const text = await connection.rest();
    return { status: Number(text.split(" ", 2)[1]), text };
  } finally {
    connection.close();
  }
}

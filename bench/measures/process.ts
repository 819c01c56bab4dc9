import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { memoryMegabytes } from "../processes.ts";
import type { Row } from "../report.ts";
import type { Bench } from "../setup.ts";
import { median, now } from "../statistics.ts";
import { call, text } from "../wire.ts";

const starts = 7;
const settleMs = 10_000;
const uploadBytes = 2 ** 30;

/** Warm starts, spawn to healthy, the database included. */
export async function measureStart(bench: Bench): Promise<Row[]> {
  const times: number[] = [];
  for (let round = 0; round < starts; round++) {
    const began = await bench.restartServer();
    await text(await call(`${bench.url}/healthz`));
    times.push(now() - began);
  }
  return [
    { name: "warm start to healthy, p50", unit: "ms", figure: median(times), limit: 400, atMost: true },
  ];
}

/** Proportional memory of the server and its database, some seconds after a start. */
export async function measureIdleMemory(bench: Bench): Promise<Row[]> {
  await bench.restartServer();
  await text(await call(`${bench.url}/healthz`));
  await sleep(settleMs);
  const figure = memoryMegabytes(bench.serverPid);
  return [{ name: "idle memory (PSS), server and database", unit: "MB", figure, limit: 170, atMost: true }];
}

/** How far the memory of server and database grows while 1 GiB is uploaded. */
export async function measureUpload(bench: Bench): Promise<Row[]> {
  await bench.restartServer();
  await upload(bench, 2 ** 20);
  const before = memoryMegabytes(bench.serverPid);
  let highest = before;
  const watch = setInterval(() => {
    highest = Math.max(highest, memoryMegabytes(bench.serverPid));
  }, 50);
  const began = now();
  await upload(bench, uploadBytes);
  clearInterval(watch);
  const rate = uploadBytes / 2 ** 20 / ((now() - began) / 1000);
  return [
    {
      name: "upload of 1 GiB: growth of memory",
      unit: "MB",
      figure: highest - before,
      limit: 60,
      atMost: true,
    },
    { name: "upload of 1 GiB: MiB a second", unit: "/s", figure: rate },
  ];
}

async function upload(bench: Bench, bytes: number): Promise<void> {
  const boundary = "zcbot-bench";
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="files"; filename="大文件.bin"\r\n\r\n`;
  const tail = `\r\n--${boundary}--\r\n`;
  const length = Buffer.byteLength(head) + bytes + Buffer.byteLength(tail);
  const outgoing = request(`${bench.url}/v1/files/upload`, {
    method: "POST",
    headers: {
      ...bench.headers,
      "Content-Type": `multipart/form-data; boundary=${boundary}`,
      "Content-Length": length,
    },
  });
  const answered = new Promise<number>((resolve, reject) => {
    outgoing.on("response", (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    outgoing.on("error", reject);
  });
  outgoing.write(head);
  const chunk = randomBytes(2 ** 18);
  for (let sent = 0; sent < bytes; sent += chunk.length) {
    const piece = chunk.subarray(0, Math.min(chunk.length, bytes - sent));
    if (!outgoing.write(piece)) await new Promise((resolve) => outgoing.once("drain", resolve));
  }
  outgoing.end(tail);
  const status = await answered;
  if (status !== 200) throw new Error(`the upload was answered ${status}`);
}

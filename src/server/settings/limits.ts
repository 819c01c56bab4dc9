import { z } from "zod";
import { setting, whole } from "./setting.ts";

const maxMs = 24 * 3_600_000;

/** How much of everything there may be, and how long it may take. */
export const Limits = z.strictObject({
  jsonBytes: setting(whole(1024, 2 ** 30).default(2 ** 20), {
    environment: "ZCBOT_LIMIT_JSON_BYTES",
    description: "Largest JSON body of a request, bytes.",
  }),
  uploadBytes: setting(whole(1, 2 ** 50).default(2 ** 31), {
    environment: "ZCBOT_LIMIT_UPLOAD_BYTES",
    description: "Largest uploaded file, bytes.",
  }),
  uploadFiles: setting(whole(1, 100_000).default(200), {
    environment: "ZCBOT_LIMIT_UPLOAD_FILES",
    description: "Files in one upload at most.",
  }),
  runs: setting(whole(1, 100_000).default(200), {
    environment: "ZCBOT_LIMIT_RUNS",
    description: "Runs that one process works on at a time; more wait in the queue.",
  }),
  userRuns: setting(whole(1, 100_000).default(100), {
    environment: "ZCBOT_LIMIT_USER_RUNS",
    description: "Runs of one user at work at a time, on all servers together; more wait in the queue.",
  }),
  attempts: setting(whole(1, 1_000).default(5), {
    environment: "ZCBOT_LIMIT_ATTEMPTS",
    description:
      "How often a run may be begun, its server having been lost each time, before it ends as an error.",
  }),
  drainMs: setting(whole(0, maxMs).default(20_000), {
    environment: "ZCBOT_LIMIT_DRAIN_MS",
    description:
      "How long a server that is asked to end gives its runs to reach their next step, milliseconds; then it cuts them off. With the built-in database, whose runs only its next start can go on with, 3 seconds at most.",
  }),
  approvalMs: setting(whole(1_000, 2 ** 31 - 1).default(86_400_000), {
    environment: "ZCBOT_LIMIT_APPROVAL_MS",
    description:
      "How long a tool call waits for a person to allow it, milliseconds; then it counts as not allowed.",
  }),
  steps: setting(whole(1, 100_000).default(100), {
    environment: "ZCBOT_LIMIT_STEPS",
    description: "Steps of one run at most; then it ends and says so.",
  }),
  stallMs: setting(whole(100, maxMs).default(60_000), {
    environment: "ZCBOT_LIMIT_STALL_MS",
    description: "Silence of a model, in milliseconds, after which its answer counts as broken off.",
  }),
  userBytes: setting(whole(2 ** 20, 2 ** 50).default(20 * 2 ** 30), {
    environment: "ZCBOT_LIMIT_USER_BYTES",
    description:
      "Disk space of one user's files, bytes. A command that goes beyond it is ended; uploads and writes are refused.",
  }),
  freeBytes: setting(whole(0, 2 ** 50).default(2 ** 30), {
    environment: "ZCBOT_LIMIT_FREE_BYTES",
    description:
      "Disk space that is left free for the database and the system, bytes: with less, nothing more is written for anybody.",
  }),
  commandMemoryBytes: setting(whole(2 ** 26, 2 ** 50).default(2 * 2 ** 30), {
    environment: "ZCBOT_LIMIT_COMMAND_MEMORY_BYTES",
    description: "Memory of one command and all that it starts, bytes.",
  }),
  commandProcesses: setting(whole(8, 100_000).default(256), {
    environment: "ZCBOT_LIMIT_COMMAND_PROCESSES",
    description: "Processes and threads of one command at a time.",
  }),
  commandTemporaryBytes: setting(whole(2 ** 20, 2 ** 50).default(512 * 2 ** 20), {
    environment: "ZCBOT_LIMIT_COMMAND_TEMPORARY_BYTES",
    description: "Size of a command's own /tmp, bytes; it counts as memory, and ends with the command.",
  }),
  signIns: setting(whole(1, 1_000_000).default(30), {
    environment: "ZCBOT_LIMIT_SIGN_INS",
    description: "Failed sign-ins of one address in a minute; then it is answered 429 for a while.",
  }),
  userRequests: setting(whole(1, 1_000_000).default(120), {
    environment: "ZCBOT_LIMIT_USER_REQUESTS",
    description:
      "Expensive requests (uploads, exports, forks, searches) of one user in a minute; then they are answered 429 for a while.",
  }),
  headersMs: setting(whole(100, maxMs).default(10_000), {
    environment: "ZCBOT_LIMIT_HEADERS_MS",
    description: "Time in which the headers of a request must have arrived, milliseconds.",
  }),
  bodyMs: setting(whole(100, maxMs).default(30_000), {
    environment: "ZCBOT_LIMIT_BODY_MS",
    description:
      "Time in which a JSON body must have arrived, milliseconds; in each such span an upload must bring 1 KiB a second.",
  }),
  commandMs: setting(whole(100, maxMs).default(1_800_000), {
    environment: "ZCBOT_LIMIT_COMMAND_MS",
    description:
      "Longest time that a command of the agent may ask for, milliseconds; it gets two minutes if it asks for none.",
  }),
});
